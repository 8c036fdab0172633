"""Image sets, as CellProfiler has them: a row a field and plane with the columns of all of its channels."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from .rows import file_of, flag_of, metadata_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .rows import Row


def image_sets(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """A row a field and plane with the columns of all of its channels.

    Parameters
    ----------
    rows : sequence of Row
        Of the batch; `sets_of` says which belong together.
    """
    channels = dict.fromkeys(row.channel for row in rows)
    names = {channel: f"Ch{channel}" if channel.isdigit() else channel for channel in channels}
    sets: dict[Any, list[Row]] = {}
    for key, row in zip(sets_of(rows), rows, strict=True):
        sets.setdefault(key, []).append(row)
    found = []
    for members in sets.values():
        line: dict[str, Any] = metadata_of(members[0])
        line |= {f"Metadata_{name.upper()}": place + 1 for name, place in members[0].at.items()}
        line["Metadata_QCFlag"] = max(map(flag_of, members))
        of = {row.channel: row for row in members}
        for channel, name in names.items():
            if (one := of.get(channel)) is not None:
                line |= {
                    **{f"{column}_{name}": value for column, value in file_of(one).items()},
                    f"ImageQuality_BlurFWHM_{name}": one.figures.get("median_fwhm"),
                    f"ImageQuality_BlurFlag_{name}": flag_of(one),
                }
        found.append(line)
    return found


def sets_of(rows: Sequence[Row]) -> list[tuple[Any, ...]]:
    """What the rows of an image set have in common, for each row.

    That is plate, well, site and plane. Files whose names tell neither well nor site, and those that would be the same
    channel of one image set, are image sets by themselves.
    """
    keys = [_told_by_name(row) for row in rows]
    count = Counter((key, row.channel) for key, row in zip(keys, rows, strict=True))
    alike = {key for (key, _), number in count.items() if number > 1}
    return [(*key, str(row.file)) if key in alike else key for key, row in zip(keys, rows, strict=True)]


def alike_line(rows: Sequence[Row]) -> str:
    """What is said where names say the same of several files; nothing where each is told from all others."""
    files: dict[Any, dict[str, None]] = {}
    for row in rows:
        files.setdefault((_told_by_name(row), row.channel), {})[row.file.name] = None
    several = [list(names) for names in files.values() if len(names) > 1]
    if not several:
        return ""
    first, second = several[0][:2]
    return (
        f"The names of {sum(map(len, several))} files do not tell them apart, such as {first} and {second}: each is an "
        "image set of its own. To join channels give a pattern that finds well, site and channel in the names."
    )


def _told_by_name(row: Row) -> tuple[Any, ...]:
    where = [*metadata_of(row).values()] if row.told.get("well") or row.told.get("site") else [row.file]
    return (*map(str, where), *row.at.items())

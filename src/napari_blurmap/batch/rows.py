"""A row a picture, plane and channel: what its name tells, its figures, how it compares with the rest of its plate."""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from ..errors import BlurMapError
from ..io.places import place_in
from ..result.objects import figure_columns
from ..result.reference import Reference
from ..result.summary import why_untold
from .measured import Measured
from .names import parts_of

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from .journal import Done

    #: ``reference(measured, channel)``: what counts as sharp.
    ReferenceOf: TypeAlias = Callable[[Measured, str], Reference | float | None]

#: An outlier is so many standard deviations from the median, these by the median absolute deviation (Iglewicz and
#: Hoaglin, How to Detect and Handle Outliers, 1993); of fewer rows nothing is said.
_OUTLYING, _ENOUGH = 3.5, 5
_MAD = 1.4826


@dataclass
class Row:
    """A plane of a picture in the table of a batch.

    Parameters
    ----------
    file : Path
        The picture.
    told : dict
        What its name tells (`names.parts_of`).
    measured : Measured or None
        Its figures; None where the picture failed.
    result : str or None
        The map's file.
    error : str
        Why it failed.
    figures : dict
        The figures, compared with what counts as sharp.
    problem : str
        Why they could not be compared.
    reference : Reference, float or None
        What counts as sharp.
    outlying : float or None
        By how many standard deviations it is more blurred than the median of its plate and channel.
    acquired : datetime or None
        When, as the file tells.
    note : str
        What was said of its file when it was read.
    """

    file: Path
    told: dict[str, str]
    measured: Measured | None = None
    result: str | None = None
    error: str = ""
    figures: dict[str, Any] = field(default_factory=dict)
    problem: str = ""
    reference: Reference | float | None = None
    outlying: float | None = None
    acquired: datetime | None = None
    note: str = ""

    @property
    def channel(self) -> str:
        """Its name, or its number from 1, as the name of the file and the place in it say."""
        inside = None if self.measured is None or self.measured.channel is None else str(self.measured.channel + 1)
        return "-".join(filter(None, (self.told.get("channel"), inside))) or "1"

    @property
    def at(self) -> dict[str, int]:
        """Its place along every leading axis but that of channels."""
        return {} if self.measured is None else self.measured.at

    @property
    def is_outlier(self) -> bool:
        """Whether it differs too much from its plate and channel."""
        return self.outlying is not None and abs(self.outlying) > _OUTLYING

    @property
    def outcome(self) -> str:
        """What to do with it: pass, fail or review; "" where nothing is against it and nothing to compare with."""
        verdict = self.figures.get("verdict")
        if self.measured is None or why_untold(self.figures) is not None:
            return "review"
        if verdict == "blurred":
            return "fail"
        of = {"sharp": "pass", None: "review" if self.problem else ""}
        return "review" if self.is_outlier else of.get(verdict, "review")


def rows_of(
    files: Sequence[Path], done: Mapping[str, Done], errors: Mapping[Path, str], patterns: Sequence[re.Pattern[str]]
) -> list[Row]:
    """Rows of the files that were done or failed, in the order of the files.

    Parameters
    ----------
    files : sequence of Path
        Pictures.
    done : dict
        By absolute path.
    errors : dict
        Why others failed.
    patterns : sequence of Pattern
        Of `names.name_pattern`.
    """
    rows = []
    for file in files:
        told, one = parts_of(Path(os.path.abspath(file)), patterns), done.get(os.path.abspath(file))
        if file in errors:
            rows.append(Row(file, told, error=errors[file]))
        elif one is not None:
            rows += [
                Row(
                    file,
                    told,
                    plane,
                    one.result,
                    figures=plane.figures,
                    acquired=_time(one.about, plane),
                    note=_said(one.about),
                )
                for plane in one.planes or one.channels or [one.whole]
            ]
    return rows


def _said(about: Mapping[str, Any]) -> str:
    """What was said of a file when it was read."""
    image = str(about.get("image", ""))
    only = f"Only the {image} images was read." if image.startswith("first") else ""
    return " ".join(filter(None, (about.get("note"), only)))


def _time(about: Mapping[str, Any], plane: Measured) -> datetime | None:
    """When a plane was acquired."""
    try:
        start = datetime.fromisoformat(about["acquired"]).replace(tzinfo=None)
        return start + timedelta(seconds=about["seconds"][plane.at["t"]] if "t" in plane.at else 0.0)
    except (KeyError, IndexError):  # no time, or none of this plane
        return None


def compare_rows(rows: Sequence[Row], reference: ReferenceOf) -> None:
    """Give every row its verdict and its distance from the median of its plate and channel.

    Parameters
    ----------
    rows : sequence of Row
        Changed in place.
    reference : callable
        ``reference(measured, channel)`` says what counts as sharp; a BlurMapError is why that cannot be told.
    """
    groups: dict[tuple[str | None, str], list[Row]] = {}
    for row in rows:
        if row.measured is None:
            continue
        try:
            row.reference, row.problem = reference(row.measured.named(row.told.get("channel")), row.channel), ""
        except BlurMapError as error:
            row.reference, row.problem = None, str(error)
        row.figures = row.measured.summary(row.reference)
        if why_untold(row.figures) is None:
            groups.setdefault((row.told.get("plate"), row.channel), []).append(row)
    for group in groups.values():
        medians = np.log([row.figures["median_sigma"] for row in group])
        relative = [(row.figures["median_sigma_error"] or 0.0) / row.figures["median_sigma"] for row in group]
        away = medians - np.median(medians)
        # What is within the error of measuring is no outlier, however alike the others are.
        spread = max(_MAD * float(np.median(np.abs(away))), float(np.median(relative)))
        for row, distance in zip(group, away, strict=True):
            row.outlying = float(distance / spread) if len(group) >= _ENOUGH and spread > 0 else None


def sharpest(rows: Sequence[Row], name: str, part: float = 1.0, *, of_any_channel: bool = False) -> ReferenceOf:
    """What counts as sharp: the median of some pictures of the same channel, or of the sharpest part of them.

    Parameters
    ----------
    rows : sequence of Row
        Of these pictures; those count that can be judged.
    name : str
        How users know them, such as "sharpest tenth".
    part : float, default=1
        From 0 to 1; at least one picture.
    of_any_channel : bool, default=False
        Whether they speak for every channel: names do not tell of which they are.

    Returns
    -------
    callable
        For `compare_rows`.
    """
    medians: dict[str, list[float]] = {}
    for row in rows:
        if row.measured is not None and why_untold(row.measured.figures) is None:
            medians.setdefault("" if of_any_channel else row.channel, []).append(row.measured.figures["median_sigma"])

    def reference(_: Measured, channel: str) -> Reference:
        of = "" if of_any_channel else channel
        if not (found := sorted(medians.get(of, []))):
            raise BlurMapError(f"Nothing can be judged that is called sharp in channel {channel} ({name}).")
        sigma = float(np.median(found[: max(1, round(part * len(found)))]))
        return Reference(sigma, name + (of and f" of channel {of}"), "sharp region")

    return reference


def columns_of(row: Row) -> dict[str, Any]:
    """A row of the table: its columns and their values; None where there is none."""
    figures = row.figures
    notes = [figures.get("warning"), figures.get("note"), row.problem, row.error, row.note]
    return {
        **place_of(row),
        **figure_columns(figures),
        "outlier_deviations": row.outlying,
        "outlier": int(row.is_outlier),
        "outcome": row.outcome or None,
        "review": int(row.outcome == "review"),
        "Metadata_QCFlag": flag_of(row),
        "acquired": None if row.acquired is None else row.acquired.isoformat(),
        "result": row.result,
        "note": " ".join(filter(None, [*notes, *figures.get("sensor_notes", [])])) or None,
    }


def place_of(row: Row) -> dict[str, Any]:
    """The first columns of a row: which plane of which picture it is."""
    return {
        **metadata_of(row),
        **file_of(row),
        "channel": row.channel,
        **{name: place + 1 for name, place in row.at.items()},
    }


def file_of(row: Row) -> dict[str, str]:
    """Its file and folder; of an image in a file or a plate the way to it belongs to the name."""
    outer, inside = place_in(Path(os.path.abspath(row.file)))
    return {"FileName": Path(outer.name, *inside).as_posix(), "PathName": str(outer.parent)}


def metadata_of(row: Row) -> dict[str, Any]:
    """What the name of its file tells, by the names that CellProfiler's users join tables by."""
    names = {"Plate": "plate", "Well": "well", "Site": "site", "T": "t", "Z": "z"}
    always = ("Plate", "Well", "Site")
    return {f"Metadata_{n}": row.told.get(key) for n, key in names.items() if n in always or key in row.told}


def flag_of(row: Row) -> int:
    """1 where a picture is to be left out or looked at, else 0."""
    return int(row.outcome in ("fail", "review"))


def outcome_line(outcomes: Iterable[str]) -> str:
    """How many rows pass, fail, and are to be looked at."""
    count = Counter(outcomes)
    total = count.total()
    parts = [f"{count['pass']} pass", f"{count['fail']} fail"] if count["pass"] or count["fail"] else []
    return ", ".join([f"{total} row{'s' * (total != 1)}", *parts, f"{count['review']} for review"])

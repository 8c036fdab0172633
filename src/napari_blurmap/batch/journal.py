"""What a batch has done, a line a picture as it goes: whatever ends it, nothing finished is lost or done again."""

from __future__ import annotations

import json
import os
import threading
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..ground.jsonable import plain
from .measured import Measured

if TYPE_CHECKING:
    from pathlib import Path

#: Ending of the file beside a table.
SUFFIX = ".done.jsonl"
_FORMAT = 1


@dataclass(frozen=True)
class Done:
    """What was made of a picture.

    Parameters
    ----------
    file : str
        Its absolute path.
    key : dict
        By what it is known that the same would come out again: the file, the model, how it was estimated.
    result : str or None
        Path of its map, where one was written.
    whole : Measured
        Of the whole picture.
    channels : list of Measured
        Of every channel, where there are several.
    planes : list of Measured
        Of every plane, where there are several.
    about : dict
        As `sources.read` says it.
    """

    file: str
    key: dict[str, Any]
    result: str | None
    whole: Measured
    channels: list[Measured] = field(default_factory=list)
    planes: list[Measured] = field(default_factory=list)
    about: dict[str, Any] = field(default_factory=dict)


class Journal:
    """The file beside a table with what was done; read when it is opened.

    Parameters
    ----------
    path : Path
        The file. Made where it is missing.
    again : bool
        Forget what it holds.

    Raises
    ------
    BlurMapError
        If it cannot be written.
    """

    def __init__(self, path: Path, *, again: bool = False) -> None:
        self.path, self._lock = path, threading.Lock()
        self.done: dict[str, Done] = {}
        try:
            if again:
                path.write_text("")
            with path.open("a+", encoding="utf-8") as stream:
                stream.seek(0)
                text = stream.read()
                if text and not text.endswith("\n"):  # the process was killed in the middle of a line
                    stream.write("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise BlurMapError(f"{path} cannot be written ({error}). Choose another place for the table.") from error
        for line in text.splitlines():
            if (found := _parsed(line)) is not None:
                self.done[found.file] = found

    def add(self, done: Done) -> None:
        """Keep what was made of a picture; from any thread."""
        line = json.dumps(plain(asdict(done) | {"format": _FORMAT})) + "\n"
        with self._lock:
            self.done[done.file] = done
            end = self.path.stat().st_size
            try:
                with self.path.open("a", encoding="utf-8") as stream:
                    stream.write(line)
            except OSError as error:
                with suppress(OSError):
                    os.truncate(self.path, end)  # no half line, to which the next one would be added
                raise BlurMapError(
                    f"{self.path} could not be written ({error}). Check that its folder has room and may be written "
                    "to, and run it again."
                ) from error


def _parsed(line: str) -> Done | None:
    """A line; None where it is damaged or of another version: that picture is done again."""
    try:
        found = json.loads(line)
        if found.pop("format") != _FORMAT:
            return None
        found["whole"] = Measured.of(found["whole"])
        return Done(**found | {name: [*map(Measured.of, found[name])] for name in ("channels", "planes")})
    except (ValueError, TypeError, KeyError, AttributeError):
        return None

"""Tables as files: CSV, or Parquet through pyarrow."""

from __future__ import annotations

import csv
import importlib.util
from io import StringIO
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError
from ..io.atomic import write_file
from ..io.plain_text import plain_text

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

#: What a table may end in.
CSV, PARQUET = ".csv", ".parquet"
#: So many other names are tried where a file is open in another program.
_OTHERS = 9


def check_table(path: Path) -> None:
    """Refuse a table that could not be written, before the work.

    Raises
    ------
    BlurMapError
        If it is of another format, or pyarrow is missing.
    """
    ending = path.suffix.lower()
    if ending not in (CSV, PARQUET):
        raise BlurMapError(f"{path} is no name for a table; use one that ends in {CSV} or {PARQUET}.")
    if ending == PARQUET and importlib.util.find_spec("pyarrow") is None:
        raise BlurMapError(
            'A Parquet table needs pyarrow, which is not installed: pip install "napari-blurmap[parquet]", or end the '
            f"name of the table in {CSV}."
        )


def write_table(path: Path, rows: Sequence[dict[str, Any]]) -> Path:
    """Write a table, whole or not at all.

    Parameters
    ----------
    path : Path
        ``.csv`` or ``.parquet``; replaced.
    rows : sequence of dict
        Values by column; a column that a row lacks is empty there.

    Returns
    -------
    Path
        Where it was written: under another name where the file is open in a program that keeps it from others.

    Raises
    ------
    BlurMapError
        If it cannot be written there at all.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    data = (_parquet if path.suffix.lower() == PARQUET else _csv)(columns, rows)
    return write_beside(path, data)


def write_beside(path: Path, data: bytes) -> Path:
    """Write a file whole, under another name where it is kept by another program; see `write_table`."""
    for number in range(1, _OTHERS + 1):
        target = path if number == 1 else path.with_name(f"{path.stem}-{number}{path.suffix}")
        try:
            return write_file(target, data)
        except OSError as error:
            if isinstance(error, PermissionError) and number < _OTHERS:
                continue
            raise BlurMapError(
                f"{path} could not be written ({error}); nothing was changed. Check that the folder exists, may be "
                "written to and has room, and run it again: what is done is not done again."
            ) from error
    raise AssertionError  # the last name was written, or refused


def _csv(columns: list[str], rows: Sequence[dict[str, Any]]) -> bytes:
    stream = StringIO()
    writer = csv.DictWriter(stream, columns, lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _short(value) for name, value in row.items()})
    return stream.getvalue().encode("utf-8", "backslashreplace")


def _short(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else value


def _parquet(columns: list[str], rows: Sequence[dict[str, Any]]) -> bytes:
    import pyarrow
    from pyarrow import parquet

    def column(name: str) -> list[Any]:
        values = [row.get(name) for row in rows]
        if not any(isinstance(value, str) for value in values):
            return values
        # Names may tell what other files hold as numbers, such as z, and a column is of one kind.
        return [None if value is None else plain_text(str(value)) for value in values]

    table = pyarrow.table({name: column(name) for name in columns})
    stream = pyarrow.BufferOutputStream()
    parquet.write_table(table, stream)
    return bytes(stream.getvalue())

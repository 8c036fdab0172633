"""What a batch leaves behind: its table, its image sets and its report; and what keeps it from being done twice."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from ..io.folders import make_folder
from .image_sets import image_sets
from .journal import SUFFIX, Journal
from .labels import object_rows
from .report import report_page
from .rows import columns_of
from .table import check_table, write_beside, write_table

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from .rows import Row


def open_journal(table: Path, files: Iterable[Path], *, overwrite: bool = False) -> Journal:
    """The journal of a table, where the table may be written.

    Parameters
    ----------
    table : Path
        ``.csv`` or ``.parquet``.
    files : iterable of Path
        Those whose rows it is to hold.
    overwrite : bool, default=False
        Replace a table of other files.

    Raises
    ------
    BlurMapError
        If it cannot be written, or holds something else.
    """
    check_table(table)
    make_folder(table.parent)
    path = table.with_name(table.name + SUFFIX)
    if overwrite:
        return Journal(path, again=True)
    if table.exists() and not path.exists():
        raise BlurMapError(f"{table} exists already and was left as it is. Choose another name, or use --overwrite.")
    journal = Journal(path)
    if others := journal.done.keys() - {os.path.abspath(file) for file in files}:
        raise BlurMapError(
            f"{table} holds pictures that are not among those given, such as {min(others)}. Give them too, choose "
            "another name, or use --overwrite."
        )
    return journal


def write_outcome(rows: Sequence[Row], table: Path | None, report: Path | None = None) -> list[Path]:
    """Write the table, the image sets and the objects beside it, and the report.

    Parameters
    ----------
    rows : sequence of Row
        Compared (`rows.compare_rows`).
    table : Path or None
        ``NAME.csv`` or ``NAME.parquet``; the image sets are ``NAME.image_sets.csv`` or ``.parquet``, the
        objects, where there are any, ``NAME.objects.csv``.
    report : Path, optional
        A page in HTML.

    Returns
    -------
    list of Path
        What was written, in this order; under another name what another program keeps open.
    """
    written: list[Path] = []
    if table is not None:
        tables = {"": [columns_of(row) for row in rows], ".image_sets": image_sets(rows), ".objects": object_rows(rows)}
        written += [write_table(table.with_stem(table.stem + name), found) for name, found in tables.items() if found]
    if report is not None:
        written.append(
            write_beside(report, report_page(rows, title=(table or report).stem).encode("utf-8", "backslashreplace"))
        )
    return written

"""What the check of an installation beside other plugins calls a fault."""

from __future__ import annotations

import runpy
from pathlib import Path

from packaging.version import Version


def test_older_and_gone_are_faults_newer_and_new_are_not(root: Path) -> None:
    changes = runpy.run_path(str(root / "tools" / "beside.py"))["changes"]
    before = {"numpy": Version("2.10"), "torch": Version("2.9"), "qt": Version("6.9"), "zarr": Version("3")}
    after = {"numpy": Version("2.9"), "torch": Version("2.13"), "zarr": Version("3.0"), "own": Version("1")}
    good, bad = changes(before, after)
    assert bad == ["numpy 2.10 -> 2.9", "qt 6.9 -> none"]
    assert good == ["own none -> 1", "torch 2.9 -> 2.13"]

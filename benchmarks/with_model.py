"""A benchmark with another model in place of the default: ``python -m benchmarks.with_model FILE accuracy [...]``."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from napari_blurmap.models import registry


def main() -> None:
    """Lay the bundled models into a folder, the file under the name of the default, and run there."""
    model, benchmark, *options = sys.argv[1:]
    if "--write" in options:
        sys.exit("docs/benchmarks.md holds the figures of the bundled models only: leave out --write.")
    with TemporaryDirectory() as folder:
        for path in registry.WEIGHTS.iterdir():
            chosen = Path(model) if path.name.startswith("default.") else path
            (Path(folder) / path.name).symlink_to(chosen.absolute())
        registry.WEIGHTS = Path(folder)
        sys.argv = [benchmark, *options]
        runpy.run_module(f"benchmarks.{benchmark}", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()

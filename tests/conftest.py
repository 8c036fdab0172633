"""Settings for all tests, through the environment: no test pays for importing what it does not use."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings

# One thread for PyTorch and BLAS, read when they are first imported: tests are small, and the same sums
# in the same order give the same figures on every machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# Neither read nor change the preferences of whoever runs the tests.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="blurmap-tests-")) / "settings.yaml")

# Time limits would fail on a busy machine, and random examples differ from run to run.
settings.register_profile("blurmap", deadline=None, derandomize=True)
settings.load_profile("blurmap")


def pytest_configure() -> None:
    """Refuse a run in which napari and pytest-qt would use two different Qt bindings."""
    chosen = {os.environ[name].lower() for name in ("QT_API", "PYTEST_QT_API") if os.environ.get(name)}
    if len(chosen) > 1:
        pytest.exit(f"QT_API and PYTEST_QT_API differ: {sorted(chosen)}; set both to the same binding.", 4)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]

"""Settings for all tests, through the environment: no test pays for importing what it does not use."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path

import pytest
from hypothesis import settings

# One thread for PyTorch and BLAS, read when they are first imported: tests are small, and the same sums
# in the same order give the same figures on every machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("MPLBACKEND", "Agg")
# Neither read nor change the preferences of whoever runs the tests: napari keeps its own in memory.
os.environ["NAPARI_CONFIG"] = ""

# Time limits would fail on a busy machine, and random examples differ from run to run.
settings.register_profile("blurmap", deadline=None, derandomize=True)
settings.load_profile("blurmap")


def pytest_configure() -> None:
    """Refuse a run in which napari and pytest-qt would use two different Qt bindings."""
    chosen = {os.environ[name].lower() for name in ("QT_API", "PYTEST_QT_API") if os.environ.get(name)}
    if len(chosen) > 1:
        pytest.exit(f"QT_API and PYTEST_QT_API differ: {sorted(chosen)}; set both to the same binding.", 4)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> object:
    """Of several processes one gets all windows, which share screen, focus and clipboard; the rest goes by files."""
    from xdist.scheduler import LoadScopeScheduling

    class OneForWindows(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            file = nodeid.partition("::")[0]
            return "windows" if asks_for_qt(config.rootpath / file) else file

    return OneForWindows(config, log)


@cache
def asks_for_qt(file: Path) -> bool:
    """Whether tests of a file import Qt or use a fixture with a window."""
    return re.search("from qtpy|qtbot|qapp|opened: Any", file.read_text(encoding="utf-8")) is not None


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the project."""
    return Path(__file__).parents[1]


@pytest.fixture(scope="session")
def tiny_model():
    """A small network with random weights: for all that does not depend on how well it estimates."""
    from dataclasses import asdict

    import torch

    from napari_blurmap.ground.grid import sigma_grid
    from napari_blurmap.models.dense import DenseNetwork
    from napari_blurmap.models.info import ModelInfo
    from napari_blurmap.models.model import Model
    from napari_blurmap.models.sizes import DenseConfig

    torch.manual_seed(5)
    sizes = DenseConfig(bins=10, narrow=4, wide=8, fused=8)
    network = DenseNetwork(sizes)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):  # trained norms are no identities
            torch.nn.init.uniform_(module.running_var, 0.5, 2.0)
            torch.nn.init.normal_(module.running_mean, 0.0, 0.2)
    info = ModelInfo("tiny", "dense", asdict(sizes), [float(s) for s in sigma_grid(10, 24.0)])
    return Model(info, network.eval())


@pytest.fixture
def tiny_default(tiny_model, monkeypatch):
    """The tiny model under every name, in what estimates and checks."""
    from napari_blurmap import estimate
    from napari_blurmap.batch import batch
    from napari_blurmap.checking import check
    from napari_blurmap.cli import check as check_command
    from napari_blurmap.cli import estimate as estimate_command
    from napari_blurmap.models.model import Model

    for module in (check, estimate, batch):
        monkeypatch.setattr(module, "load_model", lambda name: name if isinstance(name, Model) else tiny_model)
    for command in (check_command, estimate_command):
        monkeypatch.setattr(command, "usable_model", lambda name, device: tiny_model)

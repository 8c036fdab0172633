"""What goes into the wheel and what it asks for; the environment `wheel` of tox runs this without Qt."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from email.message import Message
from email.parser import HeaderParser
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

QT = {"pyqt5", "pyqt6", "pyside2", "pyside6", "pyside6-essentials"}
GITHUB = "https://github.com/napari-blurmap/napari-blurmap"


@pytest.fixture(scope="module")
def dist(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel made from nothing but that."""
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "hatchling", "build", "-d", str(folder)]
    subprocess.run([*build, "-t", "sdist"], check=True, capture_output=True, cwd=root)
    (archive,) = folder.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        # Python before 3.11.4 has no filter, from 3.12 on it warns without one.
        tar.extractall(folder / "unpacked", **({"filter": "data"} if hasattr(tarfile, "data_filter") else {}))
    (folder / "unpacked" / archive.name.removesuffix(".tar.gz")).rename(folder / "sdist")
    subprocess.run([*build, "-t", "wheel"], check=True, capture_output=True, cwd=folder / "sdist")
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> dict[str, bytes]:
    """The files of the wheel."""
    (path,) = dist.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


@pytest.fixture(scope="module")
def metadata(wheel: dict[str, bytes]) -> Message:
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    return HeaderParser().parsestr(wheel[name].decode())


@pytest.fixture(scope="module")
def required(metadata: Message) -> list[Requirement]:
    """What a plain install asks for."""
    requirements = [Requirement(line) for line in metadata.get_all("Requires-Dist", [])]
    return [each for each in requirements if each.marker is None or each.marker.evaluate({"extra": ""})]


def test_wheel_holds_the_package_whole_and_nothing_else(wheel: dict[str, bytes], root: Path) -> None:
    files = {name for name in wheel if ".dist-info/" not in name}
    source = root / "src"
    expected = {p.relative_to(source).as_posix() for p in source.rglob("*") if p.is_file() and p.suffix != ".pyc"}
    assert files == expected
    assert {"napari_blurmap/napari.yaml", "napari_blurmap/py.typed"} <= files
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in wheel)


def test_wheel_ships_the_default_weights_in_at_most_5_mb(wheel: dict[str, bytes]) -> None:
    weights = {name: len(data) for name, data in wheel.items() if name.endswith(".blurmap.safetensors")}
    default = [size for name, size in weights.items() if Path(name).name.startswith("default.")]
    assert len(default) == 1
    assert 10_000 < default[0] <= 5_000_000
    assert sum(map(len, wheel.values())) < 30_000_000


def test_sdist_holds_what_its_tests_read(dist: Path, root: Path) -> None:
    """All tests are in the unpacked sdist, and those that read more than the package find it there."""
    for kind in ("tests/**/*.py", "benchmarks/**/*.py", "tools/*.py", "docs/*.md", "*.md"):
        here, there = ({path.relative_to(top) for path in top.glob(kind)} for top in (root, dist / "sdist"))
        assert here
        assert here <= there
    collect = [sys.executable, "-m", "pytest", "--collect-only", "-q", "--assert=plain"]
    more = ["tests/benchmarks", "tests/cli", "tests/test_beside.py", "tests/test_examples.py", "tests/test_pages.py"]
    run = subprocess.run([*collect, *more], capture_output=True, text=True, cwd=dist / "sdist")
    assert run.returncode == 0, run.stdout


def test_no_qt_and_no_upper_caps_are_asked_for(required: list[Requirement]) -> None:
    names = {each.name.lower() for each in required}
    assert {"napari", "npe2", "torch", "imagecodecs"} <= names
    assert not names & QT
    assert not any(each.extras for each in required if each.name == "napari")
    operators = {spec.operator for each in required for spec in each.specifier}
    assert operators == {">="}


def test_metadata_is_what_the_hub_reads(metadata: Message) -> None:
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "BSD-3-Clause"
    assert "Framework :: napari" in metadata.get_all("Classifier", [])
    assert metadata["Description-Content-Type"] == "text/markdown"
    urls = dict(line.split(", ", 1) for line in metadata.get_all("Project-URL", []))
    assert urls["Homepage"] == urls["Source"] == GITHUB
    assert all(url.startswith(GITHUB) for url in urls.values())


def test_readme_pictures_show_up_outside_the_repository(metadata: Message) -> None:
    text = str(metadata.get_payload())
    assert "\n## " in text
    targets = [part.partition(")")[0] for part in text.split("![")[1:] for part in [part.partition("](")[2]]]
    assert all(target.startswith("https://") for target in targets)
    assert 'src="' not in text.replace('src="https://', "")


def test_version_is_the_same_everywhere(metadata: Message, root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    citation = yaml.safe_load((root / "CITATION.cff").read_text(encoding="utf-8"))
    changelog = (root / "CHANGELOG.md").read_text(encoding="utf-8")
    assert metadata["Version"] == project["version"] == citation["version"]
    assert f"\n## {project['version']} " in changelog


def test_estimates_offline_without_napari_or_qt(tmp_path: Path) -> None:
    """The bundled model answers in a fresh process that sees only what is installed."""
    code = """
import sys
import numpy as np
import napari_blurmap as nb
m = nb.estimate_blur(nb.apply_blur(np.random.default_rng(0).random((64, 80), dtype=np.float32), 1.5))
assert m.sigma.shape == m.uncertainty.shape == m.status.shape == (64, 80)
assert m.sigma.dtype == np.float32 and np.isfinite(m.sigma).all()
assert not {"napari", "qtpy", "PyQt6", "PySide6", "vispy"} & set(sys.modules)
"""
    offline = {"HTTPS_PROXY": "http://127.0.0.1:9", "HTTP_PROXY": "http://127.0.0.1:9"}
    run = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=tmp_path, env=os.environ | offline
    )
    assert run.returncode == 0, run.stderr

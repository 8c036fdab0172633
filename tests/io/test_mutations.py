"""Files damaged at random end in an answer or in words, within bounded time and memory; more by BLURMAP_MUTATIONS."""

from __future__ import annotations

import io
import os
import signal
import warnings
from contextlib import contextmanager

import numpy as np
import pytest
import tifffile
from mutate import mutated
from PIL import Image

from napari_blurmap.errors import BlurMapError
from napari_blurmap.io.pictures import read_picture
from napari_blurmap.result.blurmap import BlurMap

resource = pytest.importorskip("resource", reason="limits of memory and time are known on Unix")
COUNT = int(os.environ.get("BLURMAP_MUTATIONS", "40"))
#: CPU seconds for a file, and growth of the memory for all of them, bytes.
LONGEST, MOST = 10.0, 700e6

RANDOM = np.random.default_rng(0)
GREY = RANDOM.integers(0, 256, (2, 48, 40), dtype=np.uint8)


class TooLong(BaseException):
    """Not to be caught by what is tested."""


@contextmanager
def bounded():
    def stop(*_):
        raise TooLong

    before, peak = signal.signal(signal.SIGVTALRM, stop), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
    assert 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) < MOST


def attempt(read, path, seed):
    """Read a damaged file: an answer, words, and nothing else."""
    signal.setitimer(signal.ITIMER_VIRTUAL, LONGEST)
    try:
        return read(path)
    except BlurMapError as error:
        if not str(error).endswith("."):
            pytest.fail(f"seed {seed}: {error}")
    except (TooLong, Exception) as error:  # noqa: BLE001
        pytest.fail(f"seed {seed}: {type(error).__name__}: {str(error)[:200]}")
    return None


def example(shape=(2, 40, 48)):
    random = np.random.default_rng(1)
    sigma = random.uniform(0.3, 9, shape).astype(np.float32)
    about = {"axes": ("z", "y", "x"), "scale": (1, 0.1, 0.1), "units": ("um",) * 3, "provenance": {"list": [1, {}]}}
    return BlurMap(sigma, 0.1 * sigma, random.integers(0, 6, shape), **about)


def whole(path):
    """Read all of a map, and do with it what everybody does."""
    m = BlurMap.load(path)
    for array in (m.sigma, m.uncertainty, m.status):
        np.asarray(array)
    assert m.summary(2.0)["pixels"] == m.sigma.size
    assert m.methods_text()
    return m


@pytest.mark.parametrize("part", ["data", "sidecar"])
def test_damaged_tiff_results(tmp_path, part):
    path = example().save(tmp_path / "a.sigma.ome.tif")
    target = path if part == "data" else tmp_path / "a.blurmap.json"
    data = target.read_bytes()
    with bounded():
        for seed in range(COUNT):
            target.write_bytes(mutated(data, np.random.default_rng(seed)))
            attempt(whole, path, seed)


def test_damaged_zarr_results(tmp_path):
    path = example().save(tmp_path / "a.sigma.ome.zarr")
    files = sorted(file for file in path.rglob("*") if file.is_file())
    descriptions = [file for file in files if file.suffix == ".json"]
    with bounded():
        for seed in range(COUNT // 2):
            rng = np.random.default_rng(seed)
            # As often one of the two descriptions as one of the chunks.
            among = descriptions if rng.random() < 0.5 else files
            target = among[rng.integers(len(among))]
            data = target.read_bytes()
            target.write_bytes(mutated(data, rng))
            attempt(whole, path, seed)
            target.write_bytes(data)


def pictures():
    """A small one of every kind."""
    tiffs = {
        "plain": {},
        "tiled": {"tile": (16, 16), "compression": "zlib"},
        "lzw": {"compression": "lzw", "predictor": True},
        "ome": {"ome": True, "metadata": {"axes": "ZYX", "PhysicalSizeX": 0.1, "PhysicalSizeY": 0.1}},
        "imagej": {"imagej": True, "metadata": {"axes": "ZYX", "unit": "um", "spacing": 1}, "resolution": (5, 5)},
        "big": {"bigtiff": True, "contiguous": False, "metadata": None},
    }
    for name, options in tiffs.items():
        stream = io.BytesIO()
        tifffile.imwrite(stream, GREY, photometric="minisblack", **options)
        yield f"{name}.tif", stream.getvalue()
    colour = Image.fromarray(np.dstack([*GREY, GREY[0]]))
    for kind in ("png", "jpeg", "bmp", "gif", "webp"):
        stream = io.BytesIO()
        more = {"save_all": True, "append_images": [colour.rotate(90, expand=False)]} if kind == "gif" else {}
        colour.save(stream, kind, **more)
        yield f"a.{kind}", stream.getvalue()


@pytest.mark.parametrize(("name", "data"), list(pictures()), ids=lambda value: value if isinstance(value, str) else "")
def test_damaged_pictures(tmp_path, name, data):
    path = tmp_path / name
    with bounded(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of Pillow, about metadata
        for seed in range(COUNT // 2):
            path.write_bytes(mutated(data, np.random.default_rng(seed)))
            found = attempt(read_picture, path, seed)
            if found is not None:
                assert len(found.axes) == len(found.scale) == len(found.units) == found.array.ndim
                assert all(0 < step < np.inf for step in found.scale)

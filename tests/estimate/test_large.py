"""Planes larger than one piece: band by band in memory, chunk by chunk where they are lazy; the same maps as in one."""

from __future__ import annotations

import pickle
import time
from dataclasses import asdict, replace

import dask.array as da
import numpy as np
import pytest
import torch
from dask.base import compute

import napari_blurmap as nb
from napari_blurmap import estimate
from napari_blurmap.ground.grid import sigma_grid
from napari_blurmap.ground.progress import Pace
from napari_blurmap.ground.status import Status
from napari_blurmap.models import chunks, passes, pixels
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.info import ModelInfo
from napari_blurmap.models.model import Model
from napari_blurmap.models.parts import Parts
from napari_blurmap.models.reading import Reader, reader_of
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.picture import copies, light
from napari_blurmap.picture import plane as planes
from napari_blurmap.picture import sensor as sensors

SHAPE = (579, 587)
LIGHT = nb.apply_blur(np.random.default_rng(0).random(SHAPE), nb.sigma_ramp(SHAPE, 0.5, 4)) * 3000 + 200


def holed():
    picture = LIGHT.astype(np.float32)
    picture[100:300, 200:290] = np.nan
    picture[:150, :170] = -99999
    return picture


def clipped():
    noisy = LIGHT + np.random.default_rng(1).normal(0, 20, SHAPE)
    noisy[240:270, 300:800] += 2000
    return np.minimum(noisy, 2900).astype(np.uint16)


PICTURES = {
    "uint16": lambda: LIGHT.astype(np.uint16),
    "no data": holed,
    "clipped": clipped,
    "colour": lambda: np.stack([np.clip(LIGHT / part, 0, 255) for part in (12, 9, 20)], axis=-1).astype(np.uint8),
    "striped": lambda: (LIGHT + np.arange(SHAPE[1]) % 2 * 60).astype(np.uint16),
}


@pytest.fixture(scope="module")
def model():
    """A small network of all kinds of layers, which is told the noise and gives the shape."""
    torch.manual_seed(5)
    sizes = DenseConfig(bins=10, narrow=4, wide=8, fused=8, levels=2, window=4.0, fine=1, noise=6, shape=True)
    network = DenseNetwork(sizes)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            torch.nn.init.uniform_(module.running_var, 0.2, 0.5)
    return Model(ModelInfo("tiny", "dense", asdict(sizes), [float(s) for s in sigma_grid(10, 24.0)]), network.eval())


@pytest.fixture
def in_pieces(monkeypatch):
    """Every plane is large."""
    for module in (planes, sensors, chunks):
        monkeypatch.setattr(module, "WHOLE", 1000)
    for module, name, value in ((passes, "_HELD", 1), (passes, "_PIECE", 256), (planes, "_PIECE", 256)):
        monkeypatch.setattr(module, name, value)
    monkeypatch.setattr(chunks, "_EDGE", 272)
    monkeypatch.setattr(chunks, "_COPY_EDGE", 224)
    monkeypatch.setattr(chunks, "_FILE", 16)


def same(found, whole):
    np.testing.assert_array_equal(found.status, whole.status)
    for name, values in whole.numbers.items():
        np.testing.assert_allclose(found.numbers[name], values, atol=1e-3, err_msg=name)


@pytest.mark.parametrize(
    ("kind", "copy"), [("uint16", 1), ("no data", 1), ("clipped", 2), ("colour", 1), ("striped", 2)]
)
def test_pieces_are_parts_of_the_whole(model, kind, copy, request):
    """At every pixel, borders and all; with what is decided for the whole plane: origin, no data, what is clipped."""
    picture = PICTURES[kind]()
    options = {"model": Model(replace(model.info, coarse_copy=copy), model.network), "device": "cpu", "tile": 192}
    options |= {"channel_axis": -1} if picture.ndim == 3 else {}
    whole = nb.estimate_blur(picture, **options)
    assert kind != "clipped" or (whole.status == Status.SATURATED).sum() > 5000
    assert kind != "no data" or (whole.status == Status.INVALID).sum() > 40_000
    request.getfixturevalue("in_pieces")
    same(nb.estimate_blur(picture, **options), whole)
    lazy = nb.estimate_blur(da.from_array(picture, chunks=(200, 300, -1)[: picture.ndim]), **options)
    assert lazy.sigma.numblocks == (2, 2)
    names = [*lazy.numbers, "status"]
    found = compute(*(getattr(lazy, name) for name in names), scheduler="synchronous")
    same(replace(lazy, **dict(zip(names, found, strict=True))), whole)


@pytest.mark.parametrize("kind", ["clipped", "striped"])
def test_one_part_after_another(model, kind, request):
    """As they are filled in a window."""
    picture = PICTURES[kind]()
    options = {"model": Model(replace(model.info, coarse_copy=2), model.network), "device": "cpu", "tile": 192}
    whole = nb.estimate_blur(picture, **options)
    request.getfixturevalue("in_pieces")
    ready = estimate.prepare(da.from_array(picture, chunks=200), **options)
    parts, found = Parts(ready.stack, ready.sensors, ready.reader), estimate.blank_maps(ready.reader, SHAPE)
    for y, x in np.ndindex(2, 2):
        rows, columns = (slice(320 * n, min(320 * n + 320, size)) for n, size in zip((y, x), SHAPE, strict=True))
        for name, values in parts.maps((), (rows, columns), lambda: None).items():
            found[name][rows, columns] = values
    same(replace(whole, **found), whole)


@pytest.mark.parametrize("kept", [1, 2**25])
def test_of_a_copy_each_piece_is_made_once_where_there_is_room(kept, in_pieces, monkeypatch):
    monkeypatch.setattr(copies, "_EDGE", 64)
    monkeypatch.setattr(copies, "_KEPT", kept)
    picture, made, make = clipped(), [], planes.Plane.coarser
    sensor = estimate.prepare(da.from_array(picture)).sensors.at(())
    plane = planes.LargePlane(da.from_array(picture, chunks=200), sensor)
    whole, some = plane.coarser(2), copies.Copies(2)
    monkeypatch.setattr(planes.Plane, "coarser", lambda piece, times: made.append(piece.shape) or make(piece, times))
    for y, x in ((40, 30), (80, 90), (60, 10), (189, 193)):
        part = slice(y, y + 100), slice(x, x + 100)
        found = some.part((), plane, part)
        for name in ("picture", "valid", "saturated", "noise"):
            np.testing.assert_array_equal(getattr(found, name), getattr(whole, name)[part], err_msg=name)
    assert (len(made) == 47) == (kept > 1)  # of 72 that the parts have, some in common


def test_probabilities_and_leading_axes_in_pieces(model, in_pieces):
    stack = np.stack([clipped(), clipped()[::-1]]).astype(np.float32)
    options = {"model": model, "device": "cpu", "keep_probabilities": True, "tile": 192}
    near = nb.estimate_blur(stack, **options)
    lazy = nb.estimate_blur(da.from_array(stack, chunks=(2, 100, -1)), **options)
    assert lazy.probabilities.shape == near.probabilities.shape
    found, status = compute(lazy.probabilities, lazy.status, scheduler="synchronous")
    np.testing.assert_allclose(found, near.probabilities, atol=1e-4)
    np.testing.assert_array_equal(status, near.status)


def test_patches_in_pieces(request):
    model = nb.load_model("patch30").variant(stride=16)
    picture = holed()[:300, :400]
    whole = nb.estimate_blur(picture, model=model, device="cpu").sigma
    request.getfixturevalue("in_pieces")
    np.testing.assert_allclose(nb.estimate_blur(picture, model=model, device="cpu").sigma, whole, atol=1e-3)


def test_progress_and_cancelling_in_pieces(model, in_pieces):
    """A step a tile, and what was done until then is kept."""
    seen = []
    nb.estimate_blur(clipped(), model=model, device="cpu", tile=96, progress=lambda *a: seen.append(a))
    total = seen[-1][1]
    assert [done for done, _, _ in seen] == list(range(1, total + 1))
    asked = []
    with pytest.raises(nb.Cancelled) as stopped:
        nb.estimate_blur(
            clipped(), model=model, device="cpu", tile=96, cancel=lambda: asked.append(1) or len(asked) > total // 2
        )
    known = np.isfinite(stopped.value.partial.sigma).mean(axis=1)
    assert known[0] == 1
    assert known[-1] == 0


def test_of_a_large_lazy_plane_a_sample_is_read(model):
    """And of a chunk of its maps no more than the chunk and its halo."""
    read = []

    def counted(block_id):
        read.append(block_id)
        return np.full((1024, 1024), block_id[1], np.uint16)

    plane = da.map_blocks(
        counted, chunks=((1024,) * 20, (1024,) * 20), dtype=np.uint16, meta=np.empty((0, 0), np.uint16)
    )
    m = nb.estimate_blur(plane, model=model, device="cpu")
    assert m.sigma.shape == (20480, 20480)
    assert len(read) <= 32
    assert max(max(each) for each in m.sigma.chunks) <= 4096


def test_one_chunk_of_a_large_plane_is_read_at_a_time(model, in_pieces, monkeypatch):
    """Though PyTorch has one thread; and of what is read less is kept than one map takes."""
    monkeypatch.setattr(chunks, "_SMALL", 1000)
    read, fill, busy, together, kept = chunks._read, chunks.fill_maps, [], [], []

    def filled(*given, **options):
        busy.append(None)
        together.append(len(busy))
        time.sleep(0.05)
        fill(*given, **options)
        busy.pop()

    def noted(*given, **options):
        found = read(*given, **options)
        kept.append(sum(each.nbytes for each in found.values() if isinstance(each, np.ndarray)) / found["status"].size)
        return found

    monkeypatch.setattr(chunks, "fill_maps", filled)
    monkeypatch.setattr(chunks, "_read", noted)
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(1)
        lazy = nb.estimate_blur(da.from_array(clipped(), chunks=200), model=model, device="cpu", tile=192)
        compute(lazy.sigma, lazy.uncertainty, scheduler="threads", num_workers=2)
    finally:
        torch.set_num_threads(before)
    assert together == [1] * 4
    assert max(kept) < 4  # bytes a pixel, of 21


def test_the_graph_of_the_largest_picture_is_small(model):
    picture = da.zeros((100_000, 100_000), dtype=np.uint16, chunks=4096)
    started = time.process_time()
    m = nb.estimate_blur(picture, model=model, device="cpu")
    graph = pickle.dumps(dict(m.sigma.__dask_graph__()))
    assert time.process_time() - started < 10
    assert len(graph) < 50e6


def test_brighter_places_than_the_sample_shows_are_cut_off_at_full_scale():
    sample = np.random.default_rng(0).normal(2000, 100, (64, 64)).astype(np.uint16)
    levels = light.levels_of([sample], sensors.Sensor().patterns)
    assert levels.tops == (4095,)
    beside = sample.copy()
    beside[10:20, 30:50] = 4095
    read = planes.read_plane(beside, sensors.Sensor(levels=levels))
    np.testing.assert_array_equal(read.saturated, beside == 4095)
    np.testing.assert_array_equal(
        read.picture[30:], planes.read_plane(sample, sensors.Sensor(levels=levels)).picture[30:]
    )


def test_what_a_gpu_does_not_hold_the_processor_does(model, monkeypatch):
    read, tried = Reader.read, []

    def small(reader, *given, **options):
        tried.append((reader.device.type, reader.tile))
        if reader.device.type != "cpu":
            raise torch.OutOfMemoryError("CUDA out of memory")
        return read(reader, *given, **options)

    monkeypatch.setattr(Reader, "read", small)
    picture = LIGHT[:100, :120].astype(np.float32)
    plane = planes.read_plane(picture, sensors.Sensor())
    maps = pixels.blank_maps(gpu := replace(reader_of(model, "cpu", 256), device=torch.device("cuda")), picture.shape)
    with pytest.warns(RuntimeWarning, match=r"memory of cuda does not hold .* on the processor"):
        used = pixels.fill_maps(maps, plane, gpu, Pace(1).tick)
    assert tried == [("cuda", 256), ("cuda", 128), ("cuda", 64), ("cpu", 1024)]
    assert used.device.type == "cpu"
    np.testing.assert_allclose(maps["sigma"], nb.estimate_blur(picture, model=model, noise=0).sigma, atol=0.05)


def test_maps_that_memory_does_not_hold_are_refused_before_the_work(model, monkeypatch):
    """In words that say what is lacking; a lazy picture is not refused."""
    monkeypatch.setattr(estimate, "free_memory", lambda: 1e6)
    with pytest.raises(nb.BlurMapError, match=r"maps of a picture of shape \(579, 587\) \(0.0 GB, .*dask"):
        nb.estimate_blur(LIGHT, model=model, device="cpu", progress=lambda *a: pytest.fail("it has begun"))
    assert nb.estimate_blur(da.from_array(LIGHT), model=model, device="cpu").sigma.shape == SHAPE
    monkeypatch.setattr(estimate, "free_memory", lambda: LIGHT.size * 21)
    assert np.isfinite(nb.estimate_blur(LIGHT, model=model, device="cpu").sigma).all()

"""The straight road: everything about estimating that does not depend on how good the network is."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, replace
from types import SimpleNamespace

import dask.array as da
import numpy as np
import pytest
import torch
import zarr
from scipy import ndimage

import napari_blurmap as nb
from napari_blurmap.ground.status import Status
from napari_blurmap.models import chunks, pixels, reading
from napari_blurmap.models.dense import DenseNetwork
from napari_blurmap.models.model import Model
from napari_blurmap.models.reading import Reader
from napari_blurmap.models.sizes import DenseConfig
from napari_blurmap.synthesis.scenes import random_scene

RNG = np.random.default_rng(6)
PICTURE = nb.apply_blur(RNG.random((150, 203)), nb.sigma_ramp((150, 203), 0.5, 3))


@pytest.fixture
def run(tiny_model):
    def estimate_tiny(image, **options):
        return nb.estimate_blur(image, model=tiny_model, device="cpu", **options)

    return estimate_tiny


def same(a, b, atol=1e-3):
    np.testing.assert_array_equal(a.status, b.status)
    np.testing.assert_allclose(a.sigma, b.sigma, atol=atol)
    np.testing.assert_allclose(a.uncertainty, b.uncertainty, atol=atol)


@pytest.mark.parametrize("tile", [1, 64, 96, 160])
def test_tiled_equals_whole(run, tile):
    same(run(PICTURE, tile=tile), run(PICTURE, tile=4096))


@pytest.mark.parametrize("kind", ["dense", "patch"])
def test_another_device_gets_a_network_of_its_own(kind, tiny_model, monkeypatch):
    """The processor by its number stands in for a GPU: the model's own network stays where it is."""
    model = tiny_model if kind == "dense" else nb.load_model("patch30").variant(stride=16)
    other, edges = torch.device("cpu", 0), []
    here = nb.estimate_blur(PICTURE, model=model, device="cpu")
    monkeypatch.setattr(reading, "choose_device", lambda device, network: edges.append(network) or other)
    same(nb.estimate_blur(PICTURE, model=model), here)
    assert edges == [model.estimator]
    assert reading.reader_of(model, "cuda").over.network is not model.estimator


def test_a_place_depends_on_its_surroundings_only(run):
    """No statistics of the whole picture: what is far away changes nothing."""
    wide = np.tile(PICTURE, (1, 8))
    other = wide.copy()
    other[:, 1200:] = 5 * other[:, 1200:] ** 2 + 3
    a, b = run(wide), run(other)
    np.testing.assert_allclose(a.sigma[:, :400], b.sigma[:, :400], atol=2e-3)
    assert np.abs(a.sigma - b.sigma)[:, 1250:].max() > 0.01


@pytest.mark.parametrize(
    "dtype", ["bool", "u1", "i1", "u2", "i2", "u4", "i4", "u8", "i8", "f2", "f4", "f8", ">u2", ">f4"]
)
def test_every_real_type(run, dtype):
    scaled = PICTURE > 0.5 if dtype == "bool" else (100 * PICTURE).astype(dtype)
    m = run(scaled)
    assert m.sigma.dtype == m.uncertainty.dtype == np.float32
    assert m.status.dtype == np.uint8
    assert m.sigma.shape == PICTURE.shape
    assert np.isfinite(m.sigma).all()
    # Not 1.0 for True: that is full scale of floats.
    same(m, run(0.5 * scaled.astype(np.float64)))


def test_gain_and_offset_change_nothing(run):
    base = run((200 * PICTURE).astype(np.uint8))
    same(run((200 * PICTURE).astype(np.uint8).astype(np.uint16) * 200 + 3000), base)
    np.testing.assert_allclose(run(1e-9 * PICTURE + 5e-9).sigma, run(PICTURE).sigma, atol=1e-3)


def test_leading_axes_are_planes(run):
    stack = np.stack([[PICTURE, PICTURE[::-1]], [PICTURE[:, ::-1], PICTURE**2]])
    m = run(stack, axes="TZYX")
    assert m.axes == ("t", "z", "y", "x")
    same(SimpleNamespace(sigma=m.sigma[1, 0], uncertainty=m.uncertainty[1, 0], status=m.status[1, 0]), run(stack[1, 0]))


@pytest.mark.parametrize(("blurs", "told"), [((1.0, 1.2, 1.8), True), ((1.4, 1.5, 1.6), False)])
def test_colours_that_are_not_equally_blurred_get_a_word(blurs, told):
    scene = 200 * random_scene((160, 192), np.random.default_rng(1), kind="dead leaves")
    colour = np.stack([nb.apply_blur(scene, blur) for blur in blurs], axis=-1).astype(np.uint8)
    notes = " ".join(nb.estimate_blur(colour, channel_axis=-1, device="cpu").sensor_notes)
    assert ("not equally blurred" in notes) == told
    found = re.findall(r"sigma ([\d.]+) px in red, ([\d.]+) px in blue", notes)
    assert len(found) == told
    for pair in found:
        assert tuple(map(float, pair)) == pytest.approx((blurs[0], blurs[2]), abs=0.15)


def test_colour_is_its_luminance(run):
    colour = RNG.random((64, 70, 3)).astype(np.float32)
    m = run(colour, channel_axis=-1)
    same(m, run(colour @ np.array([0.299, 0.587, 0.114], np.float32)), atol=5e-3)
    assert m.axes == ("y", "x")


def test_invalid_pixels(run):
    holes = PICTURE.copy()
    holes[20:40, 30:60] = np.nan
    holes[0], holes[:, -1] = np.inf, -np.inf
    m = run(holes)
    bad = ~np.isfinite(holes)
    assert (m.status[bad] == Status.INVALID).all()
    assert np.isnan(m.sigma[bad]).all()
    assert np.isfinite(m.sigma[~bad]).all()
    assert (m.status[~bad] != Status.INVALID).all()
    # What is written where there are no data plays no role.
    alpha = np.stack([np.where(bad, 77.0, holes)] * 3 + [~bad], axis=-1)
    np.testing.assert_allclose(run(alpha, channel_axis=-1).sigma, m.sigma, atol=1e-3)


def test_all_nan(run):
    with pytest.raises(nb.BlurMapError, match="Every pixel"):
        run(np.full((40, 40), np.nan))
    stack = np.stack([PICTURE, np.full_like(PICTURE, np.nan)])
    assert (run(stack).status[1] == Status.INVALID).all()


@pytest.mark.parametrize("shape", [(32, 32), (33, 47), (32, 400)])
def test_smaller_than_the_receptive_field(run, shape):
    m = run(PICTURE[:1].repeat(shape[0], 0).repeat(3, 1)[:, : shape[1]])
    assert m.sigma.shape == shape
    assert np.isfinite(m.uncertainty).all()


def test_saturated_plateau(run):
    picture = (120 * PICTURE).astype(np.uint8)
    picture[40:90, 50:120] = 255
    status = run(picture).status
    assert (status[45:85, 55:115] == Status.SATURATED).all()
    assert (status[:30] != Status.SATURATED).all()


def test_lists_memory_maps_and_zarr(run, tmp_path):
    base = run(PICTURE.astype(np.float32))
    path = tmp_path / "p.npy"
    np.save(path, PICTURE.astype(np.float32))
    same(run(np.load(path, mmap_mode="r")), base)
    store = zarr.create_array(tmp_path / "p.zarr", data=PICTURE.astype(np.float32), chunks=(50, 60))
    m = run(store)
    same(m, base)
    assert isinstance(m.sigma, np.ndarray)
    same(run(PICTURE.astype(np.float32).tolist()), base, atol=5e-3)


def test_the_error_of_the_shape_is_the_calibrated_one(tiny_model):
    """A card that says the shape is off by twice of what the network states."""
    torch.manual_seed(0)
    sizes = DenseConfig(**tiny_model.info.sizes | {"shape": True})
    info = replace(tiny_model.info, sizes=asdict(sizes))
    double = replace(info, calibration={"shape": [0.01, 1.0], "shape_error": [0.02, 2.0]})
    network = DenseNetwork(sizes).eval()
    stated, made = (nb.estimate_blur(PICTURE, model=Model(card, network)) for card in (info, double))
    np.testing.assert_allclose(made.ellipticity_error, 2 * stated.ellipticity_error, rtol=1e-4)
    np.testing.assert_array_equal(made.ellipticity_1, stated.ellipticity_1)


def test_dask_stays_lazy(run):
    read = []

    def plane(block, block_info=None):
        read.append(block_info[0]["array-location"][0] if block_info else None)
        return block

    stack = np.stack([PICTURE, PICTURE[::-1]])
    lazy = da.from_array(stack, chunks=(1, 75, 203)).map_blocks(plane, dtype=stack.dtype, meta=np.empty((0, 0, 0)))
    m = run(lazy)
    assert len(read) == 4  # each chunk once, for what the sensor adds to all planes
    read.clear()
    assert isinstance(m.sigma, da.Array)
    assert m.sigma.shape == stack.shape
    np.testing.assert_allclose(m.sigma[1].compute(), run(stack[1]).sigma, atol=1e-3)
    assert {r[0] for r in read} == {1}
    assert m.masked().status.compute().dtype == np.uint8


def test_probabilities(run):
    m = run(PICTURE, keep_probabilities=True)
    assert m.probabilities.shape == (10, 38, 51)
    np.testing.assert_allclose(m.probabilities.sum(axis=0), 1, atol=1e-5)
    np.testing.assert_allclose(run(PICTURE, keep_probabilities=True, tile=64).probabilities, m.probabilities, atol=1e-5)
    mean = np.tensordot(m.sigma_grid, m.probabilities, axes=1)
    # The value of an output cell is at the centre of its 4 x 4 pixels; between centres the map is linear.
    places = [(np.arange(n) + 0.5) / 4 - 0.5 for n in PICTURE.shape]
    expected = ndimage.map_coordinates(mean, np.meshgrid(*places, indexing="ij"), order=1, mode="nearest")
    whole = (slice(148), slice(200))  # beyond it the network saw a part of a cell only
    np.testing.assert_allclose(m.sigma[whole], expected[whole], atol=2e-3)


def test_progress_and_cancel(run):
    calls = []
    run(np.stack([PICTURE] * 2), tile=64, progress=lambda *a: calls.append(a))
    done, total, _ = calls[-1]
    assert done == total == len(calls)
    assert [c[0] for c in calls] == list(range(1, total + 1))
    assert "plane 2 of 2" in calls[-1][2]

    seen = []
    with pytest.raises(nb.Cancelled) as stopped:
        run(np.stack([PICTURE] * 2), tile=64, progress=lambda *a: seen.append(a), cancel=lambda: len(seen) > total // 2)
    partial = stopped.value.partial
    assert partial.provenance["partial"] is True
    assert np.isfinite(partial.sigma[0]).all()
    assert np.isnan(partial.sigma[1]).all()
    assert (partial.status[1] == Status.INVALID).all()
    assert len(seen) == total // 2 + 1


def test_provenance_is_json(run, tiny_model, tmp_path):
    file = tmp_path / "picture.tif"
    file.write_bytes(b"anything")
    layer = SimpleNamespace(
        data=PICTURE, scale=(0.2, 0.2), units=("um", "um"), source=SimpleNamespace(path=str(file)), rgb=False
    )
    m = run(layer, tile=100)
    about = json.loads(json.dumps(m.provenance))
    assert about["model"] == "tiny"
    assert about["model_hash"] == tiny_model.hash
    assert about["device"] == "cpu"
    assert about["reference"] == "absolute"
    assert about["parameters"] == {"axes": ["y", "x"], "channel_axis": None, "tile": 128, "noise": "auto"}
    assert about["source"]["path"] == str(file)
    assert about["source"]["sha256"] == hashlib.sha256(b"anything").hexdigest()
    assert m.pixel_size == (0.2, 0.2)
    assert run(PICTURE).provenance["source"] is None


@pytest.mark.parametrize(
    ("options", "word"),
    [({"tile": 0}, "tile"), ({"tile": 1.5}, "tile"), ({"tile": "big"}, "tile")],
)
def test_bad_options(run, options, word):
    with pytest.raises(nb.BlurMapError, match=word):
        run(PICTURE, **options)


@pytest.mark.parametrize(
    "lack",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("[enforce fail at alloc_cpu.cpp:124] DefaultCPUAllocator: can't allocate memory"),
    ],
)
def test_memory_runs_out(run, tiny_model, monkeypatch, lack):
    """A tile too large is halved until it fits; the result is the same."""
    base = run(PICTURE)
    trunk, read, tried = tiny_model.estimator.trunk, Reader.read, []

    def told(reader, *given, **options):
        tried.append(reader.tile)
        return read(reader, *given, **options)

    def small_memory(level):
        if level.contrast.shape[-1] > 190:
            raise lack
        return trunk(level)

    monkeypatch.setattr(Reader, "read", told)
    monkeypatch.setattr(tiny_model.estimator, "trunk", small_memory)
    same(run(PICTURE, tile=512), base)
    assert tried == [512, 256, 128]

    def no_memory(level):
        raise lack

    monkeypatch.setattr(tiny_model.estimator, "trunk", no_memory)
    with pytest.raises(nb.BlurMapError, match="memory of cpu does not hold"):
        run(PICTURE)
    assert tried[3:] == [1024, 512, 256, 128, 64]


def test_a_picture_too_large_for_memory_is_refused_in_words(run):
    with pytest.raises(nb.BlurMapError, match=r"memory does not hold .* of shape \(10000000,"):
        run(np.broadcast_to(np.float32(1), (10**7, 10**7)))


def test_odd_halves_of_tiles_stay_on_the_grid(run, tiny_model, monkeypatch):
    """A tile edge of 160 is halved to 80, which is no multiple of the stride of 32."""
    base, trunk, failed = run(PICTURE), tiny_model.estimator.trunk, []

    def once(level):
        if not failed:
            failed.append(True)
            raise torch.OutOfMemoryError("out of memory")
        return trunk(level)

    monkeypatch.setattr(tiny_model.estimator, "trunk", once)
    same(run(PICTURE, tile=160), base)


def test_what_is_masked_is_no_data(run):
    mask = np.zeros(PICTURE.shape, bool)
    mask[:, 60:80] = True
    wild = np.where(mask, 1e3, PICTURE)
    m = run(np.ma.masked_array(wild, mask))
    same(m, run(np.where(mask, np.nan, PICTURE)))
    assert (m.status[mask] == Status.INVALID).all()
    lazy = da.from_array(np.ma.masked_array(wild, mask), chunks=(50, 60))
    found = run(lazy)
    np.testing.assert_array_equal(np.asarray(found.status), m.status)
    np.testing.assert_array_equal(np.asarray(found.sigma), m.sigma)


def test_numbers_of_numpy_are_numbers(run):
    colour = np.stack([PICTURE] * 3)
    m = run(colour, channel_axis=np.argmin(colour.shape), tile=np.int64(64))
    assert m.provenance["parameters"]["channel_axis"] == 0
    assert m.summary(np.median(m.sigma))["reference"] == m.summary(float(np.median(m.sigma)))["reference"]


@pytest.mark.parametrize("wrong", [{"pixel_size": (1, 1, 1)}, {"pixel_size": "a"}, {"pixel_size": 0.2, "unit": "s"}])
def test_no_pixel_size(run, wrong):
    with pytest.raises(nb.BlurMapError, match="expected a length"):
        run(PICTURE, **wrong)


def test_the_picture_guides_in_its_own_order_of_axes(run):
    """Square, so that nothing but the names tells y from x; given again as it was, or in a layer."""
    from napari.layers import Image as Layer

    square = nb.apply_blur(RNG.random((64, 64)), nb.sigma_ramp((64, 64), 0.5, 4.0))
    m, turned = run(square), run(square.T, axes="XY")
    assert turned.provenance["parameters"]["axes"] == ["x", "y"]
    colour = run(np.stack([square.T] * 3), axes="XY", channel_axis=0)
    pictures = [(turned, square.T), (colour, np.stack([square.T] * 3)), (m, square.tolist())]
    pictures += [(other, Layer(np.asarray(picture))) for other, picture in pictures]
    for other, picture in pictures:
        mine = replace(other, sigma=m.sigma, uncertainty=m.uncertainty, status=m.status)
        np.testing.assert_allclose(mine.filled(picture).sigma, m.filled(square).sigma, atol=1e-4)
        guided = nb.smooth_sigma(mine, "edge", image=picture)
        np.testing.assert_allclose(guided.sigma, nb.smooth_sigma(m, "edge", image=square).sigma, atol=1e-4)


def test_a_lazy_plane_is_estimated_once_for_a_summary_and_for_smoothing(run, monkeypatch):
    calls = []
    real = chunks.fill_maps
    monkeypatch.setattr(chunks, "fill_maps", lambda *a, **k: calls.append(1) or real(*a, **k))
    m = run(da.from_array(np.stack([PICTURE] * 2), chunks=(1, 48, -1)))
    m.summary()
    assert len(calls) == 2
    nb.smooth_sigma(m, "mean").sigma.compute()
    assert len(calls) == 4


def test_structure_must_be_likely():
    """At even odds the halos of bright nuclei count as specimen."""
    no = np.zeros((1, 4), bool)
    chance = np.array([[0.3, 0.6, 0.74, 0.76]], np.float32)
    found = pixels._status(np.ones_like(chance), 0.1 * np.ones_like(chance), 0 * chance, chance, no, ~no)
    assert found.tolist() == [[Status.EMPTY, Status.EMPTY, Status.EMPTY, Status.MEASURED]]

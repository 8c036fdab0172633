"""Fields, blur, camera, scenes and training crops: known answers and independent oracles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from skimage.feature import structure_tensor

import napari_blurmap as nb
from napari_blurmap.errors import BlurMapError
from napari_blurmap.synthesis.camera import Camera
from napari_blurmap.synthesis.crops import make_crop
from napari_blurmap.synthesis.fields import sigma_step
from napari_blurmap.synthesis.kernels import Gaussian
from napari_blurmap.synthesis.levels import blur_periodic, round_blur
from napari_blurmap.synthesis.scenes import SCENES, random_scene
from napari_blurmap.synthesis.textures import dead_leaves, power_law
from napari_blurmap.training import synthetic_crops as datasets
from napari_blurmap.training.synthetic_crops import SyntheticCrops

NOISE = np.random.default_rng(3).random((40, 52))


def test_ramp_and_sine_are_the_thesis_ones():
    ramp = nb.sigma_ramp((3, 271), 0.3, 3.0)
    np.testing.assert_allclose(ramp[0], 0.3 + 0.01 * np.arange(271), atol=1e-6)
    x = np.arange(1, 401)
    sine = nb.sigma_sine((2, 400), 0.1, 3.0, period=2 * np.pi / 0.02)
    np.testing.assert_allclose(sine[1], 1.55 + 1.45 * np.sin(0.02 * x), atol=1e-5)
    np.testing.assert_array_equal(nb.sigma_ramp((5, 4), 1, 2, axis=0), nb.sigma_ramp((4, 5), 1, 2).T)


def test_angles():
    field = nb.sigma_ramp((50, 50), 0.0, 1.0, angle=45.0)
    assert field[0, 0] == pytest.approx(0)
    assert field[-1, -1] == pytest.approx(1)
    np.testing.assert_allclose(field, field.T, atol=1e-6)
    step = sigma_step((10, 10), 1.0, 2.0, axis=-2, at=0.3)
    assert step[:3].max() == 1.0
    assert step[4:].min() == 2.0


@pytest.mark.parametrize(
    "call",
    [
        lambda: nb.sigma_ramp((4, 4), -1, 2),
        lambda: nb.sigma_ramp((4, 4, 4), 1, 2),
        lambda: nb.sigma_ramp((4, 4), 1, 2, axis=2),
        lambda: nb.sigma_sine((4, 4), 1, 2, period=0),
        lambda: nb.apply_blur(NOISE, -1.0),
        lambda: nb.apply_blur(NOISE, np.ones((3, 3))),
        lambda: nb.apply_blur(NOISE.astype(complex), 1.0),
        lambda: Camera(bits=20),
        lambda: random_scene((32, 32), 0, kind="clouds"),
    ],
)
def test_bad_input(call):
    with pytest.raises(BlurMapError):
        call()


@pytest.mark.parametrize("mode", ["reflect", "nearest", "wrap", "constant"])
def test_varying_blur_is_scipys_where_sigma_is_constant(mode):
    """A field that is constant but for one far corner takes the general road."""
    field = np.full(NOISE.shape, 1.7)
    field[-1, -1] = 0.4
    expected = ndimage.gaussian_filter(NOISE, 1.7, mode=mode)
    np.testing.assert_allclose(nb.apply_blur(NOISE, field, mode=mode)[:-1, :-1], expected[:-1, :-1], atol=1e-12)
    np.testing.assert_allclose(nb.apply_blur(NOISE, 1.7, mode=mode), expected, atol=1e-12)


def test_every_pixel_is_the_average_with_its_own_sigma():
    """Against the definition, written out with scipy's filter at the pixel's sigma."""
    field = nb.sigma_ramp(NOISE.shape, 0.1, 2.5, angle=30.0).astype(float)
    blurred = nb.apply_blur(NOISE, field)
    for y, x in [(0, 0), (7, 20), (39, 51), (20, 0), (25, 33)]:
        assert blurred[y, x] == pytest.approx(ndimage.gaussian_filter(NOISE, field[y, x])[y, x], abs=1e-12)


@given(st.floats(0.1, 3.0), st.floats(0.1, 3.0))
def test_a_constant_stays_constant(low, high):
    flat = np.full((36, 36), 0.7)
    np.testing.assert_allclose(nb.apply_blur(flat, nb.sigma_ramp(flat.shape, low, high, angle=20)), flat, atol=1e-12)


def test_blur_of_stacks_and_types():
    stack = (1000 * NOISE).astype(np.uint16)[None].repeat(2, 0)
    field = nb.sigma_ramp(NOISE.shape, 0.5, 2)
    blurred = nb.apply_blur(stack, field)
    assert blurred.shape == stack.shape
    assert blurred.dtype == np.float32
    np.testing.assert_allclose(blurred[1], nb.apply_blur(stack[1].astype(float), field), rtol=1e-4)
    np.testing.assert_array_equal(nb.apply_blur(stack, 0.0), stack)


def test_matlab_cut():
    impulse = np.zeros((41, 41))
    impulse[20, 20] = 1
    assert np.count_nonzero(nb.apply_blur(impulse, 1.0, truncate="matlab")) == 25


def test_camera_statistics():
    camera = Camera(bits=16, photons=400.0, read_noise=3.0, gain=2.0, offset=100.0)
    grey = camera.expose(np.full((400, 400), 0.5), np.random.default_rng(0)).astype(float)
    assert grey.mean() == pytest.approx(100 + 2 * 200, rel=2e-3)
    assert grey.var() == pytest.approx(4 * (200 + 9), rel=0.02)
    noise_free = Camera(bits=8, photons=None).expose(np.array([0.0, 1.0, 2.0]), np.random.default_rng(0))
    assert noise_free.tolist() == [0, 242, 255]


@pytest.mark.parametrize("kind", SCENES)
def test_scenes(kind):
    scene = random_scene((64, 96), 11, kind=kind)
    assert scene.shape == (64, 96)
    assert scene.dtype == np.float32
    assert 0 <= scene.min() < scene.max() <= 1
    np.testing.assert_array_equal(scene, random_scene((64, 96), 11, kind=kind))
    assert np.abs(scene - random_scene((64, 96), 12, kind=kind)).max() > 0.05


@pytest.mark.parametrize("kind", ["dead leaves", "power law", "nuclei", "filaments"])
def test_scenes_are_periodic(kind):
    """The step across the border is no larger than steps inside."""
    scene = random_scene((96, 96), 5, kind=kind)
    inside = np.abs(np.diff(scene, axis=1)).mean()
    border = np.abs(scene[:, 0] - scene[:, -1]).mean()
    assert border < 3 * inside + 0.02


def test_power_law_has_its_exponent():
    scene = power_law((256, 256), np.random.default_rng(1), exponent=1.2)
    power = np.abs(np.fft.fft2(scene - scene.mean())) ** 2
    f = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.fftfreq(256)[None, :])
    band = (f > 0.02) & (f < 0.3)
    slope = np.polyfit(np.log(f[band]), np.log(power[band]), 1)[0]
    assert slope == pytest.approx(-2.4, abs=0.15)


def _grain(scene) -> tuple[float, float]:
    """Direction, degrees, and length over width, by the structure tensor of gradients."""
    yy, yx, xx = (part.mean() for part in structure_tensor(scene, sigma=2, mode="wrap", order="rc"))
    energies, directions = np.linalg.eigh([[xx, yx], [yx, yy]])
    x, y = directions[:, 0]  # along the grain the light changes least
    return float(np.degrees(np.arctan2(y, x)) % 180), float(np.sqrt(energies[1] / energies[0]))


@pytest.mark.parametrize("angle", [0.0, 30.0, 90.0, 120.0])
def test_grain_lies_along_its_direction(angle):
    noise = power_law((256, 256), np.random.default_rng(2), exponent=1.8, elongation=4.0, angle=angle)
    seen, ratio = _grain(noise)
    assert abs((seen - angle + 90) % 180 - 90) < 4
    assert ratio == pytest.approx(4.0, rel=0.2)


def test_fibres_lie_along_their_direction():
    straw = dead_leaves((256, 256), np.random.default_rng(3), leaf="line", along=(30.0, 8.0), textured=0.0)
    seen, ratio = _grain(straw)
    assert seen == pytest.approx(30, abs=5)
    assert ratio > 2


def test_leaves_cover_what_they_should():
    bare = dead_leaves((128, 128), np.random.default_rng(0), cover=0.1, textured=0.0)
    _, counts = np.unique(bare, return_counts=True)
    assert 0.75 < counts.max() / bare.size < 0.97


@pytest.mark.parametrize("low_high", [(1.1, 1.1), (0.3, 3.0), (2.0, 9.0)])
def test_training_blur_agrees_with_the_exact_one(low_high):
    scene = random_scene((128, 128), 4, kind="dead leaves")
    field = nb.sigma_sine(scene.shape, *low_high, period=50, angle=40.0)
    exact = nb.apply_blur(scene.astype(float), field, mode="wrap")
    error = np.abs(blur_periodic(scene, field) - exact)
    assert error.max() < 5e-3
    assert np.sqrt((error**2).mean()) < 5e-4


def test_crops_are_reproducible_and_labelled():
    data = SyntheticCrops(64, count=40, seed=3, largest=20.0)
    again = SyntheticCrops(64, count=20, seed=3, largest=20.0, first=20)
    np.testing.assert_array_equal(data[27][0], again[7][0])
    assert len(data) == 40
    with pytest.raises(IndexError):
        data[40]
    for i in range(12):
        inputs, truth = data[i]
        assert np.isfinite(inputs.numpy()).all()
        assert 0 <= float(inputs[0].min()) <= float(inputs[0].max()) <= 1
        assert 0 < float(truth[0].min()) <= float(truth[0].max()) <= 20.0


def test_lanes_share_no_scene(monkeypatch):
    """Crops of the third of four shards, batches of 5: no scene of another is painted."""
    monkeypatch.setattr(datasets, "_SUMS", 0)
    data = SyntheticCrops(64, count=4 * 55, seed=3, largest=20.0, shards=4, batch=5)
    painted = []
    paint = data._scene
    data._scene = lambda shard, number: painted.append((shard, number)) or paint(shard, number)
    for turn in range(11):
        for place in range(5):
            data[turn * 20 + 10 + place]
    assert {shard for shard, _ in painted} == {2}
    numbers = [number for _, number in painted]
    assert set(numbers) == {0, 1, 2, 3}
    assert numbers != sorted(numbers)  # older ones are drawn again
    assert not np.array_equal(paint(2, 0), paint(1, 0))


def test_some_scenes_are_sums_of_two(monkeypatch):
    """Least squares finds the two scenes of a sum, of which one may be inverted, and nothing else in it."""
    seen = []
    monkeypatch.setattr(datasets, "make_crop", lambda scene, rng, **_: seen.append(scene) or make_crop(scene, rng))
    data = SyntheticCrops(64, count=60, seed=3, largest=20.0)
    for number in range(60):
        data[number]
    known = [data._scene(0, number).astype(np.float64).ravel() for number in range(5)]
    basis = np.stack([*known, np.ones(64 * 64)], axis=1)
    sums = 0
    for scene in seen:
        weights, rest, *_ = np.linalg.lstsq(basis, scene.ravel().astype(np.float64), rcond=None)
        parts = weights[:-1][np.abs(weights[:-1]) > 1e-3]
        assert rest < 1e-3
        assert parts.size in (1, 2)
        assert parts.size == 1 or np.abs(parts).sum() == pytest.approx(1, abs=1e-3)
        assert 0 <= scene.min() <= scene.max() <= 1
        sums += parts.size == 2
    assert 4 < sums < 16


def test_another_picture_in_the_frame_shows_another_scene(monkeypatch):
    """Beside a flat scene there is detail only where the other one shows: in few crops, and never in all of one."""
    shown = []
    monkeypatch.setattr(
        datasets,
        "make_crop",
        lambda scene, rng, *, beside, largest: shown.append((scene, beside)) or make_crop(scene, rng),
    )
    data = SyntheticCrops(32, count=400, seed=3, largest=20.0)
    for number in range(370, 400):
        data[number]
    assert sum((scene != beside).any() for scene, beside in shown) > 15  # by chance it may be the same
    flat, other = np.full((64, 64), 0.5, np.float32), random_scene((64, 64), 1, kind="dead leaves")
    pairs = [
        [make_crop(flat, np.random.default_rng(seed), beside=beside).structure > 1 for beside in (flat, other)]
        for seed in range(120)
    ]
    more = [(theirs & ~own).mean() for own, theirs in pairs]
    assert 2 <= np.count_nonzero(more) <= 20
    assert max(more) < 0.95


@pytest.mark.parametrize("seed", [3, 11, 44, 29])
def test_an_empty_scene_has_no_structure(seed):
    assert (
        np.random.default_rng(seed).random() < 0.25
    )  # a plain crop, with nothing beside it: others add points, grain or dust
    crop = make_crop(np.full((64, 64), 0.5, np.float32), np.random.default_rng(seed))
    textured = make_crop(random_scene((64, 64), 1, kind="dead leaves"), np.random.default_rng(seed))
    assert np.median(crop.structure) < 0.5
    assert np.median(textured.structure) > 2 * np.median(crop.structure)


def test_plain_crops_have_something_beside_them_too():
    """A tenth of them: where the picture is not, its flat scene gives way to a black border or another picture."""
    seeds = [seed for seed in range(600) if np.random.default_rng(seed).random() < 0.26]
    flat, other = np.full((64, 64), 0.5, np.float32), random_scene((64, 64), 1, kind="dead leaves")
    pairs = [[make_crop(flat, np.random.default_rng(seed), beside=b) for b in (flat, other)] for seed in seeds]
    framed = [np.ptp(plain.picture) > 0.2 or (plain.picture != shown.picture).any() for plain, shown in pairs]
    assert np.mean(framed) == pytest.approx(0.105, abs=0.06)


@pytest.mark.parametrize("low", [0.1, 2.0])
def test_the_truth_of_a_round_blur_is_its_field(low):
    field = np.linspace(low, 4, 64 * 64, dtype=np.float32).reshape(64, 64)
    for wanted in (field, np.full_like(field, low)):
        blur = round_blur(wanted, Gaussian())
        np.testing.assert_array_equal(blur.sigma, wanted)
        assert not blur.anisotropy.any()

"""Sample pictures with known blur, made offline in a moment; each has its truth as a second layer."""

from __future__ import annotations

from functools import partial
from math import hypot, pi
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy import ndimage

from ..errors import BlurMapError
from ..ground.blur import apply_blur
from ..ground.version import VERSION
from ..result.blurmap import BlurMap
from ..synthesis.camera import Camera
from ..synthesis.depth import DepthLayer, depth_scene, slice_depth
from ..synthesis.fields import sigma_ramp, sigma_sine
from ..synthesis.specimens import text_page
from ..synthesis.textures import dead_leaves
from .layers.geometry import placement
from .layers.layers import sigma_layer

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Plane = NDArray[np.float32]
    Layers = list[tuple[Any, dict[str, Any], str]]

_SHAPE = (512, 512)
#: A 20x objective before a camera with pixels of 6.5 um.
_PIXEL = (0.325, "micrometer")
_SEED = 20
#: Smallest and largest sigma and the period of the thesis's sine, 1.55 + 1.45 sin(0.02 x) px.
_SINE = (0.1, 3.0, 2.0 * pi / 0.02)
_SHARP, _MIDDLE, _BLURRED = 0.3, 1.5, 3.0
_RAMP = (_SHARP, _BLURRED)
# Of the motorcycle's stereo pair (Middlebury 2014, in pixels of scikit-image's version): baseline in mm and the
# difference of the principal points, which together turn a disparity into the size of a pixel at that distance.
_BASELINE, _PRINCIPAL = 193.001, 31.086
_NEAR, _FAR = 48.0, 10.0


def _blurred(name: str, scene: Callable[..., Plane], field: Callable[..., Plane], *ends: float, axis: int) -> Layers:
    """A texture or a page, sharp, blurred by a ramp or a sine along an axis."""
    sharp, sigma = scene(_SHAPE, np.random.default_rng(_SEED)), field(_SHAPE, *ends, axis=axis)
    return _layers(name, apply_blur(sharp, sigma), sigma)


def _objects(name: str, blur: tuple[float, float, float]) -> Layers:
    """A ground of leaves, a strand across it and some discs nearest to the lens, all of them textured."""
    y, x = np.indices(_SHAPE, dtype=np.float32)
    leaves = dead_leaves(_SHAPE, np.random.default_rng(_SEED))
    strand = np.abs(y - 0.5 * x - 130 - 30 * np.sin(x / 60)) - 45
    discs = np.min([np.hypot(y - a, x - b) - r for a, b, r in ((370, 130, 85), (150, 390, 70), (420, 430, 50))], axis=0)
    everywhere = np.ones(_SHAPE, np.float32)
    layers = [DepthLayer(leaves, everywhere, blur[0])]
    # The same leaves turned, so that all distances have the same detail, in other greys.
    objects = ((strand, blur[1], 0.35 + 0.65 * np.rot90(leaves)), (discs, blur[2], 0.7 - 0.7 * np.rot90(leaves, 2)))
    for edge, sigma, greys in objects:
        scene = np.ascontiguousarray(greys, dtype=np.float32)
        # A step of one pixel, as a pixel that the edge cuts in two sees it.
        layers.append(DepthLayer(scene, np.clip(0.5 - edge, 0.0, 1.0).astype(np.float32), sigma))
    return _layers(name, *depth_scene(layers))


def _motorcycle(name: str, focus: float) -> Layers:
    picture, disparity = _read_motorcycle()
    # A thin lens: the blur grows with the difference of the inverse distances, as the disparity does.
    rate = _BLURRED / (_NEAR - _FAR)
    layers = slice_depth(picture, disparity, lambda near: hypot(_SHARP, rate * (near - focus)), count=16)
    side = _BASELINE / (focus + _PRINCIPAL)
    return _layers(name, *depth_scene(layers), pixel=(round(side, 2), "millimeter"))


def _read_motorcycle() -> tuple[Plane, Plane]:
    """Luminance and disparity of scikit-image's stereo pair, the unknown disparities filled."""
    import skimage.data
    from PIL import Image

    folder = Path(skimage.data.__file__).parent
    try:
        with Image.open(folder / "motorcycle_left.png") as file:
            grey = np.asarray(file.convert("L"), dtype=np.float32) / 255.0
        with np.load(folder / "motorcycle_disp.npz") as arrays:
            disparity = arrays["arr_0"].astype(np.float32)
    except OSError as error:
        raise BlurMapError(
            "This scikit-image comes without its motorcycle, and samples are never downloaded. Open "
            "one of the samples with objects instead: they show the same."
        ) from error
    # Where one of the cameras sees nothing of a place its distance is not known; taken from the nearest that is.
    unknown = ~np.isfinite(disparity)
    place = ndimage.distance_transform_edt(unknown, return_distances=False, return_indices=True)
    return grey[:, 100:600], disparity[tuple(place)][:, 100:600]


def _layers(name: str, scene: NDArray[Any], sigma: Plane, pixel: tuple[float, str] = _PIXEL) -> Layers:
    """The picture that a camera takes of a scene, and its truth, hidden so that results are not mixed with it."""
    size, unit = pixel
    picture = Camera(bits=8).expose(scene, np.random.default_rng(_SEED))
    truth = BlurMap(
        sigma,
        np.zeros_like(sigma),
        np.zeros(sigma.shape, np.uint8),
        axes=("y", "x"),
        scale=(size, size),
        units=(unit, unit),
        provenance={"model": "truth", "version": VERSION, "sample": name, "reference": "absolute"},
    )
    placed = placement(truth, None)
    layer = sigma_layer(truth.sigma, placed, "truth sigma", metadata={"blurmap": truth, "blurmap_truth_of": name})
    layer.visible = False
    shown = {"name": name, "colormap": "gray", "contrast_limits": (0, 255), **placed.keywords}
    return [(picture, shown, "image"), layer.as_layer_data_tuple()]


_page = partial(text_page, font_size=18.0)
# What the manifest names; each gives the layers of a sample.
ramp_x = partial(_blurred, "texture, blur rising along x", dead_leaves, sigma_ramp, *_RAMP, axis=-1)
ramp_y = partial(_blurred, "texture, blur rising along y", dead_leaves, sigma_ramp, *_RAMP, axis=-2)
sine_x = partial(_blurred, "texture, blur waving along x", dead_leaves, sigma_sine, *_SINE, axis=-1)
sine_y = partial(_blurred, "texture, blur waving along y", dead_leaves, sigma_sine, *_SINE, axis=-2)
text_x = partial(_blurred, "text page, blur waving along x", _page, sigma_sine, *_SINE, axis=-1)
text_y = partial(_blurred, "text page, blur waving along y", _page, sigma_sine, *_SINE, axis=-2)
#: Objects at three distances, the nearest or the farthest in focus.
defocused_background = partial(_objects, "defocused background", (_BLURRED, _MIDDLE, _SHARP))
defocused_foreground = partial(_objects, "defocused foreground", (_SHARP, _MIDDLE, _BLURRED))
#: A photograph with measured depth, blurred as if focused on the motorcycle, or on what is behind it.
motorcycle_background = partial(_motorcycle, "motorcycle, defocused background", focus=_NEAR)
motorcycle_foreground = partial(_motorcycle, "motorcycle, defocused foreground", focus=_FAR)

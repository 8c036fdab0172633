"""What is kept of a map when many are made: figures of each plane and channel, and enough to compare them later."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import dataclass, field, replace
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np

from ..ground.status import judged
from ..ground.units import pixel_side
from ..result.optics_limit import resolved
from ..result.summary import compare

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from ..ground.status import Array
    from ..result.blurmap import BlurMap
    from ..result.objects import Object
    from ..result.optics_limit import Sharp

#: Places of a plane that speak for it when it is compared with what is known only after the last picture;
#: and of an object, of which a plane may have thousands.
_PLACES, _FEW = 256, 64
#: Edge of a small picture, pixels, and its greatest sigma over the smallest, as in the window.
_SMALL, _SPAN, _SHARPEST = 112, 16.0, 0.425


@dataclass(frozen=True)
class Measured:
    """Figures of a picture, or of a channel or plane of it.

    Parameters
    ----------
    at : dict
        Its place along every leading axis but that of channels, counted from 0.
    channel : int or None
        Which channel, counted from 0; None where the picture has no such axis.
    figures : dict
        What `BlurMap.summary` said.
    pixel_size : (float, float) or None
        Of y and x, in ``unit``.
    unit : str or None
        By pint's name.
    places : list of (float, float)
        Sigma and uncertainty at some judged places that speak for all, in the order of sigma.
    small : str
        Picture and map side by side, small: a JPEG in base 64.
    label : int or None
        Number of the object that it is.
    objects : list of Measured
        Its objects, where it is a plane.
    emission_nm : list of float or None
        Wavelength of each of the picture's channels, where the file names them.
    channel_count : int
        How many channels it has; 0 where that is not known.
    """

    at: dict[str, int]
    channel: int | None
    figures: dict[str, Any]
    pixel_size: tuple[float, float] | None = None
    unit: str | None = None
    places: list[tuple[float, float]] = field(default_factory=list)
    small: str = ""
    label: int | None = None
    objects: list[Measured] = field(default_factory=list)
    emission_nm: Sequence[float | None] = ()
    channel_count: int = 0

    @classmethod
    def of(cls, found: dict[str, Any]) -> Measured:
        """Made again from `dataclasses.asdict`; TypeError and KeyError where it is none."""
        return cls(**found | {"objects": [cls(**one) for one in found["objects"]]})

    @property
    def pixel_side(self) -> float | None:
        """Side of a square pixel; None where it is not known or not square."""
        return None if self.pixel_size is None else pixel_side(self.pixel_size)

    def named(self, channel: str | None) -> Measured:
        """The same as the channel that a file's name numbers from 1, where the picture has only one."""
        number = int(channel) if channel is not None and channel.isdecimal() else 0
        only = self.channel is None and self.channel_count == 1
        return replace(self, channel=number - 1) if only and number > 0 else self

    def summary(self, reference: Sharp = None) -> dict[str, Any]:
        """The figures against a reference, as `BlurMap.summary` gives them; to about 0.005 in ``sharp_share``."""
        reference = resolved(reference, self)
        sigma, uncertainty = np.array(self.places, np.float32).reshape(-1, 2).T
        found = compare(self.figures, reference, sigma, uncertainty)
        return self.figures if found["reference"] == self.figures["reference"] else found


def measure(found: BlurMap, figures: dict[str, Any], picture: Any = None, objects: Iterable[Object] = ()) -> Measured:
    """Keep what is needed of a map.

    Parameters
    ----------
    found : BlurMap
        The map, or a part of it.
    figures : dict
        Its summary.
    picture : array, shape (Y, X) or (Y, X, colours), optional
        The picture of a map of one plane, for a small copy of both.
    objects : iterable of Object
        Its objects, for figures of each.
    """
    at = dict(found.provenance.get("at", {}))
    channel = at.pop("c", None)
    small = "" if picture is None else _small(picture, found)
    known = (found.pixel_size, found.unit)
    places = _places(found.sigma, found.uncertainty, found.status)
    light = list(found.emission_nm)
    parts = [
        Measured(at, channel, one.summary(), *known, _places(*one.maps, _FEW), "", one.label, emission_nm=light)
        for one in objects
    ]
    return Measured(at, channel, figures, *known, places, small, None, parts, light, found.channel_count)


def _places(sigma: Array, uncertainty: Array, status: Array, most: int = _PLACES) -> list[tuple[float, float]]:
    """Some judged places, spread evenly over the order of sigma."""
    step = max(1, round((sigma.size / 2**14) ** 0.5))
    sigma, uncertainty, status = (np.asarray(a[..., ::step, ::step]) for a in (sigma, uncertainty, status))
    keep = judged(sigma, uncertainty, status)
    order = np.argsort(sigma[keep], kind="stable")
    middles = (np.arange(min(most, order.size)) + 0.5) * order.size / max(min(most, order.size), 1)
    chosen = order[middles.astype(int)]
    pairs = zip(sigma[keep][chosen].tolist(), uncertainty[keep][chosen].tolist(), strict=True)
    return [(float(f"{s:.4g}"), float(f"{u:.3g}")) for s, u in pairs]


def _small(picture: Any, plane: BlurMap) -> str:
    """Picture and map, side by side."""
    from matplotlib import colormaps
    from PIL import Image

    step = -(-max(plane.sigma.shape[-2:]) // _SMALL)
    grey = _grey(np.asarray(picture[::step, ::step]))
    maps = (a[..., ::step, ::step] for a in (plane.sigma, plane.uncertainty, plane.status))
    sigma, uncertainty, status = (np.asarray(a).reshape(a.shape[-2:]) for a in maps)  # it may have axes of size 1
    with np.errstate(divide="ignore", invalid="ignore"):
        level = np.log(sigma / _SHARPEST) / np.log(_SPAN)
    colours = colormaps["viridis"](np.clip(np.nan_to_num(level), 0, 1), bytes=True)[..., :3]
    colours[~judged(sigma, uncertainty, status)] = 140
    both = np.concatenate([np.repeat(grey[..., None], 3, axis=-1), colours], axis=1)
    stream = BytesIO()
    Image.fromarray(both).save(stream, "JPEG", quality=75)
    return b64encode(stream.getvalue()).decode()


def _grey(picture: NDArray[Any]) -> NDArray[np.uint8]:
    """Grey values from the darkest to the brightest but for one in a hundred."""
    grey = picture.astype(np.float32)
    grey = grey[..., :3].mean(axis=-1) if grey.ndim == 3 else grey
    finite = grey[np.isfinite(grey)]
    low, high = np.percentile(finite, [1, 99]) if finite.size else (0.0, 1.0)
    scaled = 255 * (np.nan_to_num(grey, nan=low) - low) / max(high - low, 1e-9)
    return np.clip(scaled, 0, 255).astype(np.uint8)

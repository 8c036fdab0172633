"""What the sensor adds to a picture, found once and the same for all its planes: its noise and its patterns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import number, shown
from ..ground.arrays import together
from .camera_noise import CameraNoise, noise_of
from .light import levels_of, read_light
from .patterns import Patterns, find_patterns
from .plane import WHOLE

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from .light import Levels
    from .stack import Stack

    Part = tuple[NDArray[Any], NDArray[np.bool_]]
    #: What a user may say of the noise.
    GivenNoise = Literal["auto"] | float | Sequence[float] | Mapping[str, float] | CameraNoise

#: Pixels of each channel that are looked at, planes over which they are spread, and the edge of a part of a large one.
_SAMPLE, _PLANES, _EDGE = 2_000_000, 4, 512
#: Share of pixels at the lowest value, and how many times as many as at the next, from which the ground is cut off.
_CUT_SHARE, _CUT_TIMES = 0.002, 1.5
#: A given noise that differs by this factor from what the picture shows gets a word.
_FAR = 2.0
#: The square of a grey level can still be counted.
_LARGEST = 1e100
_EXPECTED = (
    "'auto', the standard deviation in grey levels, or a camera as (gain, offset, read noise): grey levels an "
    "electron, grey level in the dark, and electrons"
)


_NONE = Patterns()


@dataclass(frozen=True)
class Sensor:
    """Of one channel of a picture.

    Parameters
    ----------
    noise : CameraNoise or None
        None where it cannot be known.
    patterns : Patterns
        What `napari_blurmap.picture.plane.read_plane` takes out.
    notes : tuple of str
        What the user should know of both.
    levels : Levels or None
        Of planes too large to be read as a whole; None where each plane has its own.
    """

    noise: CameraNoise | None = None
    patterns: Patterns = _NONE
    notes: tuple[str, ...] = ()
    levels: Levels | None = None


@dataclass(frozen=True)
class Sensors:
    """Of all channels of a picture.

    Parameters
    ----------
    channels : tuple of Sensor
        One for each index along the channel axis.
    axis : int or None
        The channel axis among the leading axes.
    """

    channels: tuple[Sensor, ...]
    axis: int | None = None

    def at(self, index: tuple[int, ...]) -> Sensor:
        """That of a plane."""
        return self.channels[0 if self.axis is None else index[self.axis]]

    def record(self) -> list[dict[str, Any]]:
        """What provenance keeps: a dict for each channel, JSON only."""
        return [{"noise": one.noise and asdict(one.noise), "notes": list(one.notes)} for one in self.channels]


def as_noise(noise: Any) -> CameraNoise | None:
    """Understand what a user says of the noise.

    Parameters
    ----------
    noise : "auto", float, sequence of 3 float, mapping or CameraNoise
        Nothing; the standard deviation everywhere, grey levels; or a camera's
        gain (grey levels an electron), offset (grey level in the dark) and
        read noise (electrons), in this order or by these names:
        ``{"gain": 2.2, "offset": 100, "read_noise": 1.5}``.

    Returns
    -------
    CameraNoise or None
        None for "auto".

    Raises
    ------
    BlurMapError
        For anything else, and for noise below 0.

    Examples
    --------
    >>> as_noise((2.0, 100.0, 3.0)).variance([100.0, 300.0]).tolist()
    [36.0, 436.0]
    """
    if isinstance(noise, CameraNoise) or (isinstance(noise, str) and noise == "auto"):
        return noise if isinstance(noise, CameraNoise) else None
    if isinstance(noise, Mapping):
        if not set(noise) <= {"gain", "offset", "read_noise"} or "gain" not in noise:
            raise BlurMapError(
                f"noise is {shown(noise)}; expected {_EXPECTED}, or a dict of gain, offset and read_noise."
            )
        noise = (noise["gain"], noise.get("offset", 0.0), noise.get("read_noise", 0.0))
    if isinstance(noise, (tuple, list)) or (isinstance(noise, np.ndarray) and noise.ndim == 1):
        if len(noise) != 3:
            raise BlurMapError(f"noise is {shown(noise)}; expected {_EXPECTED}.")
        gain = number("The gain of the noise", noise[0], "grey levels an electron, above 0", above=0, most=_LARGEST)
        offset = number("The offset of the noise", noise[1], "a grey level", least=-_LARGEST, most=_LARGEST)
        read = number("The read noise", noise[2], "electrons, 0 or more", least=0, most=_LARGEST)
        dark = (gain * read) ** 2
        return CameraNoise((offset, offset + gain), (dark, dark + gain**2))  # in the dark, and an electron later
    deviation = number("noise", noise, _EXPECTED, least=0, most=_LARGEST)
    return CameraNoise((0.0, 0.0), (deviation**2, deviation**2))


def typed_noise(text: str) -> GivenNoise:
    """Understand noise as it is typed: in the panel's field, or after ``--noise``.

    Parameters
    ----------
    text : str
        ``"auto"`` or nothing; a number; gain / offset / read noise, with any of ``/ , ;`` or spaces between them.

    Returns
    -------
    "auto", float or tuple of 3 float
        For the ``noise`` of `napari_blurmap.estimate_blur`.

    Raises
    ------
    BlurMapError
        For anything else, and for noise below 0.

    Examples
    --------
    >>> typed_noise("2.2 / 100 / 1.5"), typed_noise("3"), typed_noise("")
    ((2.2, 100.0, 1.5), 3.0, 'auto')
    """
    words = re.split(r"\s*[/,;\s]\s*", text.strip())
    if words in ([""], ["auto"]):
        return "auto"
    try:
        numbers = tuple(float(word) for word in words)
    except ValueError:
        numbers = ()
    if len(numbers) not in (1, 3):
        raise BlurMapError(f"noise is {shown(text)}; expected {_EXPECTED}. Type auto, 3.5 or 2.2 / 100 / 1.5.")
    noise = numbers[0] if len(numbers) == 1 else numbers
    as_noise(noise)
    return noise


def noise_record(noise: GivenNoise) -> str | dict[str, list[float]]:
    """What provenance keeps of the noise that was asked for: "auto", or two points of the line; JSON only."""
    given = as_noise(noise)
    return "auto" if given is None else {"greys": list(given.greys), "variances": list(given.variances)}


def sensors_of(stack: Stack, noise: GivenNoise = "auto") -> Sensors:
    """Look at a sample of a picture.

    Parameters
    ----------
    stack : Stack
        The picture, lazy or not; at most some 2 million pixels a channel are read.
    noise : "auto" or what `as_noise` takes, default="auto"
        Of every channel. Where it is far from what the picture shows it is
        used all the same, with a note.

    Returns
    -------
    Sensors
        With the same noise and patterns for all planes of a channel.

    Raises
    ------
    BlurMapError
        For noise that cannot be understood.
    """
    given = as_noise(noise)
    axis = stack.axes.index("c") if "c" in stack.axes[:-2] else None
    channels = 1 if axis is None else stack.shape[axis]
    large = stack.shape[-2] * stack.shape[-1] > WHOLE
    return Sensors(tuple(_sensor(_cuts(stack, axis, channel), given, large) for channel in range(channels)), axis)


def _sensor(cuts: list[Any], given: CameraNoise | None, large: bool) -> Sensor:
    parts = [part for part in map(_part, cuts) if part is not None]
    patterns = _NONE
    if parts:
        patterns = find_patterns(*max(parts, key=lambda part: float(np.std(part[0][::3, ::3]))))
    levels = levels_of(cuts, patterns) if large else None
    if not parts:
        return Sensor(given, levels=levels)
    if patterns:
        parts = [(patterns.removed(grey), known) for grey, known in parts]
    shown_noise = noise_of(parts)
    words = (patterns.words(), _surprise(given, shown_noise, parts))
    if given is not None and shown_noise is not None and shown_noise.certain:
        given = replace(given, coarse=shown_noise.coarse)
    return Sensor(given or shown_noise, patterns, tuple(filter(None, words)), levels)


def _surprise(given: CameraNoise | None, found: CameraNoise | None, parts: list[Part]) -> str:
    """A word where the noise given is not what the picture shows."""
    if given is None or found is None:
        return ""
    some = np.concatenate([grey[known][::101] for grey, known in parts])
    level, all_of_it = float(np.median(some)), float(np.std(some))
    told, seen = float(given.deviation(level)), float(found.deviation(level))
    if found.certain and not 1 / _FAR < told / seen < _FAR:
        shows = f"the {seen:.3g} that the picture shows"
    elif told > all_of_it:
        shows = f"the standard deviation of the whole picture, {all_of_it:.3g}"
    else:
        return ""
    relation = "above" if told > seen else "below"
    return f"The noise given, {told:.3g} grey levels at a level of {level:.4g}, is far {relation} {shows}. It was used."


def _cuts(stack: Stack, axis: int | None, channel: int) -> list[Any]:
    """Some planes, or parts of large ones, in memory."""
    indices = [index for index in stack.indices() if axis is None or index[axis] == channel]
    chosen = [indices[i] for i in np.unique(np.linspace(0, len(indices) - 1, _PLANES + 2).round().astype(int)[1:-1])]
    return together(*(part for index in chosen for part in _cut(stack.plane(index), _SAMPLE // len(chosen))))


def _part(cut: Any) -> Part | None:
    """Grey levels, and where they are neither invalid nor cut off; None where nowhere."""
    grey, valid, saturated = read_light(cut)
    known = valid & ~saturated
    if not known.any() or float(np.abs(grey[known]).max()) >= _LARGEST:
        return None
    floats = np.where(valid, grey, 0).astype(np.result_type(grey, np.float32))
    return floats, known & ~_cut_off(grey, known)


def _cut(plane: Any, most: int) -> list[Any]:
    """A plane, or some parts of it spread over rows and columns; all begin at multiples of 16 pixels."""
    height, width = plane.shape[:2]
    if height * width <= most:
        return [plane]
    h, w = (min(n, max(_EDGE, _EDGE**2 // m)) for n, m in ((height, width), (width, height)))
    count = max(1, most // (h * w))
    # The golden ratio spreads columns evenly whatever the count.
    places = [((i + 0.5) / count, (i * 0.618 + 0.5) % 1.0) for i in range(count)]
    starts = [(int(y * (height - h)) // 16 * 16, int(x * (width - w)) // 16 * 16) for y, x in places]
    return [plane[y : y + h, x : x + w] for y, x in starts]


def _cut_off(grey: NDArray[Any], known: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Where a ground below the lowest value was cut off: far more pixels have it than the next one."""
    values = grey[known]
    lowest = values.min()
    at = grey == lowest
    count, others = np.count_nonzero(values == lowest), values[values > lowest]
    if count < _CUT_SHARE * values.size or not others.size:
        return np.zeros_like(at)
    return at if count > _CUT_TIMES * np.count_nonzero(others == others.min()) else np.zeros_like(at)

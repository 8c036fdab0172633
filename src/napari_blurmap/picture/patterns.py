"""Patterns that a sensor or a scanner lays over every picture: found once a picture, and taken out."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Grey = NDArray[np.floating[Any]]

#: Edge of the blocks in which alternation is measured, pixels.
_BLOCK = 16
#: A pattern counts from so many standard errors, and from this share of the light's spread, on.
_CERTAIN, _LEAST = 8.0, 2e-3
#: Rounding of float32 leaves this share of the light.
_ROUNDING = 1e-6
#: Largest shift between lines that is looked for, pixels; the smallest that matters; bands of lines that must agree.
_FARTHEST, _NEAREST, _BANDS = 12, 0.08, 8
#: Steps a pixel in which it is looked for.
_FINE = 4
#: What the difference between neighbouring lines must fall to when they are shifted back.
_CALMED = 0.85
#: Share of the light from which the fields of a chess board are colours.
_COLOURED = 0.02
#: Gaussian window of the local alternation of a colour mosaic, pixels.
_WINDOW = 6.0


@dataclass(frozen=True)
class Alternation:
    """How every second pixel differs: ``light + sign * (offset + gain * light)``, sign +1 and -1 in turn.

    Parameters
    ----------
    offset, gain : float
        Grey levels, and share of the light.
    """

    offset: float
    gain: float


@dataclass(frozen=True)
class Patterns:
    """What was found; parities count from the picture's first pixel.

    Parameters
    ----------
    columns, rows, chess : Alternation or None
        Between columns, rows, and the two colours of a chess board.
    mosaic : bool
        It is a raw colour picture: all three differ from place to place.
    shift : float
        Of every second line against the others along x, pixels.

    Examples
    --------
    >>> light = np.random.default_rng(0).normal(500.0, 5.0, (128, 128)).astype(np.float32)
    >>> light[:, 1::2] += 20
    >>> found = find_patterns(light)
    >>> round(found.columns.offset), found.rows
    (-10, None)
    """

    columns: Alternation | None = None
    rows: Alternation | None = None
    chess: Alternation | None = None
    mosaic: bool = False
    shift: float = 0.0

    def __bool__(self) -> bool:
        return self != Patterns()

    def removed(self, grey: Grey) -> Grey:
        """A plane without them.

        Parameters
        ----------
        grey : ndarray, shape (Y, X)
            Grey levels of a whole plane, or of a part that begins at even rows and columns.

        Returns
        -------
        ndarray of floats, shape (Y, X)
        """
        grey = grey.astype(np.result_type(grey, np.float32))
        offset, gain = np.zeros((2, 2)), np.ones((2, 2))
        for sign, found in zip(_signs((2, 2)), (self.columns, self.rows, self.chess), strict=True):
            if found is not None:
                offset, gain = offset + sign * found.offset, gain + sign * found.gain
        if self != Patterns(shift=self.shift):
            for y, x in np.ndindex(2, 2):
                grey[y::2, x::2] = (grey[y::2, x::2] - offset[y, x]) / max(float(gain[y, x]), 0.1)
        if self.mosaic:
            grey = _without_colours(grey)
        return shifted_back(grey, self.shift) if self.shift else grey

    def words(self) -> str:
        """What was found, for a note; empty where nothing was."""
        named = {"column": self.columns, "line": self.rows, "pixel (as on a chess board)": self.chess}
        found = [f"every second {name} is brighter" for name, one in named.items() if one is not None]
        if self.mosaic:
            found = ["it is a raw colour mosaic"]
        if self.shift:
            found.append(f"every second line is shifted by {abs(self.shift):.1f} px")
        return f"Taken out of the picture: {', '.join(found)}." if found else ""


def find_patterns(grey: Grey, known: NDArray[np.bool_] | None = None) -> Patterns:
    """Look for alternating columns, rows and colours, and for lines that are shifted in turn.

    Alternation at exactly every second pixel with one sign all over the picture
    is no specimen: detail of a specimen changes its sign from place to place,
    and so averages out.

    Parameters
    ----------
    grey : ndarray, shape (Y, X)
        Grey levels of a plane, or of a part that begins at even rows and columns.
    known : ndarray of bool, shape (Y, X), optional
        Pixels that are neither invalid nor clipped.

    Returns
    -------
    Patterns
    """
    grey = grey.astype(np.result_type(grey, np.float32))
    blocks = _blocks(grey)
    if known is not None:
        blocks = blocks[_blocks(known).all(axis=(1, 2))]
    if len(blocks) < 2 * _BANDS:
        return Patterns()
    level = blocks.mean(axis=(1, 2))
    alternating, even = _probe(), np.full(_BLOCK, 1 / _BLOCK, np.float32)
    spread = float(np.std(level)) + float(np.sqrt(np.mean(np.var(blocks, axis=(1, 2)))))
    columns, rows, chess = (
        _alternation(level, along_y @ blocks @ along_x, _LEAST * spread + _ROUNDING * float(np.abs(level).max()))
        for along_y, along_x in ((even, alternating), (alternating, even), (alternating, alternating))
    )
    middle = float(np.median(level))
    mosaic = chess is not None and abs(chess.offset + chess.gain * middle) > _COLOURED * abs(middle)
    found = Patterns(columns, rows, chess, mosaic)
    return found if mosaic else replace(found, shift=_line_shift(found.removed(grey)))


def _blocks(values: NDArray[Any]) -> NDArray[Any]:
    height, width = (n // _BLOCK for n in values.shape)
    whole = values[: height * _BLOCK, : width * _BLOCK].reshape(height, _BLOCK, width, _BLOCK)
    return whole.swapaxes(1, 2).reshape(-1, _BLOCK, _BLOCK)


def _probe() -> Grey:
    """Weights that give 1 for +1, -1, +1, ... and 0 for polynomials up to the fifth degree."""
    sixth = np.array([1.0, -6.0, 15.0, -20.0, 15.0, -6.0, 1.0]) / -64
    probe = np.zeros(_BLOCK)
    for start in range(_BLOCK - 6):
        probe[start : start + 7] += sixth * (-1) ** (start + 1)
    return (probe / (_BLOCK - 6)).astype(np.float32)


def _alternation(level: Grey, amplitude: Grey, least: float) -> Alternation | None:
    """The line of the amplitude over the light, if it is surely there."""
    x, y = level.astype(np.float64), amplitude.astype(np.float64)
    middle, width = x.mean(), x.std()
    design = np.stack([np.ones_like(x), (x - middle) / (width or 1.0)], axis=1)
    fit, error = np.zeros(2), np.zeros(2)
    rest = y
    for _ in range(9):  # Cauchy's weights: detail of the specimen makes long tails
        scale = max(1.48 * float(np.median(np.abs(rest))), 1e-3 * least, 1e-30)
        weight = 1 / (1 + (rest / scale / 2) ** 2)
        inverse = np.linalg.inv(design.T @ (weight[:, None] * design) + 1e-9 * np.eye(2))
        fit, error = inverse @ design.T @ (weight * y), scale * np.sqrt(np.diag(inverse))
        rest = y - design @ fit
    gain = fit[1] / width if width and abs(fit[1]) > 5 * error[1] else 0.0
    if abs(fit[0]) < max(_CERTAIN * error[0], least) or abs(gain) > 1:
        return None
    return Alternation(float(fit[0] - gain * middle), float(gain))


def _signs(shape: tuple[int, ...]) -> tuple[Grey, Grey, Grey]:
    """+1 and -1 in turn between columns, rows and the fields of a chess board."""
    y, x = (np.where(np.arange(n) % 2 == 0, 1, -1).astype(np.float32) for n in shape)
    return x[None, :], y[:, None], y[:, None] * x[None, :]


def _without_colours(grey: Grey) -> Grey:
    """Luminance of a raw colour mosaic: colours lie at the three alternations, and are taken away there.

    Alleysson, Suesstrunk and Herault, "Linear demosaicing inspired by the human
    visual system", IEEE Transactions on Image Processing 14 (2005).
    """
    from scipy import ndimage  # slow to import, and a panel that opens needs none of it

    colours = [s * ndimage.gaussian_filter(s * grey, _WINDOW, mode="mirror") for s in _signs(grey.shape)]
    return np.asarray(grey - np.sum(colours, axis=0))


def _line_shift(grey: Grey) -> float:
    """By how much the odd lines lie to the right of the even ones, pixels; 0 where it is not sure."""
    odd = grey[1::2]
    count = len(odd) - 1
    lines = grey[2::2][:count], 0.5 * (odd[:-1] + odd[1:])  # an even line and the mean of its neighbours
    spectra = [np.fft.rfft(_detail(part), axis=1) for part in lines]
    cross = spectra[0].conj() * spectra[1]
    bands = np.array([band.sum(axis=0) for band in np.array_split(cross, _BANDS)])
    whole = _peak(bands.sum(axis=0), grey.shape[1])
    shifts = np.array([_peak(band, grey.shape[1]) for band in bands])
    error = 1.48 * float(np.median(np.abs(shifts - whole))) / np.sqrt(_BANDS)
    if abs(whole) < max(_NEAREST, 4 * error):
        return 0.0
    before, after = (float(np.mean(np.diff(a, n=2, axis=0) ** 2)) for a in (grey, shifted_back(grey, whole)))
    return whole if after < _CALMED * before else 0.0


def _detail(lines: NDArray[Any]) -> Grey:
    """Slopes along the lines, without what a Fourier transform would see at their ends."""
    slopes = np.gradient(lines, axis=1)
    return np.asarray(slopes * np.hanning(lines.shape[1]).astype(np.float32))


def _peak(cross: NDArray[np.complex64], width: int) -> float:
    """Place of the largest correlation, between pixels by a parabola."""
    steps = np.arange(-_FARTHEST * _FINE - 1, _FARTHEST * _FINE + 2)
    correlation = np.fft.irfft(cross, n=width * _FINE)[steps]
    best = int(np.argmax(correlation[1:-1])) + 1
    left, top, right = (float(c) for c in correlation[best - 1 : best + 2])
    bend = left - 2 * top + right
    return (float(steps[best]) + (0.5 * (left - right) / bend if bend < 0 else 0.0)) / _FINE


def shifted_back(grey: Grey, shift: float) -> Grey:
    """The odd lines moved to the left by ``shift`` pixels, between pixels by a cubic spline."""
    from scipy import ndimage

    whole = grey.copy()
    whole[1::2] = ndimage.shift(grey[1::2], (0, -shift), order=3, mode="nearest")
    return whole

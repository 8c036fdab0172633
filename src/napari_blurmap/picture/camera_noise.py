"""The noise of a camera: how it grows with the light and hangs together between neighbours, measured once a picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import ArrayLike, NDArray

    Float = NDArray[np.float64]

#: Edge of a block, pixels; fewer blocks than this are taken at half that distance.
_EDGE, _ENOUGH = 16, 1024
#: A block with more unusable pixels than this says nothing: clipping hides noise.
_UNUSABLE = 0.02
#: Grey levels at which the noise is measured, blocks that each needs, and the share of them that is calm.
_LEVELS, _EACH, _CALM = 12, 32, 0.03
#: Blocks that lie above the line by this factor show detail.
_DETAIL = 1.25
#: What the spectrum of white noise rises by at most, towards coarser detail, in the two finest bands and the next.
_FLAT = (1.16, 1.42)
#: What the spectrum of correlated noise rises by at most between detail of 5 and 10 pixels, and, where noise fills the
#: picture, between 10 and 16: it levels off, that of a specimen does not. The most of its fourth moment over the
#: squared second, 3 for noise, which is Gaussian. How much wider than noise the calm blocks may spread, and all
#: blocks where it fills the picture.
_RISES, _TAILS, _ALIKE, _SAME = (2.7, 3.5), 3.2, 1.35, 1.5
#: Correlated noise is below this share of the picture's contrast; where it fills the picture, of the light.
_FAINT, _SHARE = 0.25, 0.06
#: From so many standard errors on the borders of JPEG's blocks are surely there.
_CODED = 5.0
#: Variances above this, over that of rounding, show some of the noise.
_SEEN = 1.5
#: Fewest calm blocks; pixels that show the step between grey levels; grey levels whose squares can still be counted.
_FEW, _SAMPLE, _LARGEST = 8, 100_000, 1e100
#: The orthonormal cosine transform of a block, and how far each of its values lies from the mean, half waves a block.
_WAVES = np.arange(_EDGE)
_COSINES = np.cos(np.pi / _EDGE * (_WAVES + 0.5) * _WAVES[:, None]) * np.sqrt(2 / _EDGE)
_COSINES[0] = 1 / np.sqrt(_EDGE)
_DISTANCE = np.hypot(*np.mgrid[:_EDGE, :_EDGE])
#: Bands, from coarse to fine.
_BANDS = (3, 4, 6, 8, 11, 14, 23)
_RING, _ASIDE = np.digitize(_DISTANCE, _BANDS), np.minimum(*np.mgrid[:_EDGE, :_EDGE])
#: Coarser detail is mixed with uneven light, and the corner has least of a lens's light.
_HEARD, _CORNER = _RING > 0, _ASIDE >= 10
# A slope from one border of a block to the other looks like fine detail along an axis.
_RING[(_RING > 3) & (_ASIDE < 4)] = 0
#: Coarse detail that neither slopes of the light nor their bends along an axis have much of.
_LOW = ~_HEARD & (_DISTANCE > 1)
#: What means of 2 x 2 and 4 x 4 pixels keep of the energy.
_PAIRS, _FOURS = np.cos(np.pi / 2 / _EDGE * _WAVES) ** 2, np.cos(np.pi / _EDGE * _WAVES) ** 2
_TWO, _FOUR = np.outer(_PAIRS, _PAIRS), np.outer(_PAIRS * _FOURS, _PAIRS * _FOURS)


@dataclass(frozen=True)
class CameraNoise:
    """Variance of a picture's noise as a straight line over its grey level.

    Parameters
    ----------
    greys : (float, float)
        Two grey levels: those between which it was measured, or that give the line.
    variances : (float, float)
        Variance there, squared grey levels, rounding included. Photon noise
        rises with the grey level; after a gamma it falls.
    coarse : (float, float), default=(1.0, 1.0)
        Standard deviation of the noise in means of 2 x 2 and 4 x 4 pixels,
        over what white noise would leave: 1 and 1 for white noise, up to 2 and
        4 where neighbours have the same.
    certain : bool, default=True
        False where fine detail is everywhere: the noise may then be smaller,
        or, where a camera or a program smoothed it, larger.
    seen : bool, default=True
        False where rounding is all that was measured: elsewhere there may be more.

    Examples
    --------
    >>> noise = CameraNoise((100.0, 300.0), (4.0, 8.0))
    >>> noise.variance([50.0, 200.0, 500.0]).tolist()
    [4.0, 6.0, 12.0]
    >>> noise.deviation(100.0).item()
    2.0
    """

    greys: tuple[float, float]
    variances: tuple[float, float]
    coarse: tuple[float, float] = (1.0, 1.0)
    certain: bool = True
    seen: bool = True

    def variance(self, grey: ArrayLike) -> Float:
        """Variance at some grey levels: below the darkest that one's, above the brightest it may rise but not fall."""
        (low, high), (dark, bright) = self.greys, self.variances
        levels = np.asarray(grey)
        levels = levels.astype(np.result_type(levels, np.float32))
        t = (levels - low) / (high - low if high > low else 1.0)
        return np.asarray(dark + (bright - dark) * np.clip(t, 0.0, np.inf if bright > dark else 1.0))

    def deviation(self, grey: ArrayLike) -> Float:
        """Standard deviation at some grey levels."""
        return np.asarray(np.sqrt(self.variance(grey)))

    @property
    def width(self) -> float:
        """Sigma of the Gaussian that smooths white noise to this, pixels; 0 for white noise."""
        # In means of 2 x 2 pixels the deviation is 1 + r that of white noise; r, the correlation of neighbours, is
        # exp(-1 / (2 sigma)**2) after a Gaussian.
        correlation = min(self.coarse[0] - 1.0, 0.99)
        return float(0.5 / np.sqrt(-np.log(correlation))) if correlation > 0 else 0.0


def estimate_noise(picture: ArrayLike, *, usable: ArrayLike | None = None) -> CameraNoise | None:
    """Measure the noise of a picture.

    In blocks of 16 x 16 pixels the cosine transform tells fine detail from
    coarse. Detail of the specimen only ever adds to the noise, so at each grey
    level the calmest blocks count (the homogeneous blocks of Amer and Dubois,
    2005), and their finest corner, where a lens lets hardly any light through.
    Where the spectrum of the calmest blocks is flat at its fine end, the noise
    is white. Where it rises from there, levels off, and is the same in all of
    them, a camera or a program has smoothed the noise, and all of it counts.
    Else it is not certain.

    Parameters
    ----------
    picture : array_like, shape (Y, X)
        Grey levels.
    usable : array_like of bool, shape (Y, X), optional
        Pixels that are neither invalid nor clipped.

    Returns
    -------
    CameraNoise or None
        None where no block is left, or all pixels have one value.

    Examples
    --------
    >>> noisy = np.random.default_rng(0).normal(50.0, 3.0, (128, 128))
    >>> bool(abs(estimate_noise(noisy).deviation(50.0) - 3.0) < 0.2)
    True
    """
    grey = np.asarray(picture, dtype=np.float64)
    return noise_of([(grey, np.ones(grey.shape, bool) if usable is None else np.asarray(usable))])


def noise_of(parts: Iterable[tuple[NDArray[Any], NDArray[np.bool_]]]) -> CameraNoise | None:
    """The noise that several parts of a picture have in common; see `estimate_noise`.

    Parameters
    ----------
    parts : iterable of (ndarray, ndarray of bool), shapes (Y, X)
        Grey levels as floats, and which pixels are neither invalid nor clipped.

    Returns
    -------
    CameraNoise or None
    """
    steps, pairs, coded = [0.0], [(np.zeros(0), np.zeros((0, _EDGE, _EDGE)))], False
    for grey, known in parts:
        steps.append(grey_step(grey[known]))
        pairs.append(_spectra(grey, known))
        coded = coded or _has_jpeg_blocks(grey, max(steps))
    levels, spectra = (np.concatenate(each) for each in zip(*pairs, strict=True))
    if not spectra.any():
        return None
    rounding = max(max(steps) ** 2 / 12, 1e-12 * float(np.ptp(levels)) ** 2)
    fine = _line(levels, spectra[:, _CORNER].mean(axis=1), float(_CORNER.sum()), rounding)
    fine = replace(fine, seen=max(fine.variances) > _SEEN * rounding)
    correlated = None if coded else _correlated(levels, spectra, rounding)
    return replace(fine, certain=not coded) if correlated is None else correlated or replace(fine, certain=False)


def _correlated(levels: Float, spectra: Float, rounding: float) -> CameraNoise | Literal[False] | None:
    """The noise if its neighbours hang together; None if it is white, False if that cannot be told."""
    heard = spectra[:, _HEARD].mean(axis=1)
    # At first as for white noise: of a smooth one a block holds fewer independent values.
    rough = _line(levels, heard, _EDGE**2 / 2, rounding)
    ratio = np.maximum(heard, rounding) / rough.variance(levels)
    calm = np.argsort(ratio)[: max(_FEW, levels.size // 20)]
    energies = spectra[calm] / rough.variance(levels[calm])[:, None, None]
    spectrum = energies.mean(axis=0)
    tails = float(np.mean((energies**2).mean(axis=0)[_HEARD] / np.maximum(spectrum[_HEARD], 1e-30) ** 2))
    bands = [float(spectrum[ring == _RING].mean()) for ring in range(1, len(_BANDS))]
    if bands[-2] <= _FLAT[0] * bands[-1] and bands[-3] <= _FLAT[1] * bands[-2]:
        return None
    low, spectrum[~_HEARD] = float(spectrum[_LOW].mean()), bands[0]
    freedom = float(spectrum.sum() ** 2 / (spectrum**2).sum())
    quantiles = np.quantile(ratio, (_CALM, 0.2, 0.5, 0.9))
    expected = [_quantile(score, freedom) for score in (-1.88, -0.84, 0.0, 1.28)]
    # How much more energy the blocks have than if all were noise: those of some, of half, and of nearly all.
    some, half, most = quantiles[1:] / expected[1:] * (expected[0] / quantiles[0])
    deviation = np.sqrt(np.median(rough.variance(levels)))
    contrast, faint = np.std(levels) + np.sqrt(heard.mean()), deviation < _SHARE * abs(np.median(levels))
    is_noise = bands[0] < _RISES[0] * bands[2] and (deviation < _FAINT * contrast or (faint and half < _ALIKE))
    # The calmest blocks have less than the mean of what they were chosen by, but of all that is coarser.
    low *= float(ratio[calm].mean()) * _quantile(-1.88, freedom) / _quantile(-1.88, _EDGE**2 / 2)
    if faint and most < _SAME and low < _RISES[1] * bands[0]:
        is_noise, spectrum[~_HEARD] = True, low
    if not is_noise or tails > _TAILS or some > _ALIKE:
        return False
    line = _line(levels, heard, freedom, rounding)
    scale = float(spectrum.mean() / spectrum[_HEARD].mean())
    left = [float(np.sqrt(np.sum(spectrum * kept) / np.sum(spectrum))) for kept in (_TWO, _FOUR)]
    dark, bright = (scale * v for v in line.variances)
    return replace(line, variances=(dark, bright), coarse=(max(2 * left[0], 1.0), max(4 * left[1], 1.0)))


def _has_jpeg_blocks(grey: NDArray[Any], step: float) -> bool:
    """Whether it was compressed in blocks of 8 x 8 pixels, which leaves no noise to be measured."""
    phases, certain = [], []
    for differences in (np.abs(np.diff(grey, axis=1)), np.abs(np.diff(grey, axis=0)).T):
        most = max(3 * float(np.median(differences)), step)  # edges of the specimen count no more than that
        steps = np.minimum(differences, most).mean(axis=0, dtype=np.float64)
        steps = steps[: steps.size // 8 * 8].reshape(-1, 8)
        phases.append(int(np.argmax(steps.mean(axis=0))))
        excess = steps[:, phases[-1]] - np.median(steps, axis=1)
        certain.append(float(excess.mean() * np.sqrt(excess.size) / max(float(excess.std()), 1e-30)))
    return phases[0] == phases[1] and min(certain) > _CODED


def grey_step(values: NDArray[Any]) -> float:
    """Distance of neighbouring grey levels; 0 for numbers that hardly ever repeat.

    Parameters
    ----------
    values : ndarray
        Grey levels.

    Returns
    -------
    float
    """
    some = values.ravel()[:: max(1, values.size // _SAMPLE)]
    levels = np.unique(some)
    return float(np.diff(levels).min()) if 1 < levels.size < some.size / 2 else 0.0


def _spectra(grey: NDArray[Any], known: NDArray[np.bool_]) -> tuple[Float, Float]:
    """Mean grey level of every usable block, and the energies of its cosine transform, (N,) and (N, 16, 16)."""
    step = _EDGE if grey.size >= _ENOUGH * _EDGE**2 else _EDGE // 2

    def cut(values: NDArray[Any]) -> NDArray[Any]:
        return sliding_window_view(values, (_EDGE, _EDGE))[::step, ::step]

    usable = cut(~known).mean(axis=(2, 3)) <= _UNUSABLE
    blocks = cut(grey)[usable].astype(np.float64)
    blocks = blocks[(np.abs(blocks) < _LARGEST).all(axis=(1, 2))]  # nor is one of them NaN
    levels = blocks.mean(axis=(1, 2))
    return levels, (_COSINES @ (blocks - levels[:, None, None]) @ _COSINES.T) ** 2


def _line(levels: Float, energy: Float, freedom: float, rounding: float) -> CameraNoise:
    """The line under the calm ends of all grey levels: those that still show detail count for little."""
    groups = np.array_split(np.argsort(levels), int(np.clip(levels.size // _EACH, 1, _LEVELS)))
    y = np.maximum([_calm_end(energy[group], freedom) for group in groups], rounding)
    # The calm ones may be the darkest of a group, whose noise this is.
    calm = [group[np.argsort(energy[group])[: 1 + int(2 * _CALM * group.size)]] for group in groups]
    x = np.array([levels[group].mean() for group in calm])
    low, high = float(x.min()), float(x.max())
    if not high > low:
        return CameraNoise((low, low), (float(y.min()),) * 2)
    t = (x - low) / (high - low)
    ends, weight = (0.0, 0.0), np.ones_like(y)
    for _ in range(6):
        ends = _through(t, y, weight / y**2)
        weight = np.where(y > _DETAIL * (ends[0] + (ends[1] - ends[0]) * t), 0.1, 1.0)
    return CameraNoise((low, high), (max(ends[0], rounding), max(ends[1], rounding)))


def _through(t: Float, y: Float, weight: Float) -> tuple[float, float]:
    """Values at 0 and 1, neither below 0, of the line with the least squares."""
    design = np.stack([1 - t, t], axis=1)
    dark, bright = np.linalg.lstsq(design * np.sqrt(weight)[:, None], y * np.sqrt(weight))[0]
    if dark < 0:
        return 0.0, float(np.sum(weight * t * y) / np.sum(weight * t**2))
    if bright < 0:
        return float(np.sum(weight * (1 - t) * y) / np.sum(weight * (1 - t) ** 2)), 0.0
    return float(dark), float(bright)


def _calm_end(energy: Float, freedom: float) -> float:
    """Mean energy of blocks of noise alone, from the calm end of all blocks."""
    place = _CALM * (energy.size - 1)  # of the quantile among the sorted blocks; Blom's score says how far out it is
    score = NormalDist().inv_cdf((place + 0.625) / (energy.size + 0.25))
    return float(np.quantile(energy, _CALM)) / _quantile(score, freedom)


def _quantile(score: float, freedom: float) -> float:
    """Quantile of chi squared over its degrees of freedom, from the normal score (Wilson and Hilferty, 1931)."""
    return float(1 - 2 / (9 * freedom) + score * np.sqrt(2 / (9 * freedom))) ** 3

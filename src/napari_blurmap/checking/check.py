"""Check a model on a user's own picture: blur it by known amounts, estimate, compare."""

from __future__ import annotations

from dataclasses import asdict, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError, Cancelled
from ..estimate import estimate_blur
from ..ground.arguments import callback, entries, number, whole_seed
from ..ground.progress import Pace
from ..ground.readable import LARGEST_OWN, true_sigma
from ..ground.status import Status, judged
from ..ground.units import meters, pixel_side, unit_label
from ..ground.version import VERSION
from ..io.fingerprint import fingerprint
from ..models.registry import load_model
from ..picture.noise import blur_again
from ..picture.sample import take_sample
from ..picture.stack import as_stack
from .report import CheckReport, CheckRow

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from os import PathLike

    from numpy.typing import NDArray

    from ..ground.progress import Cancel, Progress
    from ..models.model import Model
    from ..picture.sample import CheckSample
    from ..picture.stack import Stack
    from ..result.blurmap import BlurMap

#: Fewer judged places than this are no sample.
_LEAST = 256
#: The smallest blur of the default list, px: below it sigma labels a kernel rather than a width.
_FIRST, _COUNT = 0.5, 10


def check_on_image(
    image: Any,
    *,
    model: str | PathLike[str] | Model = "default",
    sigmas: Sequence[float] | None = None,
    axes: Sequence[str] | None = None,
    channel_axis: int | None = None,
    pixel_size: float | tuple[float, float] | None = None,
    unit: str | None = None,
    plane: Sequence[int] | None = None,
    region: Sequence[int] | None = None,
    device: str = "auto",
    seed: int = 0,
    progress: Progress | None = None,
    cancel: Cancel | None = None,
    update: Callable[[CheckReport], None] | None = None,
) -> CheckReport:
    """Check how well a model reads blur on your own picture.

    The picture is blurred by known Gaussians, gets back the camera noise that
    the blur has smoothed away, is rounded and clipped as it was, and estimated.
    Where the model judged the picture as it is, its reading is compared with
    ``sqrt(s**2 + s0**2)``: s the blur added, s0 the model's own reading of the
    place before, of which no more than 0.7 px counts. Models that count from
    the sharpness of your own pictures are compared with s.

    Parameters
    ----------
    image : array-like or layer-like, shape (..., Y, X)
        As in `estimate_blur`; it should be as sharp as you can get it. It is
        not changed.
    model : str, path-like or Model, default="default"
        As in `estimate_blur`.
    sigmas : sequence of float, optional
        Blurs to add, pixels; by default ten from 0.5 px on, by equal factors,
        to what the model and the size of the picture allow.
    axes, channel_axis, pixel_size, unit
        As in `estimate_blur`.
    plane : sequence of int, optional
        Index along each leading axis; by default the plane with the most detail.
    region : sequence of 4 int, optional
        Rows from and to, columns from and to; 1024**2 pixels at most. By
        default all, or of a larger plane the part with the most detail.
    device : {"auto", "cpu", "cuda", "mps"}, default="auto"
        As in `estimate_blur`.
    seed : int, default=0
        Of the noise.
    progress, cancel : callable, optional
        As in `estimate_blur`.
    update : callable, optional
        ``update(report)``, called with the report before the first blur and
        again after each.

    Returns
    -------
    CheckReport
        Figures for every blur, the range that can be read, and warnings. One
        without rows that says why, where there is nothing to judge.

    Raises
    ------
    BlurMapError
        As `estimate_blur`, and for sigmas, a plane or a region that do not fit.
    Cancelled
        When ``cancel()`` returned True; ``partial`` is the report so far.

    See Also
    --------
    napari_blurmap.picture.noise.blur_again : how noise and blur go together.

    Examples
    --------
    >>> import napari_blurmap as nb
    >>> from napari_blurmap.synthesis.scenes import random_scene
    >>> picture = nb.apply_blur(random_scene((128, 128), 1, kind="dead leaves"), 0.6)
    >>> report = nb.check_on_image(picture, sigmas=[1.0, 2.0])
    >>> [row.added for row in report.rows], report.complete
    ([1.0, 2.0], True)
    """
    stack = as_stack(image, axes=axes, channel_axis=channel_axis, pixel_size=pixel_size, unit=unit)
    seed = whole_seed(seed)
    callback("update", update)
    loaded = load_model(model)
    report = CheckReport((), (), problem="it was stopped before the first estimate was done.")
    pace = Pace(1, progress, cancel, lambda: report)
    estimate = _estimator(loaded, device, pace)
    sample = take_sample(stack, plane=plane, region=region, between=pace.ask)
    asked = _asked(sigmas, loaded, min(sample.grey.shape))
    pace.total = len(asked) + 1
    before = estimate(sample.original, "the picture as it is")
    report = _first(stack, sample, before, asked, seed)
    if update is not None:
        update(report)
    if report.problem:
        return report
    cap = LARGEST_OWN if loaded.info.reference == "absolute" else 0.0
    for step, added in enumerate(asked, start=1):
        rng = np.random.default_rng((seed, step))
        again = sample.as_picture(blur_again(sample.grey, added, sample.noise, sample.digits, rng))
        after = estimate(again, f"blur {step} of {len(asked)}, {added:.3g} px")
        report = replace(report, rows=(*report.rows, _compare(before, after, added, cap)))
        if update is not None:
            update(report)
    return report


def _estimator(model: Model, device: str, pace: Pace) -> Callable[[NDArray[Any], str], BlurMap]:
    """Estimate pictures with a model, each as one step of the check."""

    def estimate(picture: NDArray[Any], message: str) -> BlurMap:
        pace.message = message
        pace.ask()
        colour = -1 if picture.ndim == 3 else None
        try:
            found = estimate_blur(
                picture, model=model, channel_axis=colour, device=device, progress=pace.within, cancel=pace.cancel
            )
        except Cancelled:
            raise Cancelled(pace.partial()) from None
        pace.done += 1
        return found

    return estimate


def _asked(sigmas: Sequence[float] | None, model: Model, side: int) -> tuple[float, ...]:
    """The blurs to add, rising."""
    if sigmas is None:
        last = max(2 * _FIRST, min(0.8 * model.info.sigma_range[1], side / 16))
        return tuple(float(f"{s:.2g}") for s in np.geomspace(_FIRST, last, _COUNT))
    what = f"numbers above 0 and up to a quarter of the smaller side of the part that is checked, {side / 4:g} px"
    asked = {number("sigmas", s, what, above=0, most=side / 4) for s in entries("sigmas", sigmas, what)}
    if not asked:
        raise BlurMapError(f"sigmas is empty; expected {what}.")
    return tuple(sorted(asked))


def _first(stack: Stack, sample: CheckSample, before: BlurMap, asked: tuple[float, ...], seed: int) -> CheckReport:
    """The report before the first blur."""
    chosen = judged(before.sigma, before.uncertainty, before.status)
    shares = {s.label: float(np.mean(before.status == s)) for s in Status}
    side = None if meters(stack.units[-1]) is None else pixel_side(stack.scale)
    about = {key: before.provenance[key] for key in ("model", "model_hash", "reference", "device")}
    report = CheckReport(
        (),
        asked,
        judged=float(chosen.mean()),
        shares=shares,
        noise=None if sample.noise is None else asdict(sample.noise),
        region=sample.region,
        plane=sample.plane,
        notes=sample.notes,
        pixel=None if side is None else (side, unit_label(stack.units[-1])),
        provenance=about | {"version": VERSION, "seed": seed, "source": fingerprint(stack.source)},
    )
    if chosen.sum() < _LEAST:
        reasons = sorted(((share, label) for label, share in shares.items() if share >= 0.005), reverse=True)
        words = ", ".join(f"{100 * share:.0f} % {label}" for share, label in reasons if label != Status.MEASURED.label)
        return replace(report, problem=f"hardly anything in it can be judged ({words or 'all too uncertain'}).")
    own = before.sigma[chosen]
    report = replace(report, own_sigma=float(np.median(own)))
    return replace(report, warnings=tuple(_warnings(report, sample, float(np.mean(own > LARGEST_OWN)))))


def _warnings(report: CheckReport, sample: CheckSample, blurred: float) -> Iterator[str]:
    """What weakens the check, and how."""
    if blurred > 0.25:
        words = f"The picture is itself blurred by more than {LARGEST_OWN} px in {100 * blurred:.0f} % of the judged "
        words += f"places (median {report.own_sigma:.2f} px)"
        if report.reference == "added":
            yield f"{words}: more than the pictures this model was trained on, so small blurs read too large."
        else:
            yield (
                f"{words}; {LARGEST_OWN} px of that count at most. An error at small blurs may be the picture's own "
                "blur: see 'all own', which counts all of it, or check on a sharper picture or region."
            )
    if report.judged < 0.2:
        yield (
            f"Only {100 * report.judged:.2g} % of the picture can be judged as it is: the figures rest on "
            f"{report.judged * sample.grey.size:.0f} pixels, neighbours among them."
        )
    clipped = float(sample.saturated.mean())
    if clipped > 0.01:
        yield (
            f"{100 * clipped:.0f} % of the picture is saturated. A real blur comes before the clipping, this one "
            "after it: near saturated places the check says little."
        )
    side = min(sample.grey.shape)
    if side < 16 * max(report.asked) or side < 128:
        yield (
            f"The part checked is only {sample.grey.shape[0]} x {sample.grey.shape[1]} px: few independent places, "
            "and hardly any for the largest blurs."
        )
    if sample.noise is None:
        yield "The noise could not be measured and was not put back: real pictures of that blur are noisier."


def _compare(before: BlurMap, after: BlurMap, added: float, cap: float) -> CheckRow:
    """One row: the places judged before and after, against their truth."""
    chosen, still = (judged(m.sigma, m.uncertainty, m.status) for m in (before, after))
    both = chosen & still
    count = int(both.sum())
    shares = count / int(chosen.sum()), float(still.mean())
    own = before.sigma[both if count else chosen].astype(np.float64)
    truth = true_sigma(added, own, cap)
    if not count:
        return CheckRow(added, float(np.median(truth)), 0, *shares, *(float("nan"),) * 11)
    sigma, error = after.sigma[both].astype(np.float64), after.uncertainty[both].astype(np.float64)
    wrong, raw, uncapped = sigma - truth, sigma - added, sigma - true_sigma(added, own, np.inf)
    low, middle, high = np.quantile(sigma, [0.16, 0.5, 0.84])
    return CheckRow(
        added=added,
        truth=float(np.median(truth)),
        n=count,
        judged_of_sample=shares[0],
        judged_of_all=shares[1],
        estimate=float(middle),
        low=float(low),
        high=float(high),
        uncertainty=float(np.median(error)),
        rmse=_rms(wrong),
        bias=float(np.mean(wrong)),
        rmse_added=_rms(raw),
        bias_added=float(np.mean(raw)),
        rmse_own=_rms(uncapped),
        within_one=float(np.mean(np.abs(wrong) <= error)),
        within_two=float(np.mean(np.abs(wrong) <= 2 * error)),
    )


def _rms(values: NDArray[np.float64]) -> float:
    return float(np.sqrt(np.mean(values**2)))

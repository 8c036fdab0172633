"""The recipe of a training on the user's pictures: what it learns from, and how fast."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ...ground.readable import LARGEST_OWN
from ..dense import TrainConfig
from ..patch import PatchTrainConfig
from .crops import CropConfig
from .learners import Learner, prepare_dense, prepare_patch
from .zero import BLURRIER

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ...models.model import Model
    from .config import TuneConfig
    from .pieces import Piece

#: Largest learning rate from a trained dense model, and from random weights.
_RATE, _RATE_NEW = 1e-3, 3e-3
#: Share of synthetic crops: so that empty ground, noise and all of the range are not forgotten.
_REHEARSAL = 0.25
#: Share of the other crops that are sums: from few pictures a network learns these by heart.
_MIXED = 0.4
#: Crops a step, and their edge in pixels for a sigma up to the limit, px, and for larger ones.
_BATCH, _EDGE, _LARGE, _LARGE_EDGE = 8, 192, 4.0, 256
#: What two trainings must agree in for one to go on from the other's checkpoint.
RECIPE = [_RATE, _RATE_NEW, _REHEARSAL, _MIXED, _BATCH, _EDGE, _LARGE_EDGE, BLURRIER]


def prepare(
    pieces: list[Piece], config: TuneConfig, start: Model | None, zero: float | None
) -> Iterator[str | Learner]:
    """Make data and network, saying how far it is; the last thing yielded is the learner.

    Parameters
    ----------
    pieces : list of Piece
        Of all pictures.
    config : TuneConfig
        What is asked for.
    start : Model or None
        Where to start; None: from random weights.
    zero : float or None
        The pictures' own blur, px.

    Yields
    ------
    str or Learner
        What is done now; at last the learner.
    """
    c = config
    if c.architecture == "patch":
        patch = PatchTrainConfig(minutes=c.minutes, steps=c.steps, seed=c.seed)
        yield from prepare_patch(pieces, c.sigmas, patch, start, c.device)
        return
    low, high = c.sigma_range
    widest = max(n for piece in pieces for n in piece.usable.shape)
    size = min(_EDGE if high <= _LARGE else _LARGE_EDGE, -(-widest // 32) * 32)
    rate, warm = (_RATE_NEW, 100) if start is None else (_RATE, 30)
    # A small batch would spoil the statistics of a trained network.
    frozen = TrainConfig.frozen_from if start is None else 0.0
    dense = TrainConfig(c.minutes, c.steps, _BATCH, rate, c.seed, size=size, warm=warm, workers=0, frozen_from=frozen)
    largest = dense.largest if start is None else start.info.sigma_grid[-1]
    own = min(zero or 0.0, LARGEST_OWN)
    crops = CropConfig(low, high, size, c.seed, _REHEARSAL, _MIXED, own, 1.25 * largest)
    yield from prepare_dense(pieces, crops, dense, start, c.device)

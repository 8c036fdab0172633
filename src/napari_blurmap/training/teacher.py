"""A trained network whose distributions are learned from beside the truth."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import torch

from ..errors import BlurMapError
from ..models.dense import DenseNetwork
from ..models.registry import load_model
from .synthetic_crops import network_inputs

if TYPE_CHECKING:
    from torch import Tensor

#: Weight of the teacher's distribution in what is learned, where it counts.
_PART = 0.85
#: Mean anisotropy up to which a crop counts as round.
_ROUND = 0.1


class Teacher:
    """A network that has learned for longer, for another that is smaller, or new to some kinds of pictures.

    The truth of a crop is one of all that its picture could be; the
    distribution of a network that has seen many more says which those are
    (Hinton, Vinyals and Dean 2015, arXiv 1503.02531). It counts in crops whose
    truth it finds likelier than the pupil does, and whose blur is round: older
    networks know no other.

    Parameters
    ----------
    model : str
        Name or path of a dense model.
    grid : Tensor, shape (K,)
        Values of sigma of the pupil, pixels.

    Raises
    ------
    BlurMapError
        If the model is not dense, or its values of sigma are others.

    Examples
    --------
    >>> from napari_blurmap.ground.grid import sigma_grid
    >>> Teacher("default", torch.from_numpy(sigma_grid(48, 24.0))).network.training
    False
    """

    def __init__(self, model: str, grid: Tensor) -> None:
        known = load_model(model)
        values = torch.tensor(known.info.sigma_grid)
        alike = values.shape == grid.shape and torch.allclose(values, grid.float().cpu())
        if not (isinstance(known.network, DenseNetwork) and alike):
            raise BlurMapError(
                f"The teacher {known.info.name} reads other values of sigma than the network to train; expected a "
                "dense model with the same grid of sigma, such as an earlier default."
            )
        self.network = known.network.fused().to(grid.device)

    @torch.no_grad()
    def beside(self, target: Tensor, logs: Tensor, inputs: Tensor, there: Tensor, anisotropy: Tensor) -> Tensor:
        """What to learn: the truth, and where it counts the teacher's distribution beside it.

        Parameters
        ----------
        target, logs : Tensor, shape (B, K, Y / 4, X / 4)
            Weights of the true sigma, and the logarithms of the pupil's.
        inputs : Tensor, shape (B, 5, Y, X)
            See `network_inputs`.
        there : Tensor, shape (B, Y / 4, X / 4)
            1 where there is something to read, 0 elsewhere.
        anisotropy : Tensor, shape (B, 2, Y / 4, X / 4)
            The truth.

        Returns
        -------
        Tensor, shape (B, K, Y / 4, X / 4)
        """
        taught = cast("Tensor", self.network(*network_inputs(inputs)))[:, : target.shape[1]].log_softmax(dim=1)
        unlikely, mine = (_mean(-(target * each).sum(dim=1), there) for each in (taught, logs))
        counts = (unlikely < mine) & (_mean(anisotropy.norm(dim=1), there) < _ROUND)
        return torch.lerp(target, taught.exp(), _PART * (counts[:, None, None] * there)[:, None])


def _mean(values: Tensor, there: Tensor) -> Tensor:
    """Of each crop where there is something to read."""
    return (values * there).sum(dim=(1, 2)) / there.sum(dim=(1, 2)).clamp_min(1)

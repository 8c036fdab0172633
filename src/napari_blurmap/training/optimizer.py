"""How the weights are changed: the matrices of convolutions by Muon, the rest by AdamW."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch import nn
from torch.optim import AdamW, Muon

if TYPE_CHECKING:
    from torch import Tensor

#: Decoupled weight decay.
_DECAY = 0.02


class MuonAdamW:
    """Muon for all convolutions of more than one channel, AdamW for norms, biases, the stem and the head.

    Muon makes the singular values of each update equal, which learns the same
    in fewer steps (Jordan et al. 2024, kellerjordan.github.io/posts/muon);
    scaled as in Liu et al. 2025 (arXiv 2502.16982), both take the same rate.

    Parameters
    ----------
    network : torch.nn.Module
        Where it will be trained: its weights must not move any more.
    head : torch.nn.Module
        The part of it that gives the output.
    rate : float
        Learning rate; change it in `param_groups`.
    """

    def __init__(self, network: nn.Module, head: nn.Module, rate: float) -> None:
        last = set(head.parameters())
        self._matrices: list[tuple[Tensor, nn.Parameter]] = []
        others = []
        for weight in network.parameters():
            if weight.ndim == 4 and weight.shape[1] > 1 and weight not in last:
                # A view: with channels last each filter is one row in memory already.
                matrix = nn.Parameter(_rows(weight.detach()))
                if matrix.data_ptr() != weight.data_ptr():
                    raise ValueError("the weights of convolutions are expected in the order channels last")
                self._matrices.append((weight, matrix))
            else:
                others.append(weight)
        self._adamw = AdamW(others, lr=rate, weight_decay=_DECAY)
        self._muon = Muon(
            [matrix for _, matrix in self._matrices], lr=rate, weight_decay=_DECAY, adjust_lr_fn="match_rms_adamw"
        )

    @property
    def param_groups(self) -> list[dict[str, Any]]:
        """Of both."""
        return self._adamw.param_groups + self._muon.param_groups

    def zero_grad(self) -> None:
        """Forget all gradients."""
        self._adamw.zero_grad()
        for weight, matrix in self._matrices:
            weight.grad = matrix.grad = None

    def step(self) -> None:
        """Change all weights by their gradients."""
        for weight, matrix in self._matrices:
            matrix.grad = None if weight.grad is None else _rows(weight.grad)
        self._adamw.step()
        self._muon.step()  # type: ignore[no-untyped-call]

    def state_dict(self) -> dict[str, Any]:
        """What is needed to go on from here."""
        return {"adamw": self._adamw.state_dict(), "muon": self._muon.state_dict()}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Go on from a `state_dict`."""
        self._adamw.load_state_dict(state["adamw"])
        self._muon.load_state_dict(state["muon"])


def _rows(weight: Tensor) -> Tensor:
    """Weights (O, I, Y, X) as one row for every filter."""
    return torch.flatten(weight.permute(0, 2, 3, 1), 1)

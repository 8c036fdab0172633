"""What every test of networks starts from."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded() -> None:
    """Weights and pictures that a test draws are the same each time, whichever tests ran before it."""
    torch.manual_seed(0)

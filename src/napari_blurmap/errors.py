"""The errors a user can meet: each says what happened, what was expected and what to do next."""

from __future__ import annotations

from typing import Any


class BlurMapError(ValueError):
    """Bad input or a file that cannot be used.

    The message is meant for the user as it stands: what happened, what was
    expected and what to do next. Panels and the command line show it without
    a traceback.

    Examples
    --------
    >>> from napari_blurmap import BlurMapError
    >>> issubclass(BlurMapError, ValueError)
    True
    """


class Cancelled(Exception):
    """The caller's ``cancel()`` returned True.

    Parameters
    ----------
    partial : BlurMap
        What was done until then; everything else is NaN there, status 5,
        and ``partial.provenance["partial"]`` is True. Of a check, the
        `CheckReport` with the blurs that were done; of a training stopped
        before its first step None.
    """

    def __init__(self, partial: Any) -> None:
        super().__init__("It was cancelled; .partial holds what was done until then.")
        self.partial = partial

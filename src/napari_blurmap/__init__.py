"""How blurred every place of a microscope picture is: maps of sigma with an honest uncertainty.

The names below are loaded when they are first used: importing the package
pulls in neither torch nor napari nor Qt.

Examples
--------
>>> import numpy as np
>>> import napari_blurmap as nb
>>> texture = np.random.default_rng(0).random((128, 128))
>>> m = nb.estimate_blur(nb.apply_blur(texture, 1.5))
>>> m.sigma.shape
(128, 128)
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .ground.version import VERSION as __version__

if TYPE_CHECKING:
    from .checking.check import check_on_image
    from .checking.report import CheckReport
    from .errors import BlurMapError, Cancelled
    from .estimate import estimate_blur
    from .ground.blur import apply_blur
    from .ground.optics import optics_limit
    from .ground.status import Status
    from .models.registry import list_models, load_model
    from .plugin.layers.layers import add_to_viewer
    from .result.blurmap import BlurMap
    from .result.reference import Reference
    from .result.scores import score
    from .result.smooth.smooth import smooth_sigma
    from .result.words import summary_line
    from .synthesis.fields import sigma_ramp, sigma_sine
    from .training.own.entry import train_model
    from .training.own.pictures import inspect_images

_HOME = {
    "BlurMap": "result.blurmap",
    "BlurMapError": "errors",
    "Cancelled": "errors",
    "CheckReport": "checking.report",
    "Reference": "result.reference",
    "Status": "ground.status",
    "add_to_viewer": "plugin.layers.layers",
    "apply_blur": "ground.blur",
    "check_on_image": "checking.check",
    "estimate_blur": "estimate",
    "inspect_images": "training.own.pictures",
    "list_models": "models.registry",
    "load_model": "models.registry",
    "optics_limit": "ground.optics",
    "score": "result.scores",
    "sigma_ramp": "synthesis.fields",
    "sigma_sine": "synthesis.fields",
    "smooth_sigma": "result.smooth.smooth",
    "summary_line": "result.words",
    "train_model": "training.own.entry",
}

__all__ = [
    "BlurMap",
    "BlurMapError",
    "Cancelled",
    "CheckReport",
    "Reference",
    "Status",
    "__version__",
    "add_to_viewer",
    "apply_blur",
    "check_on_image",
    "estimate_blur",
    "inspect_images",
    "list_models",
    "load_model",
    "optics_limit",
    "score",
    "sigma_ramp",
    "sigma_sine",
    "smooth_sigma",
    "summary_line",
    "train_model",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)

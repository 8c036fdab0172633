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

import lazy_loader

from .ground.version import VERSION

__version__ = VERSION
# The names and where they live: __init__.pyi, which type checkers read as well.
__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)

"""The version of this package, as provenance states it."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version

try:
    VERSION = version("napari-blurmap")
except PackageNotFoundError:  # run from a source tree that is not installed
    VERSION = "0+unknown"

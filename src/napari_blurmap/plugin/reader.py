"""Opens results and models that this program saved."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import napari
from napari.layers import Layer

from ..io.sidecar import SUFFIX as RESULT
from ..io.sidecar import read_sidecar
from ..models.info import SUFFIX as MODEL
from ..models.info import read_info
from ..result.blurmap import BlurMap
from .layers.layers import result_layers

if TYPE_CHECKING:
    from napari.types import PathLike

#: What napari takes for "read, but there are no layers in it".
NO_LAYERS: list[Any] = [(None,)]


def get_reader(path: PathLike | list[PathLike]) -> Callable[[Any], list[Any]] | None:
    """The reader of one of our files, for napari.

    Parameters
    ----------
    path : path or list of path
        ``.blurmap.json`` or ``.blurmap.safetensors``.

    Returns
    -------
    callable or None
        What reads them; None for other files.
    """
    paths = path if isinstance(path, list) else [path]
    ours = all(str(p).lower().endswith((RESULT, MODEL)) for p in paths)
    return read if paths and ours else None


def read(path: PathLike | list[PathLike]) -> list[Any]:
    """Read results as layers; show models in the Estimate blur panel.

    Parameters
    ----------
    path : path or list of path
        ``.blurmap.json`` or ``.blurmap.safetensors``.

    Returns
    -------
    list
        Layers, as they were when they were saved; napari's ``[(None,)]`` where
        there were only models.

    Raises
    ------
    BlurMapError
        If a file is damaged, foreign, or of a newer version.
    """
    layers: list[Any] = []
    for one in path if isinstance(path, list) else [path]:
        if str(one).lower().endswith(MODEL):
            _show_model(Path(one))
        else:
            layers += read_result(Path(one))
    return layers or NO_LAYERS


def read_result(path: Path) -> list[Layer]:
    """The layers of a result, from its ``.blurmap.json``.

    Parameters
    ----------
    path : pathlib.Path
        The sidecar; its data lie beside it.

    Returns
    -------
    list of napari.layers.Layer
        As `napari_blurmap.plugin.layers.layers.result_layers` makes them, with the
        colours and the name that they had.

    Raises
    ------
    BlurMapError
        If it cannot be read.
    """
    view = read_sidecar(path)["colormap"] or {}
    limit, name = view.get("limit"), view.get("name")
    fits = isinstance(limit, (int, float)) and not isinstance(limit, bool) and limit > 0
    stem = path.name[: -len(RESULT)]
    return result_layers(
        BlurMap.load(path), limit=limit if fits else None, name=name if isinstance(name, str) and name else stem
    )


def _show_model(path: Path) -> None:
    read_info(path)  # says what is wrong with the file before anything opens
    viewer = napari.current_viewer()
    if viewer is not None:
        from .commands import open_panel

        open_panel(viewer).select_model(path)

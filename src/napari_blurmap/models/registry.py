"""Which models there are, and how one is found by name or by file."""

from __future__ import annotations

from copy import deepcopy
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from ..ground.arguments import as_path
from .info import SUFFIX, ModelInfo, read_info

if TYPE_CHECKING:
    import os

    from .model import Model
    from .snapshot import Snapshot

#: Models that ship inside the package.
WEIGHTS = Path(__file__).parent / "weights"


def list_models() -> dict[str, ModelInfo]:
    """The bundled models by name, with their cards; needs no torch.

    Returns
    -------
    dict of str to ModelInfo
        What `load_model` takes, and the card of each.

    Examples
    --------
    >>> "default" in list_models()
    True
    """
    return {path.name.removesuffix(SUFFIX): read_info(path)[0] for path in sorted(WEIGHTS.glob(f"*{SUFFIX}"))}


def find_model(name: str | os.PathLike[str]) -> Path:
    """Path of a bundled model, or of a file of the user's."""
    path = as_path("model", name)
    bundled = WEIGHTS / f"{name}{SUFFIX}"
    if isinstance(name, str) and bundled.parent == WEIGHTS and bundled.is_file():
        return bundled
    if not path.name.endswith(SUFFIX) and not path.exists():
        known = ", ".join(p.name.removesuffix(SUFFIX) for p in sorted(WEIGHTS.glob(f"*{SUFFIX}")))
        raise BlurMapError(
            f"There is no model called {str(name)!r}. Bundled models: {known}; or give the path of a {SUFFIX} file."
        )
    return path


@lru_cache(maxsize=4)
def _read(path: Path, *_state: int) -> tuple[ModelInfo, Snapshot]:  # another state of the file is read anew
    from .snapshot import read_snapshot

    return read_snapshot(path)


def load_model(name: str | os.PathLike[str] | Model = "default") -> Model:
    """Load a bundled model or a model file.

    Parameters
    ----------
    name : str, path-like or Model, default="default"
        Name of a bundled model (`list_models`), or the path of a
        ``.blurmap.safetensors`` file. Reading one runs no code from it. A
        Model is handed back as it is.

    Returns
    -------
    Model
        With its card as ``.info`` and the torch module as ``.network``: its
        own, which may be changed.

    Raises
    ------
    BlurMapError
        If there is no such model, or the file is damaged, foreign or newer.

    Examples
    --------
    >>> load_model("default").info.reference
    'absolute'
    """
    from .model import Model

    if isinstance(name, Model):
        return name
    path = find_model(name).absolute()
    state = path.stat() if path.is_file() else None
    # Both times: a copied file may have an old one.
    info, snapshot = _read(path, *(state[:2], state.st_size, state.st_mtime_ns, state.st_ctime_ns) if state else ())
    return Model(deepcopy(info), snapshot, path)

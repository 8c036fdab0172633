"""The card of a model: all that is known of it but its weights. One description, checked in one place."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ..errors import BlurMapError
from ..ground.arguments import as_path, entries, number, shown, whole
from ..io.plain_text import plain_text

if TYPE_CHECKING:
    import os

#: What the header of a model file calls itself, and the newest schema this version can read.
FORMAT, SCHEMA = "napari-blurmap model", 1
SUFFIX = ".blurmap.safetensors"
#: How a distribution becomes one number: its median (with a spread from quantiles, or the root mean square of older
#: models), its mean, or its most probable value, as in the thesis.
DECODES = ("quantiles", "median", "mean", "argmax")
#: What each zero of sigma means.
_REFERENCES = {
    "absolute": "a perfectly sharp picture (sigma is the total blur)",
    "added": "your own training pictures (sigma is the blur added to them)",
}
#: Kinds of networks, and the fewest values of sigma of each: the outer ones of a dense network stand for what it
#: cannot see.
_FEWEST = {"dense": 4, "patch": 2}
#: Largest sigma that a coarse copy is trusted with, pixels: in pictures of some hundred pixels larger ones stop rising.
_FARTHEST = 40.0
_MOST_VALUES, _LARGEST_SIGMA, _LARGEST_COPY = 1000, 1000.0, 16
#: Curves of a calibration: the numbers at which one is known, its values there; and what is a single number.
_CURVES, _SINGLE = {"spread": "error", "sigma": "factor", "shape": "shape_error"}, ("floor",)
#: Letters of a text, and how deep a training's record is.
_LONGEST, _DEEPEST = 10_000, 12


@dataclass(frozen=True)
class ModelInfo:
    """The card of a model: everything but the weights, JSON only.

    Parameters
    ----------
    name : str
        What layers and lists call it.
    architecture : str
        "dense" or "patch".
    sizes : dict
        Sizes of the network.
    sigma_grid : list of float
        Values of sigma that the network tells apart, pixels, rising.
    reference : {"absolute", "added"}
        Zero of its sigma: a perfectly sharp picture, or the user's own pictures.
    decode : str
        How a distribution becomes a number: "quantiles", "median", "mean" or "argmax".
    calibration : dict
        ``spread`` and ``error``: relative spread against the error that 68 % stay below.
    trained_on, limits : str
        A sentence or two for the user.
    training : dict
        Configuration, seed, versions, steps, machine and figures of the training.
    licence : str
        Of the weights.
    coarse_copy : int, default=1
        What is far out of focus it reads in a copy of the picture, in means of so many pixels along each axis; 1: none.

    Raises
    ------
    BlurMapError
        If one of them is none of these.

    Examples
    --------
    >>> ModelInfo("mine", "patch", {}, [0.5, 2]).sigma_range
    (0.5, 2.0)
    >>> ModelInfo("mine", "patch", {}, [2.0, 0.5])
    Traceback (most recent call last):
    napari_blurmap.errors.BlurMapError: sigma_grid is [2.0, 0.5]; expected rising numbers.
    """

    name: str
    architecture: str
    sizes: dict[str, Any]
    sigma_grid: list[float]
    reference: str = "absolute"
    decode: str = "mean"
    calibration: dict[str, list[float]] = field(default_factory=dict)
    trained_on: str = ""
    limits: str = ""
    training: dict[str, Any] = field(default_factory=dict)
    licence: str = "BSD-3-Clause"
    coarse_copy: int = 1

    def __post_init__(self) -> None:
        for name in ("name", "trained_on", "limits", "licence"):
            text = getattr(self, name)
            if not isinstance(text, str) or len(text) > _LONGEST or (name == "name" and not text.strip()):
                raise BlurMapError(f"{name} is {shown(text)}; expected a text.")
            self._set(name, plain_text(text))
        for name, known in (("architecture", _FEWEST), ("reference", _REFERENCES), ("decode", DECODES)):
            if not isinstance(value := getattr(self, name), str) or value not in known:
                raise BlurMapError(
                    f"{self.name} has the {name} {shown(value)}, which this version does not know; expected "
                    f"{' or '.join(map(repr, known))}. Update napari-blurmap."
                )
        fewest, what = _FEWEST[self.architecture], f"numbers from 0 to {_LARGEST_SIGMA:g}"
        grid = _numbers("sigma_grid", self.sigma_grid, what, least=0.0, most=_LARGEST_SIGMA)
        if len(grid) < fewest:
            raise BlurMapError(f"sigma_grid has {len(grid)} values; expected {fewest} or more.")
        self._set("sigma_grid", _rising("sigma_grid", grid))
        self._set("calibration", _calibration(self.calibration))
        self._set("coarse_copy", whole("coarse_copy", self.coarse_copy, least=1, most=_LARGEST_COPY))
        for name in ("sizes", "training"):
            if not isinstance(value := getattr(self, name), dict):
                raise BlurMapError(f"{name} is {shown(value)}; expected a dictionary.")
            _check_depth(name, value)

    def _set(self, name: str, value: object) -> None:
        object.__setattr__(self, name, value)

    @property
    def sigma_range(self) -> tuple[float, float]:
        """Smallest and largest sigma that it gives, pixels."""
        # A dense network's first and last value stand for sharper and blurrier than it can see.
        ends = 1 if self.architecture == "dense" else 0
        largest = self.sigma_grid[-1 - ends]
        return self.sigma_grid[ends], max(largest, min(self.coarse_copy * largest, _FARTHEST))

    @property
    def gives_shape(self) -> bool:
        """Whether it gives the two axes of the blur, beside its sigma."""
        return bool(self.sizes.get("shape", False))

    def card(self) -> str:
        """The card as text: range, what it was trained on, zero, limits."""
        low, high = self.sigma_range
        lines = (
            f"{self.name}: {self.architecture} network, sigma {low:.2g} to {high:.2g} px.",
            f"Trained on: {self.trained_on or 'not stated'}",
            f"Zero: {_REFERENCES[self.reference]}.",
            f"Limits: {self.limits or 'not stated'}",
            f"Licence: {self.licence}.",
        )
        return "\n".join(lines)


def _numbers(name: str, values: Any, what: str, **limits: float) -> list[float]:
    what = f"a list of {what}"
    if isinstance(values, str | bytes | dict):
        raise BlurMapError(f"{name} is {shown(values)}; expected {what}.")
    return [number(name, value, what, **limits) for value in entries(name, values, what, most=_MOST_VALUES)]


def _rising(name: str, values: list[float]) -> list[float]:
    if np.any(np.diff(np.array(values, np.float32)) <= 0):  # as the network sees them
        raise BlurMapError(f"{name} is {shown(values)}; expected rising numbers.")
    return values


def _calibration(given: Any) -> dict[str, list[float]]:
    """The curves and numbers of a calibration, see `standard_error`."""
    known = [*_CURVES, *_CURVES.values(), *_SINGLE]
    if not isinstance(given, dict) or not set(given) <= set(known):
        raise BlurMapError(f"calibration is {shown(given)}; expected a dictionary of {', '.join(known)}.")
    found = {
        name: _numbers(f"calibration {name!r}", values, "numbers above 0", above=0.0, least=1e-9, most=1e9)
        for name, values in given.items()
    }
    for at, values in _CURVES.items():
        if len(found.get(at, ())) != len(found.get(values, ())) or found.get(at) == []:
            raise BlurMapError(f"calibration has other numbers of {at!r} and {values!r}; expected as many.")
        _rising(f"calibration {at!r}", found.get(at, []))
    for name in _SINGLE:
        if len(found.get(name, [1.0])) != 1:
            raise BlurMapError(f"calibration {name!r} is {shown(given[name])}; expected one number.")
    return found


def _check_depth(name: str, value: Any, depth: int = 0) -> None:
    """Refuse what is nested so deeply that the next function that walks it fails."""
    if depth > _DEEPEST:
        raise BlurMapError(f"{name} is nested more than {_DEEPEST} times; expected a plain dictionary.")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list | tuple) else ()
    for part in inner:
        _check_depth(name, part, depth + 1)


def header(info: ModelInfo, weights_sha256: str) -> dict[str, str]:
    """What stands in the header of a model file."""
    text = json.dumps(asdict(info))
    return {"format": FORMAT, "schema": str(SCHEMA), "info": text, "weights_sha256": weights_sha256}


def read_info(path: str | os.PathLike[str]) -> tuple[ModelInfo, str]:
    """Card and weights hash of a model file; needs no torch.

    Parameters
    ----------
    path : path-like
        A ``.blurmap.safetensors`` file.

    Returns
    -------
    ModelInfo, str
        The card, and the SHA-256 of the weights as the header states it.

    Raises
    ------
    BlurMapError
        If the file is missing, no safetensors, truncated, not ours, of a newer
        schema, or its card makes no sense.
    """
    from safetensors import SafetensorError, safe_open

    file = as_path("model", path)
    if not file.is_file():
        raise BlurMapError(f"There is no model file {file}. Check the name, or see list_models().")
    try:
        with safe_open(file, framework="numpy") as opened:
            found = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise BlurMapError(
            f"{file.name} is not a safetensors file, or it is truncated ({error}). Expected a model saved by "
            "napari-blurmap; nothing in it was run. Copy or download it again."
        ) from error
    if found.get("format") != FORMAT:
        raise BlurMapError(
            f"{file.name} is a safetensors file, but not a blur model (its header has no format {FORMAT!r}). "
            "Choose a file saved by napari-blurmap."
        )
    try:
        if (schema := int(found["schema"])) > SCHEMA:
            raise BlurMapError(
                f"it has model schema {schema}; this version of napari-blurmap reads up to {SCHEMA}. "
                "Update napari-blurmap."
            )
        info = ModelInfo(**json.loads(found["info"]))
    except BlurMapError as error:
        raise BlurMapError(f"The model {file.name} cannot be used: {error}") from error
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise BlurMapError(f"The header of {file.name} is damaged ({error}). Copy or download it again.") from error
    return info, found.get("weights_sha256", "")

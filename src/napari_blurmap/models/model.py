"""A model: a network with all that is needed to use, judge and reproduce it, and its file."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import BlurMapError

if TYPE_CHECKING:
    from torch import Tensor

    from .dense import DenseNetwork
    from .patch import PatchesOfPicture, PatchNetwork

    Network: TypeAlias = DenseNetwork | PatchNetwork
    Estimator: TypeAlias = DenseNetwork | PatchesOfPicture

#: What the header of a model file calls itself, and the newest schema this version can read.
FORMAT, SCHEMA = "napari-blurmap model", 1
SUFFIX = ".blurmap.safetensors"


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
        Values of sigma that the network tells apart, pixels.
    reference : {"absolute", "added"}
        Zero of its sigma: a perfectly sharp picture, or the user's own pictures.
    decode : str
        How a distribution becomes a number: "median", "mean" or "argmax".
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

    @property
    def sigma_range(self) -> tuple[float, float]:
        """Smallest and largest sigma that it gives, pixels."""
        # A dense network's first and last value stand for sharper and blurrier than it can see.
        ends = 1 if self.architecture == "dense" else 0
        return self.sigma_grid[ends], self.coarse_copy * self.sigma_grid[-1 - ends]

    @property
    def gives_shape(self) -> bool:
        """Whether it gives the two axes of the blur, beside its sigma."""
        return bool(self.sizes.get("shape", False))

    def card(self) -> str:
        """The card as text: range, what it was trained on, zero, limits."""
        low, high = self.sigma_range
        zero = {
            "absolute": "a perfectly sharp picture (sigma is the total blur)",
            "added": "your own training pictures (sigma is the blur added to them)",
        }[self.reference]
        lines = (
            f"{self.name}: {self.architecture} network, sigma {low:.2g} to {high:.2g} px.",
            f"Trained on: {self.trained_on or 'not stated'}",
            f"Zero: {zero}.",
            f"Limits: {self.limits or 'not stated'}",
            f"Licence: {self.licence}.",
        )
        return "\n".join(lines)


def weights_hash(weights: dict[str, Tensor]) -> str:
    """SHA-256 over the sorted names, types, shapes and bytes of the weights.

    The file's own hash would not do: the order of a safetensors header is not stable.
    """
    digest = hashlib.sha256()
    for name in sorted(weights):
        array = weights[name].detach().cpu().contiguous()
        digest.update(f"{name} {array.dtype} {tuple(array.shape)}\n".encode())
        digest.update(array.numpy().tobytes())
    return digest.hexdigest()


class Model:
    """A network and its card.

    Parameters
    ----------
    info : ModelInfo
        The card.
    network : torch.nn.Module
        Trained weights; used as it is for training, and through `estimator` for estimating.
    path : Path, optional
        Where it came from.
    stated_hash : str, optional
        SHA-256 of the weights as they lie in the file.
    """

    def __init__(
        self, info: ModelInfo, network: Network, path: Path | None = None, stated_hash: str | None = None
    ) -> None:
        self.info = info
        self.network = network
        self.path = path
        self._estimator: Estimator | None = None
        self._hash = stated_hash

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        if self._hash is None:
            self._hash = weights_hash(self.network.state_dict())
        return self._hash

    @property
    def estimator(self) -> Estimator:
        """The network made ready for estimating, on the CPU; made once."""
        if self._estimator is None:
            self._estimator = self.network.fused()
        return self._estimator

    def variant(self, *, decode: str | None = None, stride: int | None = None) -> Model:
        """The same weights, read in another way.

        Parameters
        ----------
        decode : {"median", "mean", "argmax"}, optional
            Median or mean of the distribution over sigma, or its most probable value, as in the thesis.
        stride : int, optional
            Of patch models: pixels between the places that are estimated, 1,
            2, 4, 8, 16 or 32; between them the map is interpolated.

        Returns
        -------
        Model

        Raises
        ------
        BlurMapError
            For values that do not exist, or a stride for another kind of model.

        Examples
        --------
        >>> from napari_blurmap import load_model
        >>> load_model("patch30").variant(decode="argmax", stride=32).info.decode
        'argmax'
        """
        info = replace(self.info, decode=decode or self.info.decode)
        if stride is not None:
            if "stride" not in info.sizes:
                raise BlurMapError(
                    f"{info.name} is a {info.architecture} model, whose stride is fixed; expected a patch model, as "
                    "'patch30' is."
                )
            info = replace(info, sizes=info.sizes | {"stride": stride})
        return Model(info, _network(info, self.network.state_dict()), self.path, self.hash)

    def standard_error(self, sigma: Tensor, spread: Tensor) -> Tensor:
        """Standard error of sigma, pixels, from the spread of the distribution, by the card's calibration."""
        from .calibration import standard_error

        return standard_error(self.info.calibration, sigma, spread)

    def shape_error(self, error: Tensor) -> Tensor:
        """Standard error of each component of the shape, by the card's calibration."""
        return error * self.info.calibration.get("shape", [1.0])[0]

    def save(self, path: str | os.PathLike[str], *, overwrite: bool = False, half: bool = False) -> Path:
        """Write the model to a ``.blurmap.safetensors`` file.

        Parameters
        ----------
        path : path-like
            Its name must end in ``.blurmap.safetensors``.
        overwrite : bool, default=False
            Replace an existing file.
        half : bool, default=False
            Weights in float16, at half the size.

        Returns
        -------
        Path
            The file.

        Raises
        ------
        BlurMapError
            For another ending, where the file exists, or where it cannot be
            written.
        """
        from safetensors.torch import save

        from ..io.atomic import write_file

        target = Path(path)
        if not target.name.endswith(SUFFIX):
            raise BlurMapError(
                f"A model is saved under a name ending in {SUFFIX}; got {target.name!r}. Add the ending."
            )
        if target.exists() and not overwrite:
            raise BlurMapError(f"{target} exists already. Choose another name, or pass overwrite=True to replace it.")
        weights = {name: value.detach().cpu().contiguous() for name, value in self.network.state_dict().items()}
        if half:
            weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
        header = {"format": FORMAT, "schema": str(SCHEMA), "info": json.dumps(asdict(self.info))}
        header["weights_sha256"] = weights_hash(weights)
        try:
            write_file(target, save(weights, metadata=header))
        except OSError as error:
            raise BlurMapError(
                f"{target} cannot be written ({error.strerror or error}). Make room, or choose another folder."
            ) from error
        return target


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
        If the file is missing, no safetensors, truncated, not ours, or of a newer schema.
    """
    from safetensors import SafetensorError, safe_open

    file = Path(path)
    if not file.is_file():
        raise BlurMapError(f"There is no model file {file}. Check the name, or see list_models().")
    try:
        with safe_open(file, framework="numpy") as opened:
            header = opened.metadata() or {}
    except (SafetensorError, OSError) as error:
        raise BlurMapError(
            f"{file.name} is not a safetensors file, or it is truncated ({error}). Expected a model saved by "
            "napari-blurmap; nothing in it was run. Copy or download it again."
        ) from error
    if header.get("format") != FORMAT:
        raise BlurMapError(
            f"{file.name} is a safetensors file, but not a blur model (its header has no format {FORMAT!r}). "
            "Choose a file saved by napari-blurmap."
        )
    if int(header.get("schema", "0")) > SCHEMA:
        raise BlurMapError(
            f"{file.name} has model schema {header['schema']}; this version of napari-blurmap reads up to {SCHEMA}. "
            "Update napari-blurmap."
        )
    try:
        info = ModelInfo(**json.loads(header["info"]))
    except (KeyError, TypeError, ValueError) as error:
        raise BlurMapError(f"The header of {file.name} is damaged ({error}). Copy or download it again.") from error
    return info, header.get("weights_sha256", "")


def read_model(path: str | os.PathLike[str]) -> Model:
    """Read a model file: card and weights.

    Parameters
    ----------
    path : path-like
        A ``.blurmap.safetensors`` file; reading it runs no code from it.

    Returns
    -------
    Model
        In evaluation mode, on the CPU, float32.

    Raises
    ------
    BlurMapError
        As `read_info`, and where the weights do not fit the card or their hash.
    """
    from safetensors.torch import load_file

    info, stated = read_info(path)
    name = Path(path).name
    weights = load_file(path)
    if weights_hash(weights) != stated:
        raise BlurMapError(f"The weights in {name} do not match their checksum. Copy or download the file again.")
    return Model(info, _network(info, weights), Path(path), stated)


def _network(info: ModelInfo, weights: dict[str, Tensor]) -> Network:
    """The network that a card describes, with its weights, ready for estimating."""
    from .architectures import ARCHITECTURES
    from .decode import DECODES

    for what, wanted, known in (("architecture", info.architecture, ARCHITECTURES), ("decode", info.decode, DECODES)):
        if wanted not in known:
            raise BlurMapError(
                f"The model {info.name} has the {what} {wanted!r}, which this version does not know; expected "
                f"{' or '.join(map(repr, known))}. Update napari-blurmap."
            )
    kind = ARCHITECTURES[info.architecture]
    try:
        network: Network = kind.network(kind.config(**info.sizes))
        network.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    except (TypeError, RuntimeError) as error:
        raise BlurMapError(
            f"The weights of the model {info.name} do not fit its card ({error}). Save the model again."
        ) from error
    return network.eval()

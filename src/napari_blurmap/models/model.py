"""A model: a network with all that is needed to use, judge and reproduce it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import BlurMapError
from ..ground.arguments import as_path, flag
from .info import ModelInfo, header
from .saving import check_target
from .snapshot import Snapshot, check_finite, network_of, weights_hash

if TYPE_CHECKING:
    import os

    from .snapshot import Estimator, Network


class Model:
    """A network and its card.

    Parameters
    ----------
    info : ModelInfo
        The card.
    network : torch.nn.Module or Snapshot
        Trained weights; or what they were at some time, of which the model makes its own copy when that is asked for.
    path : Path, optional
        Where it came from.

    Notes
    -----
    `network` may be changed; `estimator` and `hash` are always those of its weights as they are now.
    """

    def __init__(self, info: ModelInfo, network: Network | Snapshot, path: Path | None = None) -> None:
        self.info, self.path = info, path
        self._network = None if isinstance(network, Snapshot) else network
        self._snapshot = network if isinstance(network, Snapshot) else None

    @property
    def network(self) -> Network:
        """The torch module; what is done to it changes this model and no other."""
        if self._network is None:
            self._network = self._now.network()
        return self._network

    @network.setter
    def network(self, network: Network) -> None:
        self._network = network

    @property
    def _now(self) -> Snapshot:
        """The network as it is now: a new one only where the last does not show it any more."""
        if self._snapshot is None or (self._network is not None and not self._snapshot.shows(self._network)):
            self._snapshot = Snapshot.of(self.network)
        return self._snapshot

    @property
    def hash(self) -> str:
        """SHA-256 of the weights."""
        return self._now.hash

    @property
    def estimator(self) -> Estimator:
        """The network made ready for estimating, on the CPU; made once for the same weights."""
        return self._now.estimator

    def variant(self, *, decode: str | None = None, stride: int | None = None) -> Model:
        """The same weights, read in another way.

        Parameters
        ----------
        decode : {"quantiles", "median", "mean", "argmax"}, optional
            Median of the distribution over sigma, its spread being that of the middle 68 % or the root mean square;
            its mean; or its most probable value, as in the thesis.
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
        if stride is None:
            return Model(info, self._now, self.path)
        if "stride" not in info.sizes:
            raise BlurMapError(
                f"{info.name} is a {info.architecture} model, whose stride is fixed; expected a patch model, as "
                "'patch30' is."
            )
        info = replace(info, sizes=info.sizes | {"stride": stride})
        return Model(info, Snapshot(network_of(info, self._now.weights()), self.hash), self.path)

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
            For another ending, where the file exists, where it cannot be
            written, or where the weights are no numbers.
        """
        from safetensors.torch import save

        from ..io.atomic import write_file

        target = as_path("path", path)
        check_target(target, overwrite=flag("overwrite", overwrite))
        weights = {name: value.contiguous() for name, value in self._now.weights().items()}
        if flag("half", half):
            weights = {name: value.half() if value.is_floating_point() else value for name, value in weights.items()}
        check_finite(weights)
        try:
            write_file(target, save(weights, metadata=header(self.info, weights_hash(weights))))
        except OSError as error:
            raise BlurMapError(
                f"{target} cannot be written ({error.strerror or error}). Make room, or choose another folder."
            ) from error
        return target

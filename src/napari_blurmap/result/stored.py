"""A map in files: saved with all that is known of it, and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

from ..errors import BlurMapError
from ..ground.progress import Pace
from ..io.results import load_result, save_result
from .shape import Shaped

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from ..ground.progress import Cancel, Progress

#: What a file says of a map beside its numbers.
_DESCRIPTION = ("axes", "scale", "units", "translate", "affine", "provenance")


class Stored(Shaped):
    """Maps that files hold."""

    def save(
        self,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        colormap: dict[str, Any] | None = None,
        progress: Progress | None = None,
        cancel: Cancel | None = None,
    ) -> Path:
        """Write the map and, beside it, its ``.blurmap.json``.

        Parameters
        ----------
        path : path
            ``NAME.sigma.ome.tif`` or ``NAME.sigma.ome.zarr``. The latter is
            for maps larger than memory: a lazy map is computed piece by piece.
        overwrite : bool, default=False
            Replace what is there. If writing fails, what was there stays.
        colormap : dict, optional
            How the map was shown, for the reader; anything that JSON can hold.
        progress, cancel : callable, optional
            As `estimate_blur` takes them, for a lazy map that is computed in this process for a Zarr.

        Returns
        -------
        pathlib.Path
            The path written. Probabilities are not saved.

        Raises
        ------
        BlurMapError
            If the name is another one, the file exists or cannot be written.
        Cancelled
            When ``cancel()`` returned True.

        Notes
        -----
        Whatever ends the saving of a lazy map before it is complete, what was computed until then stays as
        ``NAME.partial.sigma.ome.zarr``, a map whose provenance says ``partial``; saving the same map again goes on
        from there.
        """
        arrays = {**self.numbers, "status": self.status}
        header = {name: getattr(self, name) for name in _DESCRIPTION} | {
            "shape": self.sigma.shape,
            "colormap": colormap,
        }
        pace = Pace(1, progress, cancel, message="estimating")
        return save_result(path, arrays, header, overwrite=overwrite, pace=pace)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read a map that `save` wrote.

        Parameters
        ----------
        path : path
            The ``.sigma.ome.tif``, ``.sigma.ome.zarr`` or ``.blurmap.json``.

        Returns
        -------
        BlurMap
            numpy from TIFF, lazy (dask) from Zarr.

        Raises
        ------
        BlurMapError
            If the file is missing, damaged, no result or of a newer version.
        """
        arrays, header = load_result(path)
        try:
            return cls(**arrays, **{name: header[name] for name in _DESCRIPTION})
        except BlurMapError as error:
            raise BlurMapError(f"{path} cannot be used: {error}") from error

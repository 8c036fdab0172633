"""One press of Run in the panel "Estimate many pictures"; and a picture of it with its map, as layers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from napari.layers import Image

import napari_blurmap as nb

from ...errors import BlurMapError
from ...io.pictures import read_picture
from ...io.places import short_name
from ...result.blurmap import BlurMap
from ..layers.layers import result_layers
from ..panels.job import arguments
from ..panels.shell import noise_option, optics_options, shell_line

if TYPE_CHECKING:
    from napari.layers import Layer

    from ...batch.batch import Batch
    from ...ground.progress import Cancel, Progress
    from ..run.worker import Tell


@dataclass(frozen=True, eq=False)
class BatchJob:
    """What is estimated, and the arguments of `estimate_batch` that differ from the defaults.

    Parameters
    ----------
    files : list of str
        Folders, patterns and pictures, with their whole paths.
    options : dict
        With ``out``, the folder of all results.
    """

    files: list[str]
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """What napari shows while it runs."""
        return f"Blur of {Path(self.files[0]).name}"

    @property
    def _given(self) -> str | list[str]:
        return self.files if len(self.files) > 1 else self.files[0]

    def run(self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None) -> Batch:
        """Estimate all; tells of every picture that failed."""
        self._check()

        def update(file: Path, found: Any) -> None:
            if isinstance(found, str):
                tell(failure(file, found))

        estimate: Callable[..., Batch] = function or nb.estimate_batch
        return estimate(self._given, **self.options, progress=progress, cancel=cancel, update=update)

    def _check(self) -> None:
        """Refuse what would not harm a line in a terminal, where its writer knows the folders."""
        paths, out = [Path(file) for file in self.files], Path(self.options["out"])
        if not any(path.exists() or set(path.name) & set("*?[") for path in paths):
            raise BlurMapError(f"There is no {paths[0]}. Choose a folder or pictures that are there.")
        for folder in filter(Path.is_dir, paths):
            if out.resolve().is_relative_to(folder.resolve()):
                raise BlurMapError(
                    f"The results would lie in {out}, among the pictures: the next run would look for pictures in it. "
                    f"Choose a folder outside of {folder}."
                )

    def as_python(self) -> str:
        """The same for napari's console or a script."""
        return (
            "import napari_blurmap as nb\n\n"
            f"batch = nb.estimate_batch({self._given!r}{arguments(self.options)})\n"
            "print(dict(batch.counts), batch.errors)\n"
        )

    def as_shell(self) -> str:
        """The same for a terminal."""
        options = dict(self.options)
        reference, again = options.pop("reference", None), options.pop("overwrite", False)
        if "table" not in options and (isinstance(reference, str) or "pattern" in options):
            raise BlurMapError(
                "There is no line for a terminal: there a sharp picture, the sharpest tenth and names belong to a "
                "table. Tick the table, or copy it as Python."
            )
        if isinstance(reference, dict):
            options |= optics_options(reference)
        else:
            options["sharp" if isinstance(reference, str) else "limit"] = reference
        options["noise"] = noise_option(options.get("noise"))
        return shell_line("estimate", *self.files, **options, overwrite=() if again else None)


def failure(file: Path, words: str) -> str:
    """Why there is nothing of a picture, with its name."""
    return words if words.startswith(str(file)) else f"{file}: {words}"


def plane_of(row: dict[str, Any]) -> dict[str, int]:
    """The place of a row of a batch along every axis of its picture but y and x, counted from 0."""
    names = list(row)
    axes = names[names.index("channel") + 1 : names.index("judged_share")]
    # Of a picture without that axis the channel is what its name says, and does not matter.
    channel = row["channel"].rpartition("-")[2]
    inside = {"c": int(channel) - 1} if channel.isdigit() else {}
    return inside | {axis: row[axis] - 1 for axis in axes}


def layers_of(row: dict[str, Any]) -> list[Layer]:
    """The picture of a row of a batch, and its map where there is one.

    Parameters
    ----------
    row : dict
        Of `napari_blurmap.batch.batch.Batch`.

    Raises
    ------
    BlurMapError
        If the picture or the map cannot be read.
    """
    picture = read_picture(file := Path(row["PathName"], row["FileName"]))
    colour = picture.channel_axis
    kept = [axis for axis in range(len(picture.axes)) if axis != colour]
    source = Image(
        picture.array if colour is None else np.moveaxis(picture.array, colour, -1),
        name=short_name(file).as_posix(),
        rgb=colour is not None,
        multiscale=False,
        **{name: [getattr(picture, name)[axis] for axis in kept] for name in ("scale", "units")},
        axis_labels=[picture.axes[axis] for axis in kept],
    )
    return [source, *([] if row["result"] is None else result_layers(BlurMap.load(row["result"]), source))]

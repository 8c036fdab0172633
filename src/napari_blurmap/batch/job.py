"""What is done with every picture of a batch: read, estimate unless that was done before, keep map and figures."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import BlurMapError, Cancelled
from ..estimate import estimate_blur
from ..ground.arrays import is_lazy
from ..ground.jsonable import plain
from ..io.fingerprint import fingerprint
from ..io.folders import make_folder
from ..io.plain_text import without_folders
from ..io.results import TIFF, ZARR, partial_path, sidecar_path
from ..models.side_by_side import side_by_side
from ..picture.axes_in_words import describe_axes
from ..picture.sensor import noise_record
from ..picture.stack import as_stack
from ..result.blurmap import BlurMap
from ..result.objects import checked_labels, objects_in
from .journal import Done, Journal
from .measured import Measured, measure
from .sources import LARGE, read

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ..ground.progress import Cancel, Progress
    from ..io.picture import Picture
    from ..models.model import Model
    from ..picture.sensor import GivenNoise
    from ..result.objects import Object

#: Larger files are estimated one after the other, each with all threads: several at once may not fit into memory.
_LARGE = 64 * 2**20


@dataclass(frozen=True)
class Job:
    """Estimate one picture after the other, in any thread.

    Parameters
    ----------
    model : Model
        Loaded.
    names : dict
        What the result of each file is called (`sources.result_names`), without an ending.
    given, how : dict
        What is said of every picture, and how it is estimated: options of `estimate_blur`; the latter with ``noise``.
    figures : callable
        ``figures(map)`` gives its summary.
    out : Path, optional
        Folder for maps.
    journal : Journal, optional
        What was done, with the figures of every plane.
    overwrite : bool, default=False
        Do all again.
    tell : callable
        Called with what the user should know.
    labels : dict
        The label image of each file that has one: its objects are measured.
    progress : callable
        ``progress(file)`` gives what follows the work on it.
    cancel : callable
        Whether to stop.
    cluster : bool, default=False
        Let the workers of dask's client that is in use do all work, and write maps as OME-Zarr.
    by_plane : bool, default=True
        Measure every plane, too.
    """

    model: Model
    names: dict[Path, Path]
    given: dict[str, Any]
    how: dict[str, Any]
    figures: Callable[[BlurMap], dict[str, Any]] = BlurMap.summary
    out: Path | None = None
    journal: Journal | None = None
    overwrite: bool = False
    tell: Callable[[str], None] = lambda text: None
    labels: dict[Path, Path] = field(default_factory=dict)
    progress: Callable[[Path], Progress | None] = lambda file: None
    cancel: Cancel = lambda: False
    cluster: bool = False
    by_plane: bool = True
    _owners: dict[Path, Path] = field(default_factory=dict, init=False)
    _finished: dict[str, Done] = field(default_factory=dict, init=False)

    def __call__(self, file: Path) -> Done:
        """Estimate a picture, or take what an earlier run made of it."""
        done = self._finished[os.path.abspath(file)] = self._found(file)
        return done

    def _found(self, file: Path) -> Done:
        stem = None if self.out is None else self.out / self.names[file]
        key = self._key(file)
        if self.journal is not None and not self.overwrite:
            done = self.journal.done.get(os.path.abspath(file))
            if done is not None and done.key | key == done.key and (stem is None or _has_map(done, stem)):
                self._claim(stem, file)
                self.tell(f"{file}: done already, and not done again. With --overwrite it is.")
                return done
        picture, about = read(file, self.tell, 0 if self.cluster else LARGE if self.out else inf)
        stack = as_stack(picture, **self.given)
        if len(stack.axes) > 2:
            about["axes"] = describe_axes(stack)
        labels = self._labels(file, picture)
        self._claim(stem, file)
        target = None if stem is None else Path(f"{stem}{ZARR if is_lazy(picture.array) else TIFF}")
        found = None
        if target is not None and not self.overwrite:
            found = finished_map(target, picture, self.model, self.given, self.how["noise"])
        if found is None:
            found = self._estimate(picture, file, target)
        else:
            self.tell(f"{file}: done already, and left as it is. With --overwrite it is done again.")
        done = self._done(file, key, target, found, picture, about, labels)
        if self.journal is not None:
            self.journal.add(done)
        return done

    def _claim(self, stem: Path | None, file: Path) -> None:
        """The first picture of a name has it."""
        if stem is not None and (owner := self._owners.setdefault(stem, file)) != file:
            raise BlurMapError(
                f"{stem}{TIFF} is the map of {owner}. Rename one of the two, or use another folder for it."
            )

    def known(self) -> dict[str, Done]:
        """What was made so far, by absolute path; by earlier runs in the same way, as long as no file has changed."""
        earlier = {} if self.journal is None else self.journal.done
        return {file: one for file, one in earlier.items() if one.key | self._way == one.key} | self._finished

    @property
    def _way(self) -> dict[str, Any]:
        return {"model": self.model.hash, "noise": noise_record(self.how["noise"]), "given": plain(self.given)}

    def _key(self, file: Path) -> dict[str, Any]:
        """By what it is known that the same would come out again."""
        given = {"labels": _known(self.labels[file])} if file in self.labels else {}
        return _known(file) | self._way | given

    def _labels(self, file: Path, picture: Picture) -> Any:
        """Its label image, where it has one that fits it: said before minutes are spent on it."""
        if file not in self.labels:
            return None
        labels, _ = read(self.labels[file], self.tell)
        try:
            return checked_labels(labels.array, as_stack(picture, **self.given).shape)
        except BlurMapError as error:
            raise BlurMapError(f"{self.labels[file]}: {error}") from error

    def _estimate(self, picture: Picture, file: Path, target: Path | None) -> BlurMap:
        if target is not None:
            make_folder(target.parent)
            check_map_free(target, overwrite=self.overwrite)
        told: Any = {"progress": self.progress(file), "cancel": self.cancel}
        try:
            found = estimate_blur(picture, model=self.model, **self.given, **self.how, **told)
            if target is not None:
                found.save(target, overwrite=self.overwrite, **told)
            if target is not None and target.name.endswith(TIFF):
                for part in (partial_path(target), sidecar_path(partial_path(target))):
                    part.unlink(missing_ok=True)
        except Cancelled as cancelled:
            if target is not None:
                partial, streamed = partial_path(target), target.name.endswith(ZARR)
                if cancelled.partial is not None and not streamed:
                    cancelled.partial.save(partial, overwrite=True)
                if partial.exists():
                    words = f"\nInterrupted; what was done of {file.name} is in {partial}."
                    self.tell(words + streamed * " The same command goes on from there.")
            raise
        # What was streamed is read from the file: computed again it would take as long again.
        return found if target is None or target.name.endswith(TIFF) else BlurMap.load(target)

    def _done(
        self,
        file: Path,
        key: dict[str, Any],
        target: Path | None,
        found: BlurMap,
        picture: Picture,
        about: dict[str, Any],
        labels: Any,
    ) -> Done:
        figures = self.figures(found)
        channels = found.channels()
        parts = [measure(one, self.figures(one)) for one in channels] if len(channels) > 1 else []
        planes: list[Measured] = []
        pixels: Any = None
        things: list[Object] = []
        if self.by_plane:
            stack = as_stack(picture, **self.given)
            indices = list(stack.indices())
            objects: dict[tuple[int, ...], list[Object]] = {}
            for thing in [] if labels is None else objects_in(found, labels):
                objects.setdefault(tuple(thing.plane.provenance["at"].values()), []).append(thing)
            if len(indices) == 1:
                pixels, things = stack.plane(indices[0]), objects.get(indices[0], [])
            else:
                several = ((found.plane(i), stack.plane(i), objects.get(i, [])) for i in indices)
                planes = [measure(one, self.figures(one), *rest) for one, *rest in several]
        whole = measure(found, figures, pixels, things)
        return Done(os.path.abspath(file), key, None if target is None else str(target), whole, parts, planes, about)


def run(job: Callable[[Path], Any], files: Sequence[Path], workers: int | None = None) -> Iterator[tuple[Path, Any]]:
    """Do all files, several side by side; one that fails does not end the others.

    Parameters
    ----------
    job : callable
        Takes a file; called in threads of their own where there are several workers.
    files : sequence of Path
        Pictures.
    workers : int, optional
        Threads; by default as many as PyTorch takes, one where there are fewer files or any is larger than 64 MiB:
        then each picture has all threads.

    Yields
    ------
    file : Path
        In the order given.
    outcome : object
        What the job made of it, or the exception that it raised.
    """
    outcomes: dict[int, Any] = {}

    def one(number: int) -> None:
        try:
            outcomes[number] = job(files[number])
        except Exception as error:  # noqa: BLE001 - whatever is wrong with one picture, thousands of others go on
            outcomes[number] = error

    steps = side_by_side(one, range(len(files)), workers or usual_workers(files))
    try:
        for number, _ in enumerate(steps):
            yield files[number], outcomes.pop(number)
    finally:
        steps.close()  # type: ignore[attr-defined]


def usual_workers(files: Sequence[Path]) -> int:
    """How many pictures are estimated side by side where nobody says."""
    import torch

    threads = torch.get_num_threads()
    is_large = any(file.is_file() and file.stat().st_size > _LARGE for file in files)
    return threads if len(files) >= threads and not is_large else 1


def words_of(error: Exception) -> str:
    """What is said of the error that a picture ended with."""
    if isinstance(error, (BlurMapError, OSError)):
        return str(error)
    what = "The memory of this computer is too small for it" if "memory" in repr(error).lower() else "It failed"
    return f"{what} ({str(error).partition(chr(10))[0] or type(error).__name__}). Try smaller tiles, or a part of it."


def _has_map(done: Done, stem: Path) -> bool:
    """Whether the map of a picture is where its name says."""
    return done.result in (f"{stem}{TIFF}", f"{stem}{ZARR}") and Path(done.result).exists()


def _known(file: Path) -> dict[str, Any]:
    return without_folders({"source": fingerprint({"path": str(file)})})


def finished_map(
    target: Path, picture: Picture, model: Model, given: dict[str, Any], noise: GivenNoise
) -> BlurMap | None:
    """The map that an earlier run made of the same picture, with the same model, noise and description; else None."""
    try:
        found = BlurMap.load(target)
        stack = as_stack(picture, **given)
    except BlurMapError:
        return None
    known = without_folders({"source": fingerprint(picture.source)}) | {"model_hash": model.hash}
    same = found.provenance.get("parameters", {}).get("noise") == noise_record(noise)
    same = same and all(found.provenance.get(name) == value for name, value in known.items())
    names = ("axes", "scale", "units")
    same = same and found.sigma.shape == stack.shape and all(getattr(found, n) == getattr(stack, n) for n in names)
    return found if same else None


def check_map_free(target: Path, *, overwrite: bool) -> None:
    """Refuse to replace a map unasked, before minutes are spent on it."""
    for path in (target, sidecar_path(target)):
        if path.exists() and not overwrite:
            raise BlurMapError(f"{path} exists already. Use --overwrite, or another folder.")

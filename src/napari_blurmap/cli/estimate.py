"""`napari-blurmap estimate`: maps of many pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..errors import BlurMapError, Cancelled
from .files import check_map_free, finished_map, read, without_maps, work_through
from .options import Axes, Device, Interrupt, Json, ModelName, usable_model
from .output import progress, say
from .reference import Sharp, compared

if TYPE_CHECKING:
    from ..models.model import Model
    from ..picture.sensor import GivenNoise
    from ..result.blurmap import BlurMap


def estimate(
    files: Annotated[list[Path], typer.Argument(help="Pictures: TIFF, PNG, JPEG, BMP, GIF.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the results.")],
    model: ModelName = "default",
    device: Device = "auto",
    tile: Annotated[int | None, typer.Option(min=1, help="Edge of the tiles, pixels.")] = None,
    noise: Annotated[
        str, typer.Option(help="Of the camera: auto, grey levels (standard deviation), or GAIN/OFFSET/READ_NOISE.")
    ] = "auto",
    axes: Axes = None,
    pixel_size: Annotated[float | None, typer.Option(help="Pixel size, instead of the file's own.")] = None,
    unit: Annotated[str | None, typer.Option(help="Unit of --pixel-size; um if not given.")] = None,
    na: Annotated[float | None, typer.Option("--na", help="Numerical aperture, for the optics limit.")] = None,
    wavelength: Annotated[float | None, typer.Option(help="In nm, such as 520, for the optics limit.")] = None,
    index: Annotated[
        float | None, typer.Option("--refractive-index", help="Of the immersion medium; 1 (air) if not given.")
    ] = None,
    mode: Annotated[
        str | None, typer.Option(help="widefield, confocal, spinning disk or two-photon; widefield if not given.")
    ] = None,
    excitation: Annotated[float | None, typer.Option(help="Excitation wavelength in nm; not for widefield.")] = None,
    pinhole: Annotated[float | None, typer.Option(help="Diameter in Airy units; confocal and spinning disk.")] = None,
    sharp_factor: Annotated[
        float | None, typer.Option(help="How many times the optics limit still is sharp; 1.5 if not given.")
    ] = None,
    limit: Annotated[float | None, typer.Option(help="Largest sigma (px) that counts as sharp.")] = None,
    overwrite: Annotated[bool, typer.Option(help="Replace results that exist.")] = False,
    as_json: Json = False,
) -> None:
    """Estimate pictures and write <stem>.sigma.ome.tif with its <stem>.blurmap.json.

    Pictures that an earlier run has done with the same model are not done again.
    """
    from ..io.folders import make_folder

    if unit is not None and pixel_size is None:
        raise typer.BadParameter("--unit is the unit of --pixel-size: give both, or neither to use the file's own")
    sharp = Sharp(na, wavelength, index, limit, mode, excitation, pinhole, sharp_factor)
    known_noise = _noise(noise)
    files = without_maps(files)
    loaded = usable_model(model, device)
    make_folder(out)
    given = {"axes": axes, "pixel_size": pixel_size, "unit": (unit or "um") if pixel_size is not None else None}
    job = _Job(out, loaded, given, {"device": device, "tile": tile or "auto", "noise": known_noise}, sharp, overwrite)
    work_through(files, job, job.stop, as_json=as_json, lacking="problem")


def _noise(typed: str) -> GivenNoise:
    from ..picture.sensor import typed_noise

    try:
        return typed_noise(typed)
    except BlurMapError as error:
        raise typer.BadParameter(str(error)) from error


@dataclass
class _Job:
    """What is done with every picture."""

    out: Path
    model: Model
    #: What is said of every picture, and how it is estimated: options of `estimate_blur`.
    given: dict[str, Any]
    how: dict[str, Any]
    sharp: Sharp
    overwrite: bool
    stop: Interrupt = field(default_factory=Interrupt)
    _written: dict[Path, Path] = field(default_factory=dict)

    def __call__(self, file: Path) -> tuple[dict[str, Any], str]:
        """Estimate a picture and write its map; figures and words."""
        picture, about = read(file)
        target = self.out / f"{file.stem}.sigma.ome.tif"
        if target in self._written:
            raise BlurMapError(
                f"{target} is the map of {self._written[target]}. Rename one of the two, or use another folder for it."
            )
        found = None if self.overwrite else finished_map(target, picture, self.model, self.given, self.how["noise"])
        if found is None:
            check_map_free(target, overwrite=self.overwrite)
            found = self._estimate(picture, file)
            found.save(target, overwrite=self.overwrite)
        else:
            say(f"{file}: done already, and left as it is. With --overwrite it is done again.")
        self._written[target] = file
        entry = {"file": str(file), "result": str(target), **about, **compared(found, self.sharp)}
        lines = [f"{file}: {entry['line']}"]
        channels = found.channels()
        if len(channels) > 1:
            entry["channels"] = [compared(channel, self.sharp) for channel in channels]
            of = len(channels)
            lines += [f"  channel {n} of {of}: {one['line']}" for n, one in enumerate(entry["channels"], start=1)]
        if "problem" in entry:
            say(f"{file}: the map was written, without a comparison: {entry['problem']}")
        return entry, "\n".join(lines)

    def _estimate(self, picture: Any, file: Path) -> BlurMap:
        from ..estimate import estimate_blur

        options = self.given | self.how | {"progress": progress(file.name), "cancel": self.stop}
        try:
            return estimate_blur(picture, model=self.model, **options)
        except Cancelled as cancelled:
            partial = self.out / f"{file.stem}.partial.sigma.ome.tif"
            cancelled.partial.save(partial, overwrite=True)
            say(f"\nInterrupted; what was done of {file.name} is in {partial}.")
            raise

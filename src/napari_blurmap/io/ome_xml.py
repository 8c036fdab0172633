"""The few facts of OME-XML that are used: sizes, pixel sizes with units, channels, description, other files."""

from __future__ import annotations

from datetime import datetime
from itertools import islice
from math import isfinite, prod
from pathlib import PureWindowsPath
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from ..ground.units import meters, unit_name
from .guard import MOST_PLANES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


#: By pint's name.
_SECONDS = {"millisecond": 1e-3, "second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


class OmeImage(NamedTuple):
    """An image of an OME file.

    Attributes
    ----------
    description : str
        Its description, or "".
    channels : list of str
        Names of its channels, "" where one has none.
    sizes : dict of str to int
        Axis to its length, in the order in which planes follow each other: the slowest first, "y" and "x" last.
    steps : dict of str to (float, str)
        Axis ("x", "y", "z", "t") to its step and pint's name of the unit;
        only steps that are positive and have a known unit.
    emissions : list of float or None
        Wavelength of each channel's light, nm.
    refused : list of str
        Sizes of a pixel that are written there and can be none, such as "0 um (x)".
    acquired : str
        When it was acquired, as ISO 8601 has it, or "".
    seconds : list of float
        After that, for each place along t; empty where it is not known.
    """

    description: str
    channels: list[str]
    sizes: dict[str, int]
    steps: dict[str, tuple[float, str]]
    emissions: list[float | None]
    refused: list[str]
    acquired: str
    seconds: list[float]


def parse_ome(xml: str, number: int = 0) -> OmeImage:
    """Read an image of an OME-XML text, of any version of the schema.

    Parameters
    ----------
    xml : str
        The whole text.
    number : int, default=0
        Which image.

    Returns
    -------
    OmeImage
        What is known of it.

    Raises
    ------
    ValueError
        If it is no XML or holds no image.

    Examples
    --------
    >>> parse_ome('<OME><Image><Pixels PhysicalSizeX="0.2"/></Image></OME>').steps
    {'x': (0.2, 'micrometer')}
    """
    image = next(islice(_named(_root(xml), "Image"), number, None), None)
    pixels = None if image is None else next(_named(image, "Pixels"), None)
    if image is None or pixels is None:
        raise ValueError("OME-XML without an image")
    text = next((element.text or "" for element in image if _name(element) == "Description"), "")
    order = pixels.get("DimensionOrder", "XYCZT")[::-1]
    sizes = {axis.lower(): int(_number(pixels.get(f"Size{axis}"))) for axis in order}
    steps, refused = {}, []
    # The units that the schema assumes where none is written.
    for axis, key, default in (
        ("x", "PhysicalSizeX", "µm"),
        ("y", "PhysicalSizeY", "µm"),
        ("z", "PhysicalSizeZ", "µm"),
        ("t", "TimeIncrement", "s"),
    ):
        step = _number(pixels.get(key))
        unit = unit_name(pixels.get(f"{key}Unit", default))
        if step > 0 and unit not in (None, "pixel"):
            steps[axis] = (step, str(unit))
        elif key in pixels.attrib and axis in "yx":
            refused.append(f"{pixels.attrib[key]} {pixels.get(f'{key}Unit', default)} ({axis})")
    channels = list(_named(pixels, "Channel"))
    return OmeImage(
        text,
        [one.get("Name", "") for one in channels],
        sizes,
        steps,
        [*map(_emission, channels)],
        refused,
        _date(image),
        _seconds(pixels, steps, sizes),
    )


def source_in(xml: str, number: int = 0) -> dict[str, Any]:
    """What an OME-XML text says of an image beside its axes: its channels, as `with_light` gives them, and its time.

    The time is ``acquired``, as ISO 8601 has it, and ``seconds`` after it for each place along t.
    """
    image = parse_ome(xml, number)
    time: dict[str, Any] = {"acquired": image.acquired} if image.acquired else {}
    if len(image.seconds) > 1:
        time["seconds"] = image.seconds
    return with_light(image.channels, image.emissions) | time


def with_light(names: Iterable[Any], emissions: Iterable[float | None]) -> dict[str, Any]:
    """What a picture's source says of its channels; nothing where the light of none is known.

    Examples
    --------
    >>> with_light(["DAPI"], [450.0])
    {'channels': [{'name': 'DAPI', 'emission_nm': 450.0}]}
    """
    pairs = zip(names, emissions, strict=True)
    channels = [{"name": str(name or ""), "emission_nm": nm} for name, nm in pairs]
    return {"channels": channels} if any(one["emission_nm"] for one in channels) else {}


def other_files(xml: str) -> set[str]:
    """Files that an OME-XML text names, once it is sure that nothing in it sends a reader astray.

    Parameters
    ----------
    xml : str
        The whole text.

    Returns
    -------
    set of str
        Names relative to the folder of the file with this text.

    Raises
    ------
    ValueError
        If it is no XML, announces more planes than any file holds, or names files outside its folder.

    Examples
    --------
    >>> other_files('<OME><Image><Pixels><TiffData><UUID FileName="b.ome.tif"/></TiffData></Pixels></Image></OME>')
    {'b.ome.tif'}
    """
    files = set()
    for element in _root(xml).iter():
        name, numbers = _name(element), {key: _number(text) for key, text in element.attrib.items()}
        counts = [value for key, value in numbers.items() if key in ("NumPlanes", "PlaneCount", "IFD")]
        if name == "Pixels":
            counts.append(prod(numbers.get(f"Size{axis}", 1) for axis in "CZT"))
        if name.startswith("ModuloAlong"):
            counts.append((numbers.get("End", 0) - numbers.get("Start", 0)) / (numbers.get("Step", 1) or 1e-9))
        if max(counts, default=0) > MOST_PLANES:
            raise ValueError(f"its OME-XML announces {max(counts):.3g} planes")
        if name == "UUID" and "FileName" in element.attrib:
            path = PureWindowsPath(element.attrib["FileName"])  # either slash parts it, as on any system
            if path.anchor or ".." in path.parts:
                raise ValueError("its OME-XML names files outside its folder")
            files.add(element.attrib["FileName"])
    return files


def _emission(channel: ElementTree.Element) -> float | None:
    """Wavelength of a channel's light, nm."""
    metres = meters(unit_name(channel.get("EmissionWavelengthUnit", "nm")) or "")
    return round(1e9 * _number(channel.get("EmissionWavelength")) * (metres or 0.0), 3) or None


def _date(image: ElementTree.Element) -> str:
    text = next((element.text or "" for element in image if _name(element) == "AcquisitionDate"), "")
    try:
        return datetime.fromisoformat(text.strip()).isoformat()
    except ValueError:
        return ""


def _seconds(pixels: ElementTree.Element, steps: dict[str, tuple[float, str]], sizes: dict[str, int]) -> list[float]:
    """After the start, for each place along t: as its first plane tells, or in equal steps."""
    found: dict[int, float] = {}
    for plane in _named(pixels, "Plane"):
        if "DeltaT" in plane.attrib:
            unit = _SECONDS.get(unit_name(plane.get("DeltaTUnit", "s")) or "", 0.0)
            after = unit * _number(plane.get("DeltaT"))
            place = int(_number(plane.get("TheT")))
            found[place] = min(after, found.get(place, after))
    count = sizes.get("t", 1)
    if found.keys() >= set(range(count)):
        return [found[place] for place in range(count)]
    step, name = steps.get("t", (0.0, ""))
    return [n * step * _SECONDS[name] for n in range(count)] if name in _SECONDS and count < MOST_PLANES else []


def _root(xml: str) -> ElementTree.Element:
    try:
        return ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise ValueError(f"no valid OME-XML: {error}") from error


def _name(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element.iter() if _name(child) == name)


def _number(text: str | None) -> float:
    """A finite number, or 0."""
    try:
        value = float(text or "")
    except ValueError:
        return 0.0
    return value if isfinite(value) else 0.0

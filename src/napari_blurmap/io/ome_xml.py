"""The few facts of OME-XML that are used: pixel sizes with units, channel names, description."""

from __future__ import annotations

from math import isfinite
from typing import TYPE_CHECKING, NamedTuple
from xml.etree import ElementTree

from ..ground.units import unit_name

if TYPE_CHECKING:
    from collections.abc import Iterator


class OmeImage(NamedTuple):
    """First image of an OME file.

    Attributes
    ----------
    description : str
        Its description, or "".
    channels : list of str
        Names of its channels, "" where one has none.
    steps : dict of str to (float, str)
        Axis ("x", "y", "z", "t") to its step and pint's name of the unit;
        only steps that are positive and have a known unit.
    """

    description: str
    channels: list[str]
    steps: dict[str, tuple[float, str]]


def parse_ome(xml: str) -> OmeImage:
    """Read the first image of an OME-XML text, of any version of the schema.

    Parameters
    ----------
    xml : str
        The whole text.

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
    try:
        root = ElementTree.fromstring(xml)
    except ElementTree.ParseError as error:
        raise ValueError(f"no valid OME-XML: {error}") from error
    image = next(_named(root, "Image"), None)
    pixels = None if image is None else next(_named(image, "Pixels"), None)
    if image is None or pixels is None:
        raise ValueError("OME-XML without an image")
    text = next((element.text or "" for element in image if _name(element) == "Description"), "")
    steps = {}
    # The units that the schema assumes where none is written.
    for axis, key, default in (
        ("x", "PhysicalSizeX", "µm"),
        ("y", "PhysicalSizeY", "µm"),
        ("z", "PhysicalSizeZ", "µm"),
        ("t", "TimeIncrement", "s"),
    ):
        step = _positive(pixels.get(key))
        unit = unit_name(pixels.get(f"{key}Unit", default))
        if step is not None and unit not in (None, "pixel"):
            steps[axis] = (step, str(unit))
    return OmeImage(text, [channel.get("Name", "") for channel in _named(pixels, "Channel")], steps)


def _name(element: ElementTree.Element) -> str:
    return element.tag.rsplit("}", 1)[-1]


def _named(element: ElementTree.Element, name: str) -> Iterator[ElementTree.Element]:
    return (child for child in element.iter() if _name(child) == name)


def _positive(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if isfinite(value) and value > 0 else None

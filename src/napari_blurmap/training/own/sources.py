"""The user's own pictures for training, still to be read, each with the region of it to train on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ...errors import BlurMapError
from ...ground.arguments import as_path, entries
from ...ground.arrays import as_array, in_memory
from ...io.folders import pictures_in
from ...io.pictures import Picture, is_zarr, list_images, read_picture
from ...picture.stack import as_stack

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from ...picture.stack import Stack

#: Longest list that is looked through at all: something longer is a picture.
_LONGEST_LIST = 100_000


@dataclass(frozen=True, eq=False)
class Source:
    """A picture that is still to be read, and the region of it to train on."""

    name: str
    image: Any
    mask: Any = None

    def stack(self) -> Stack:
        """The picture, read; of a plain array a last axis of 3 or 4 is colour.

        Raises
        ------
        BlurMapError
            If it cannot be read.
        """
        image: Any = read_picture(self.image) if isinstance(self.image, Path) else self.image
        is_colour = not hasattr(image, "scale") and np.ndim(image) > 2 and np.shape(image)[-1] in (3, 4)
        return as_stack(image, channel_axis=-1 if is_colour else None)

    def region(self, stack: Stack) -> NDArray[np.bool_] | None:
        """Where it is to be trained on, (Y, X) or of all planes; None: everywhere."""
        if self.mask is None:
            return None
        is_layer = hasattr(self.mask, "scale") and hasattr(self.mask, "data")
        try:
            mask = np.asarray(self.mask.data if is_layer else self.mask)
        except ValueError as error:  # a list of outlines
            raise BlurMapError("its mask is no picture; give an array or a Labels layer.") from error
        if mask.shape not in (stack.shape, stack.shape[-2:]) and mask.ndim == len(stack.shape):
            mask = mask.transpose(np.argsort(np.argsort(stack.order)))  # laid out as the picture's data are
        if mask.shape not in (stack.shape, stack.shape[-2:]):
            raise BlurMapError(
                f"its mask has the shape {mask.shape}; expected {stack.shape[-2:]}, or {stack.shape}, not 0 where the "
                "picture is to be trained on."
            )
        return np.asarray(mask != 0)


def list_sources(images: Any, masks: Sequence[Any] | None = None) -> list[Source]:
    """All pictures of a folder, of files, arrays and layers, or of pairs of those with a mask.

    Raises
    ------
    BlurMapError
        If there are none, or another number of masks.
    """
    if masks is None and _is_pair(images):
        images = [images]
    elif isinstance(images, str | Path | Picture) or hasattr(images, "shape") or hasattr(images, "data"):
        is_list = isinstance(masks, list | tuple)
        images, masks = [images], masks if masks is None or is_list else [masks]
    images = list(entries("images", images, "pictures, a folder, or a list of them", most=_LONGEST_LIST))
    masks = [None] * len(images) if masks is None else list(entries("masks", masks, "a list", most=_LONGEST_LIST))
    if len(masks) != len(images):
        raise BlurMapError(f"There are {len(images)} images and {len(masks)} masks; expected one mask (or None) each.")
    sources: list[Source] = []
    for number, (image, mask) in enumerate(zip(images, masks, strict=True), start=1):
        if isinstance(image, tuple) and len(image) == 2:
            image, mask = image
        if not isinstance(image, str | Path):
            sources.append(Source(str(getattr(image, "name", f"picture {number}")), image, mask))
            continue
        path = as_path(f"picture {number}", image)
        is_folder = path.is_dir() and not is_zarr(path)
        if is_folder and mask is not None:
            raise BlurMapError(f"{path} is a folder; a mask belongs to one picture. Give its pictures one by one.")
        files = pictures_in(path) if is_folder else list_images(path)
        sources += [Source(file.name, file, mask) for file in files]
    if not sources:
        raise BlurMapError("There are no pictures to train on. Give sharp pictures, or a folder with some.")
    return sources


def _is_pair(images: Any) -> bool:
    """Whether a tuple is a picture with its mask, and not a list of two pictures."""
    if not isinstance(images, tuple) or len(images) != 2 or isinstance(images[1], str | Path | Picture):
        return False
    second = images[1]
    is_layer = hasattr(second, "scale") and hasattr(second, "data")
    mask = in_memory(as_array(second.data if is_layer else second, "The mask"))
    is_mask = mask.dtype.kind == "b" or (is_layer and mask.dtype.kind in "iu") or len(np.unique(mask)) <= 2
    if not is_mask:
        raise BlurMapError(
            "images is a tuple of two, which means a picture and its mask, but the second has more values than true "
            "and false. Give several pictures as a list, [a, b], and masks of several labels by masks=."
        )
    return True

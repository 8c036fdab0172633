"""What a map says of itself in sentences, such as those that a paper takes over."""

from __future__ import annotations

from math import sqrt
from typing import TYPE_CHECKING, Any

from ..ground.status import MAX_RELATIVE
from ..ground.units import readable_unit
from .figures import Figured
from .words import median_words, percent

if TYPE_CHECKING:
    from .optics_limit import Sharp

_HOME = "https://github.com/napari-blurmap/napari-blurmap"


class Told(Figured):
    """Words of a blur map."""

    def psf_text(self) -> str:
        """Width of the blur, read as a point spread function: for a microscope's log, or software that asks for it.

        Returns
        -------
        str
            A line a channel (axis "c"): median FWHM and sigma of the judged places with the whole standard error, in
            nm, or in px where the size of a pixel is not known or not the same along y and x.

        Examples
        --------
        >>> import numpy as np
        >>> from napari_blurmap import BlurMap
        >>> two = np.full((64, 64), 2.0)
        >>> m = BlurMap(two, 0.1 * two, 0 * two, axes="yx", scale=(0.1, 0.1), units=("um", "um"), provenance={})
        >>> m.psf_text()
        'FWHM 471 +- 47 nm, sigma 200 +- 20 nm (median)'
        """
        return "\n".join(f"{channel}{_size(figures, 'nm')}" for channel, figures in self._by_channel())

    def methods_text(self, reference: Sharp = None) -> str:
        """Sentences for the methods of a paper, from what the map knows: software, model, what was measured and how.

        Parameters
        ----------
        reference : Reference, OpticsLimit or float, optional
            What the blur is compared with, as in `summary`.

        Returns
        -------
        str
            The same for a map that was saved and loaded.

        Examples
        --------
        >>> import numpy as np
        >>> import napari_blurmap as nb
        >>> texture = np.random.default_rng(0).random((128, 128))
        >>> m = nb.estimate_blur(nb.apply_blur(texture, 2.0), pixel_size=0.2, unit="um")
        >>> [sentence.split()[0] for sentence in m.methods_text().split(". ")][:3]
        ['Blur', 'Places', 'Pixels']
        """
        found = "; ".join(f"{channel}{_found(figures)}" for channel, figures in self._by_channel(reference))
        return " ".join([_how(self.provenance), _what(self), *_afterwards(self.provenance), f"{found}."])

    def _by_channel(self, reference: Sharp = None) -> list[tuple[str, dict[str, Any]]]:
        """Figures of each channel, and what they begin with where there are several."""
        channels = self.channels()
        name = "Channel {}: " if len(channels) > 1 else ""
        return [(name.format(n), one.summary(reference)) for n, one in enumerate(channels, start=1)]


def _size(figures: dict[str, Any], unit: str | None = None) -> str:
    if figures["median_fwhm"] is None:
        return "nothing could be judged"
    return f"FWHM {median_words(figures, unit)}, sigma {median_words(figures, unit, sigma=True)} (median)"


def _how(about: dict[str, Any]) -> str:
    model = str(about.get("model", "of unknown name"))
    if digest := about.get("model_hash"):
        model += f" (SHA-256 of its weights {str(digest)[:12]})"
    zero = (
        "a picture as sharp as those it was trained on"
        if about.get("reference") == "added"
        else "an ideally sharp picture"
    )
    return (
        f"Blur was measured by napari-blurmap {about.get('version', 'of unknown version')} ({_HOME}) with its model "
        f"{model}, a convolutional network that gives at every pixel the standard deviation (sigma) of the Gaussian "
        f"that turns {zero} into the one seen, and its standard error; FWHM is 2.3548 sigma. Places are judged "
        f"where that error is at most {100 * MAX_RELATIVE:.0f} % of sigma; medians are given with their standard error."
    )


def _what(m: Told) -> str:
    pixel = "Pixels were of unknown size"
    if m.unit is not None:
        factor, unit = readable_unit(m.scale[-1], m.unit)
        pixel = f"Pixels were {factor * m.scale[-2]:.4g} x {factor * m.scale[-1]:.4g} {unit}"
    given = m.provenance.get("parameters", {}).get("noise")
    if not isinstance(given, dict):
        return f"{pixel}; the noise of the camera was measured in the picture itself."
    (dark, light), (least, most) = given["greys"], given["variances"]
    noise = f"{sqrt(least):.3g} grey levels"
    if most != least:
        gain = (most - least) / (light - dark)
        noise += f" at a grey level of {dark:.4g}, with a gain of {gain:.3g} grey levels an electron"
    return f"{pixel}; the noise of the camera was taken to be {noise}."


def _afterwards(about: dict[str, Any]) -> list[str]:
    """What was done with the map, or left undone."""
    sentences = ["The measurement was stopped before its end."] if about.get("partial") else []
    for done in about.get("smoothed", []):
        guided = ", guided by the picture" if done.get("guided_by_picture") else ""
        sentences.append(f"The map was smoothed (method {done['method']}, strength {done['strength']:g}{guided}).")
    if "filled" in about:
        sentences.append("Places that could not be judged were filled from those around them, and do not count below.")
    return sentences


def _found(figures: dict[str, Any]) -> str:
    if figures["median_fwhm"] is None:
        return "no place could be judged"
    text = (
        f"{percent(figures['judged_share'])} of the picture could be judged, and the median there was FWHM "
        f"{median_words(figures)} (sigma {median_words(figures, sigma=True)})"
    )
    if figures["ratio"] is not None:
        text += f", {figures['ratio']:.2f} x the {figures['reference']['name']}"
    return text

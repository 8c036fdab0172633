"""What a bug report needs, as text: versions, model, device, settings and the last error."""

from __future__ import annotations

import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from napari.utils import sys_info

from ...errors import BlurMapError
from ...ground.version import VERSION
from ...models.info import read_info
from ...models.registry import find_model

if TYPE_CHECKING:
    from ..run.worker import Failed
    from .form import Form
    from .job import Job


def issue_report(title: str, form: Form, failed: Failed | None) -> str:
    """All that the issue forms of the project ask for, but what happened.

    Parameters
    ----------
    title : str
        Of the panel.
    form : Form
        Its form, as it stands.
    failed : Failed or None
        The last error, where there was one.

    Returns
    -------
    str
        Read it before you send it: it names the layers, and the files that were chosen.
    """
    try:
        job, asked = form.job(), "Nothing could be run."
    except BlurMapError as error:
        job, asked = None, f"Nothing could be run: {error}"
    parts = [f"napari-blurmap {VERSION}, torch {version('torch')}, panel {title}"]
    if form.model is not None:
        parts.append(f"Model: {_model(form.model.model or '')}")
    if job is not None:
        parts.append(f"Device: {_device(job)}")
    parts.append(f"Settings:\n{asked if job is None else job.as_python()}")
    parts.append("Last error: none" if failed is None else f"Last error: {failed.message}\n{failed.trace}")
    return "\n\n".join([*(part.strip() for part in parts), sys_info()])


def _model(name: str) -> str:
    try:
        info, weights = read_info(find_model(name))
    except BlurMapError as error:
        return f"{name} ({error})"
    return f"{name} ({info.name}, {info.architecture}, {info.reference}), weights {weights}"


def _device(job: Job) -> str:
    """The device that is asked for; and the one that is used, where PyTorch is loaded and can say."""
    wanted = str(job.options.get("device", "cpu"))
    if "torch" not in sys.modules:
        return wanted
    from ...models.devices import find_device

    try:
        return f"{wanted} ({find_device(wanted)} is used)"
    except BlurMapError as error:
        return f"{wanted} ({error})"

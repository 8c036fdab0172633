"""One press of Run in the panel "Check on my picture"."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import napari_blurmap as nb

from ..panels.job import arguments
from ..panels.shell import shell_line, stored

if TYPE_CHECKING:
    from ...checking.report import CheckReport
    from ...ground.progress import Cancel, Progress
    from ..layers.picture import LayerPicture
    from ..run.worker import Tell


@dataclass(frozen=True, eq=False)
class CheckJob:
    """The picture as it was, and the arguments of `check_on_image` that differ from the defaults."""

    picture: LayerPicture
    options: dict[str, Any]

    @property
    def name(self) -> str:
        """What napari shows while it runs."""
        return f"Check on {self.picture.name}"

    def run(
        self, progress: Progress, cancel: Cancel, tell: Tell, function: Callable[..., Any] | None = None
    ) -> CheckReport:
        """Check; tells the report so far after every blur."""
        check: Callable[..., CheckReport] = function or nb.check_on_image
        return check(self.picture, **self.options, progress=progress, cancel=cancel, update=tell)

    def as_python(self) -> str:
        """The same check for napari's console or a script."""
        return (
            "import napari_blurmap as nb\n\n"
            f"layer = viewer.layers[{self.picture.name!r}]\n"
            f"report = nb.check_on_image(layer{arguments(self.options)})\n"
            "print(report.text())\n"
        )

    def as_shell(self) -> str:
        """The same check."""
        path, how = stored(self.picture, self.options.get("channel_axis"))
        plane = list(self.options.get("plane", ()))
        named = {name: self.options.get(name) for name in ("model", "device", "region")}
        return shell_line("check", path, **named, sigma=self.options.get("sigmas"), plane=plane, axes=how.get("axes"))

"""A window with the Estimate blur panel in it, whose estimate waits to be let go."""

from __future__ import annotations

from threading import Event
from types import SimpleNamespace

import pytest


class Slow:
    """Stands in for `estimate_blur`: one blur everywhere, as soon as ``gate`` is set."""

    def __init__(self) -> None:
        self.gate = Event()
        self.error: Exception | None = None
        self.sigma, self.status = 2.0, 0

    def __call__(self, picture, *, progress, cancel, pixel_size=None, unit=None, **_):
        from napari_blurmap import Cancelled
        from napari_blurmap.picture.stack import as_stack

        stack = as_stack(picture, pixel_size=pixel_size, unit=unit)
        progress(0, 2, "estimating")
        while not self.gate.wait(0.01):
            if cancel():
                raise Cancelled(self.blurmap(stack, partial=True))
        if self.error is not None:
            raise self.error
        return self.blurmap(stack)

    def blurmap(self, stack, **about):
        import numpy as np

        from napari_blurmap import BlurMap

        sigma = np.full(stack.shape, self.sigma)
        names = ("axes", "scale", "units", "translate", "affine")
        known = {name: getattr(stack, name) for name in names}
        status = np.full(stack.shape, self.status)
        return BlurMap(sigma, 0.1 * sigma, status, provenance={"model": "m", **about}, **known)


@pytest.fixture
def opened(make_napari_viewer_proxy, plugin_settings, qtbot):
    """A viewer with a picture called cells and the Estimate blur panel, whose estimate waits for ``finish``."""
    import numpy as np

    from napari_blurmap.plugin.estimate.panel import EstimatePanel

    viewer = make_napari_viewer_proxy(show=True)
    layer = viewer.add_image(np.random.default_rng(0).random((64, 64)), name="cells")
    slow = Slow()
    panel = EstimatePanel(viewer, slow)
    viewer.window.add_dock_widget(panel, name="Estimate blur")

    def rest():
        qtbot.waitUntil(lambda: not panel.control.state.busy, timeout=60000)

    def finish():
        slow.gate.set()
        rest()

    def run():
        panel.run_view.button.click()
        finish()

    return SimpleNamespace(viewer=viewer, layer=layer, slow=slow, panel=panel, run=run, finish=finish, rest=rest)

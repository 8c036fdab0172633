"""What is put on the clipboard for a bug report."""

from __future__ import annotations

from typing import Any

import pytest
from qtpy.QtWidgets import QApplication

import napari_blurmap as nb
from napari_blurmap.models.info import read_info
from napari_blurmap.models.registry import find_model
from napari_blurmap.plugin.panels.base import RunPanel


def copied(panel: RunPanel) -> str:
    panel.run_view.copies["report"].trigger()
    return str(QApplication.clipboard().text())


@pytest.mark.gui_subset
def test_a_report_says_what_was_run_with_what_and_what_went_wrong(opened: Any) -> None:
    opened.panel.form.device.choose("cpu")
    text = copied(opened.panel)
    assert "Last error: none" in text
    opened.slow.error = RuntimeError("bad luck")
    opened.run()
    text = copied(opened.panel)
    assert "Read it before you send it" in opened.panel.run_view.message.text()
    _, weights = read_info(find_model("default"))
    for part in (
        f"napari-blurmap {nb.__version__}, torch 2.",
        "panel Estimate blur",
        f"Model: default (default, dense, absolute), weights {weights}",
        "Device: cpu",
        "m = nb.estimate_blur(layer, model='default', device='cpu'",
        "Last error: Something went wrong that should not have: RuntimeError: bad luck\nTraceback",
        "napari: ",
        "Python: ",
    ):
        assert part in text, part


def test_a_report_can_be_had_where_nothing_can_be_run(opened: Any) -> None:
    opened.viewer.layers.clear()
    assert "Nothing could be run." in copied(opened.panel)

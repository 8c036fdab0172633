"""The command line, run as its users run it, in this process."""

from __future__ import annotations

import signal
import sys

import pytest

from napari_blurmap.cli import app as cli


def run(*arguments):
    """Run a command; the exit code."""
    before, argv = signal.getsignal(signal.SIGINT), sys.argv
    try:
        sys.argv = ["napari-blurmap", *map(str, arguments)]
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        return stopped.value.code or 0
    finally:
        sys.argv = argv
        signal.signal(signal.SIGINT, before)

"""Tables, the name of the machine, and where a benchmark writes its section of docs/benchmarks.md."""

from __future__ import annotations

import argparse
import os
import platform
import re
from pathlib import Path

PAGE = Path(__file__).parents[1] / "docs" / "benchmarks.md"


def machine() -> str:
    """Processor, cores and versions that a figure depends on."""
    import numpy
    import torch

    name = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.exists():
        found = re.search(r"model name\s*:\s*(.+)", info.read_text())
        name = found.group(1) if found else name
    gpu = f", {torch.cuda.get_device_name()}" if torch.cuda.is_available() else ""
    vectors = torch.backends.cpu.get_cpu_capability()
    return (
        f"{name} ({vectors}), {os.cpu_count()} cores{gpu}; {platform.system()}, Python {platform.python_version()}, "
        f"PyTorch {torch.__version__}, numpy {numpy.__version__}"
    )


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(cells) + " |" for cells in lines)


def publish(name: str, command: str, text: str, write: bool) -> None:
    """Print a section, and put it into the page where asked to."""
    section = f"## {name}\n\n`{command}` on: {machine()}.\n\n{text}\n"
    print(section)
    if not write:
        return
    page = (
        PAGE.read_text() if PAGE.exists() else "# Benchmarks\n\nEvery figure below comes out of the command above it.\n"
    )
    pattern = rf"## {re.escape(name)}\n.*?(?=\n## |\Z)"
    page = (
        re.sub(pattern, lambda _: section, page, flags=re.S)
        if re.search(pattern, page, flags=re.S)
        else f"{page.rstrip()}\n\n{section}"
    )
    PAGE.write_text(page)


def arguments(description: str) -> argparse.ArgumentParser:
    """The options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--write", action="store_true", help="put the section into docs/benchmarks.md")
    return parser

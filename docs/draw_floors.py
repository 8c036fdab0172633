"""Draws docs/images/floors.svg from the import graph: the rooms, what is in them, and which calls which.

python docs/draw_floors.py
"""

from __future__ import annotations

import ast
import tomllib
from collections import Counter
from html import escape
from pathlib import Path
from textwrap import wrap

import grimp

ROOT = Path(__file__).parents[1]
PACKAGE = "napari_blurmap"
#: Everybody calls these; arrows to them would hide the others.
COMMON = {"ground", "errors"}
WIDTH, BOX, HEIGHT, GAP = 900, 270, 86, 44
STYLE = """
text { font-family: system-ui, sans-serif; font-size: 11px; fill: #444; text-anchor: middle }
.name { font-size: 15px; font-weight: 600; fill: #111 }
rect { fill: #f4f6fa; stroke: #7a8ba8 }
path { fill: none; stroke: #5b7bb2; stroke-opacity: 0.55; marker-end: url(#head) }
marker path { fill: #5b7bb2; stroke: none; marker-end: none }
"""


def floors() -> list[list[str]]:
    """The rooms from top to bottom, as import-linter holds them."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"]
    (layers,) = (each["layers"] for each in settings["contracts"] if each["type"] == "layers")
    return [[room.strip() for room in floor.split("|")] for floor in layers]


def calls() -> Counter[tuple[str, str]]:
    """How many imports lead from one room to another."""
    graph = grimp.build_graph(PACKAGE, exclude_type_checking_imports=True, cache_dir=None)
    found: Counter[tuple[str, str]] = Counter()
    for module in graph.modules - {PACKAGE}:
        for other in graph.find_modules_directly_imported_by(module) - {PACKAGE}:
            found[module.split(".")[1], other.split(".")[1]] += 1
    return found


def about(room: str) -> tuple[str, str]:
    """What a room is for, in its own words, and how much is in it."""
    folder = ROOT / "src" / PACKAGE / room
    files = sorted(folder.rglob("*.py")) or [folder.with_suffix(".py")]
    home = folder / "__init__.py"
    doc = ast.get_docstring(ast.parse((home if home.exists() else files[0]).read_text(encoding="utf-8"))) or ""
    lines = sum(len(file.read_text(encoding="utf-8").splitlines()) for file in files)
    modules = sum(file.name != "__init__.py" for file in files)
    size = f"{modules} files, {round(lines, -2)} lines" if modules > 1 else f"1 file, {lines} lines"
    return doc.splitlines()[0].rstrip("."), size


def draw_floors(path: Path) -> None:
    """Write the picture."""
    places: dict[str, tuple[float, float]] = {}
    for level, rooms in enumerate(floors()):
        for number, room in enumerate(rooms):
            places[room] = (WIDTH * (number + 0.5) / len(rooms), 6 + level * (HEIGHT + GAP))
    order = list(places)
    arrows, boxes = [], []
    for (one, other), count in sorted(calls().items()):
        if one != other and other not in COMMON:
            (x, y), (to_x, to_y) = places[one], places[other]
            x += 14 * (order.index(other) - len(order) / 2)
            to_x += 14 * (order.index(one) - len(order) / 2)
            y, bend = y + HEIGHT, (to_y - y - HEIGHT) / 2
            arrows.append(
                f'<path d="M{x:.0f} {y:.0f}C{x:.0f} {y + bend:.0f} {to_x:.0f} {to_y - bend:.0f} {to_x:.0f} {to_y:.0f}" '
                f'stroke-width="{min(1 + count / 4, 5):.1f}"><title>{one} to {other}: {count}</title></path>'
            )
    for room, (x, y) in places.items():
        doc, size = about(room)
        text = "".join(
            f'<text x="{x:.0f}" y="{y + 37 + 14 * number:.0f}">{escape(line)}</text>'
            for number, line in enumerate([*wrap(doc, 46)[:3], size])
        )
        boxes.append(
            f'<rect x="{x - BOX / 2:.0f}" y="{y:.0f}" width="{BOX}" height="{HEIGHT}" rx="6"/>'
            f'<text class="name" x="{x:.0f}" y="{y + 20:.0f}">{room}</text>{text}'
        )
    below = places[min(COMMON, key=order.index)][1] - GAP / 2 + 4
    boxes.append(f'<text x="{WIDTH / 2}" y="{below:.0f}">all of them call what is below</text>')
    tall = max(y for _, y in places.values()) + HEIGHT + 6
    head = (
        '<marker id="head" markerWidth="7" markerHeight="6" refX="6" refY="3" orient="auto" '
        'markerUnits="userSpaceOnUse"><path d="M0 0L7 3L0 6z"/></marker>'
    )
    path.write_text(
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {tall:.0f}" width="{WIDTH}" '
        f'role="img" aria-label="The floors of napari-blurmap and their calls">\n<style>{STYLE}</style>\n'
        f"<defs>{head}</defs>\n"
        f'<rect width="{WIDTH}" height="{tall:.0f}" style="fill: #fff; stroke: none"/>\n'
        + "\n".join([*arrows, *boxes])
        + "\n</svg>\n",
        encoding="utf-8",
    )


if __name__ == "__main__":
    draw_floors(ROOT / "docs" / "images" / "floors.svg")

"""What npe2's own validation of a manifest lets pass: napari then drops it silently, or stops at start-up."""

from __future__ import annotations

import ast
import copy
import importlib
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
import yaml
from app_model.expressions import parse_expression
from jsonschema.exceptions import ValidationError
from napari._app_model.constants import MenuId
from napari._app_model.context import LayerListContextKeys, LayerListSelectionContextKeys
from npe2 import PluginManifest

READS = {"*.blurmap.json", "*.blurmap.safetensors"}
CONTEXT = {
    name for keys in (LayerListContextKeys, LayerListSelectionContextKeys) for name in vars(keys) if name[0] != "_"
}


def problems(raw: dict[str, Any]) -> list[str]:
    """Everything that is wrong with a manifest, as read from its file."""
    manifest = PluginManifest.model_validate(raw)
    found = [f"unknown key {key}" for key in lost_keys(raw, manifest.model_dump(exclude_unset=True))]
    given = raw["contributions"]
    if "keybindings" in given:
        found.append("napari ignores keybindings")
    return [*found, *menu_problems(given), *reader_problems(given), *setting_problems(manifest)]


def lost_keys(raw: Any, kept: Any, path: str = "") -> Iterator[str]:
    """Keys of the file that are in no field of the model."""
    if isinstance(raw, dict):
        for key, value in raw.items():
            if key in kept:
                yield from lost_keys(value, kept[key], f"{path}/{key}")
            else:
                yield f"{path}/{key}"
    elif isinstance(raw, list):
        for value, other in zip(raw, kept, strict=True):
            yield from lost_keys(value, other, path)


def menu_problems(given: dict[str, Any]) -> Iterator[str]:
    """Commands, menus and conditions that lead nowhere."""
    menus = given.get("menus", {})
    items = [item for menu in menus.values() for item in menu]
    declared = {command["id"] for command in given["commands"]}
    users = [
        *items,
        *(item for kind in ("readers", "writers", "widgets", "sample_data") for item in given.get(kind, [])),
    ]
    for command in {item["command"] for item in users if "command" in item} - declared:
        yield f"undefined command {command}"
    submenus = {menu["id"] for menu in given.get("submenus", [])}
    for menu in set(menus) - submenus - {menu.value for menu in MenuId.contributables()}:
        yield f"not a menu that takes contributions: {menu}"
    for submenu in {item["submenu"] for item in items if "submenu" in item} - submenus:
        yield f"undefined submenu {submenu}"
    for condition in [
        *(c.get("enablement") for c in given["commands"]),
        *(item.get("when") for item in items),
    ]:
        if condition is not None and not is_condition(condition):
            yield f"bad condition {condition}"


def is_condition(text: str) -> bool:
    """Whether napari can parse an expression and knows the names in it."""
    try:
        parse_expression(text)
        names = {node.id for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Name)}
    except SyntaxError:
        return False
    return names <= CONTEXT


def reader_problems(given: dict[str, Any]) -> Iterator[str]:
    """Claims that would make napari ask which plugin shall open other people's files."""
    readers = given.get("readers", [])
    if claimed := {pattern for reader in readers for pattern in reader["filename_patterns"]} ^ READS:
        yield f"readers claim too much or too little: {sorted(claimed)}"
    if any(reader.get("accepts_directories", True) for reader in readers):
        yield "a reader claims folders"


def setting_problems(manifest: PluginManifest) -> Iterator[str]:
    """Settings whose own default breaks their limits, so that reading them fails."""
    for group in (manifest.contributions.configurations or {}).values():
        for name, setting in group.properties.items():
            try:
                setting.validate_instance(setting.default)
            except ValidationError as error:
                yield f"default of {name}: {error.message}"


@pytest.fixture(scope="module")
def raw() -> dict[str, Any]:
    return dict(yaml.safe_load((files("napari_blurmap") / "napari.yaml").read_text(encoding="utf-8")))


def test_manifest_has_no_problems(raw: dict[str, Any]) -> None:
    assert problems(raw) == []


def test_manifest_belongs_to_this_distribution(raw: dict[str, Any], root: Path) -> None:
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert raw["name"] == project["name"]
    assert project["entry-points"]["napari.manifest"] == {raw["name"]: "napari_blurmap:napari.yaml"}


def test_manifest_is_ready_for_the_hub(raw: dict[str, Any]) -> None:
    assert 3 <= len(raw["display_name"]) <= 90
    assert raw["categories"]
    assert {"readers", "writers", "widgets", "sample_data"} <= set(raw["contributions"])
    if "icon" in raw:
        package, _, name = raw["icon"].partition(":")
        assert (files(package) / name).is_file()


@pytest.mark.gui_subset
def test_every_command_imports(raw: dict[str, Any]) -> None:
    for command in raw["contributions"]["commands"]:
        module, _, name = command["python_name"].partition(":")
        assert callable(getattr(importlib.import_module(module), name)), command["id"]


GOOD: dict[str, Any] = {
    "name": "napari-blurmap",
    "display_name": "Blur Map",
    "contributions": {
        "commands": [
            {
                "id": "napari-blurmap.read",
                "title": "Open",
                "python_name": "napari_blurmap.plugin.reader:read",
            },
            {
                "id": "napari-blurmap.run",
                "title": "Run",
                "python_name": "napari_blurmap.plugin.run:run",
                "enablement": "num_selected_image_layers == 1",
            },
        ],
        "readers": [
            {
                "command": "napari-blurmap.read",
                "filename_patterns": sorted(READS),
                "accepts_directories": False,
            }
        ],
        "menus": {
            "napari/layers/measure": [{"command": "napari-blurmap.run"}, {"submenu": "more"}],
            "more": [],
        },
        "submenus": [{"id": "more", "label": "More"}],
        "configurations": {
            "compute": {
                "title": "Compute",
                "properties": {"tile": {"title": "Tile", "type": "integer", "default": 512, "maximum": 1024}},
            }
        },
    },
}


def test_a_good_manifest_passes() -> None:
    assert problems(GOOD) == []


@pytest.mark.parametrize(
    ("path", "value", "complaint"),
    [
        ("contribution", {}, "unknown key /contribution"),
        ("contributions/widget", [], "unknown key /contributions/widget"),
        ("contributions/submenus/0/labels", "x", "unknown key /contributions/submenus/labels"),
        ("contributions/keybindings", [], "napari ignores keybindings"),
        ("contributions/menus/more", [{"command": "napari-blurmap.walk"}], "undefined command"),
        (
            "contributions/widgets",
            [{"command": "napari-blurmap.w", "display_name": "Walk"}],
            "undefined command",
        ),
        ("contributions/menus/more", [{"submenu": "less"}], "undefined submenu less"),
        ("contributions/menus/napari~layers~context", [], "not a menu that takes contributions"),
        ("contributions/menus/more", [{"command": "napari-blurmap.run", "when": "1 +"}], "bad condition 1 +"),
        ("contributions/commands/1/enablement", "num_selected_imgs == 1", "bad condition num_selected_imgs"),
        ("contributions/readers/0/filename_patterns", ["*.tif"], "readers claim too much"),
        ("contributions/readers/0/accepts_directories", True, "a reader claims folders"),
        ("contributions/configurations/compute/properties/tile/default", 2048, "default of tile"),
    ],
)
def test_a_broken_manifest_is_caught(path: str, value: object, complaint: str) -> None:
    broken = copy.deepcopy(GOOD)
    *parents, last = (part.replace("~", "/") for part in path.split("/"))
    place: Any = broken
    for part in parents:
        place = place[int(part) if part.isdigit() else part]
    place[last] = value
    assert any(problem.startswith(complaint) for problem in problems(broken))

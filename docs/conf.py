"""How Sphinx builds this documentation: `tox run -e docs`, or with what that installs

python tools/with_screen.py --qt pyqt6 python -m sphinx -W -b html docs docs/_build/html
"""

from __future__ import annotations

import os
import sys
import tempfile
import warnings
from pathlib import Path

# The example with a window neither sees nor changes the preferences of whoever builds this.
os.environ["NAPARI_CONFIG"] = str(Path(tempfile.mkdtemp(prefix="blurmap-docs-")) / "settings.yaml")
sys.path.insert(0, str(Path(__file__).parent))

from draw_floors import draw_floors
from numpydoc.xref import DEFAULT_LINKS

import napari_blurmap

project = "napari-blurmap"
author = "napari-blurmap contributors"
project_copyright = "napari-blurmap contributors, BSD-3-Clause"
release = version = napari_blurmap.__version__

extensions = [
    "myst_parser",
    "numpydoc",
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx_copybutton",
    "sphinx_gallery.gen_gallery",
]
exclude_patterns = ["_build", "examples"]
templates_path = ["_templates"]
html_theme = "pydata_sphinx_theme"
html_title = "napari-blurmap"
html_theme_options = {
    "github_url": "https://github.com/napari-blurmap/napari-blurmap",
    "show_toc_level": 2,
    "navigation_with_keys": False,
}
html_static_path: list[str] = []
html_extra_path: list[str] = []
html_show_sourcelink = False
suppress_warnings = ["config.cache"]  # of the gallery's sorting, a function

# Markdown: links to headings, as `quantity.md#status`.
myst_heading_anchors = 3

# Names in single backticks link to what is documented here. No intersphinx: the build needs no network.
default_role = "py:obj"
autodoc_typehints = "none"  # the docstrings have them
autosummary_generate = True
numpydoc_show_class_members = False
numpydoc_xref_param_type = True
numpydoc_xref_ignore = "all"
numpydoc_xref_aliases = {name: name for name in DEFAULT_LINKS} | {
    name: f"napari_blurmap.{name}"
    for name in ("BlurMap", "BlurMapError", "Cancelled", "CheckReport", "OpticsLimit", "Reference")
}

# All that numpydoc checks of the public docstrings, but for matters of taste (how a summary begins, "See also", a
# longer text), for what properties have no need of (returns, examples), and for parameters "as in" another function.
numpydoc_validation_checks = {"all", "ES01", "EX01", "GL01", "PR04", "RT01", "RT03", "RT04", "SA01", "SA03", "SS05"}
numpydoc_validation_exclude = {r"\.Status$", r"\.(standard|shape)_error$"}

sphinx_gallery_conf = {
    "examples_dirs": "examples",
    "gallery_dirs": "gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "FileNameSortKey",
    "backreferences_dir": "gallery/backreferences",
    "doc_module": ("napari_blurmap",),
    "reference_url": {"napari_blurmap": None},
    "abort_on_example_error": True,
    "remove_config_comments": True,
    "show_memory": False,
    "show_signature": False,
    "download_all_examples": False,
}
# sphinx-gallery would otherwise say so once an example
warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")

draw_floors(Path(__file__).parent / "images" / "floors.svg")

"""Sphinx configuration; builds without a network: ``sphinx-build -W -b html docs docs/_build``.

The reference pages are written here, from each room's ``__all__``, so that no public name can
be forgotten; they stand in ``docs/generated``, outside version control.
"""

from __future__ import annotations

import ast
import dataclasses
import importlib
import inspect
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

import spinglass_nn  # noqa: E402

project = "spinglass_nn"
author = "The spinglass_nn developers"
copyright = f"2026, {author}"
release = version = spinglass_nn.__version__

extensions = [
    "sphinx.ext.autodoc",
    "sphinx.ext.autosummary",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
    "numpydoc",
    "myst_parser",
]
exclude_patterns = ["_build"]
default_role = "py:obj"
python_use_unqualified_type_names = True
autosummary_generate = False
autodoc_typehints = "none"  # shapes and units stand in the docstrings
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False
myst_enable_extensions = ["dollarmath", "amsmath", "deflist", "colon_fence"]
myst_heading_anchors = 3

html_theme = "pydata_sphinx_theme"
html_title = "spinglass_nn"
html_show_sourcelink = False
html_theme_options = {
    "navigation_with_keys": False,
    "show_nav_level": 2,
    "secondary_sidebar_items": ["page-toc"],
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}

ROOMS = (
    "networks",
    "datasets",
    "training",
    "symmetries",
    "walks",
    "overlaps",
    "landscape",
    "spins",
    "dynamics",
    "statistics",
    "studies",
    "plotting",
    "reports",
    "io",
    "cli",
    "errors",
)


def public_names(module):
    """What a room offers; for a plain module, what is defined in it."""
    names = getattr(module, "__all__", None)
    if names:
        return list(names)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", "") == module.__name__
    ]


def methods_of(cls):
    """Public methods and properties of its own; fields are in the docstring already."""
    fields = {f.name for f in dataclasses.fields(cls)} if dataclasses.is_dataclass(cls) else ()
    return [
        name
        for name, value in vars(cls).items()
        if not name.startswith("_")
        and name not in fields
        and (callable(value) or isinstance(value, (property, classmethod, staticmethod)))
    ]


def has_docstring(value):
    """Whether a docstring is its own: that of a type alias is its class's."""
    return inspect.isclass(value) or inspect.isroutine(value)


def entry(room, name):
    value = getattr(importlib.import_module(f"spinglass_nn.{room}"), name)
    where = f"spinglass_nn.{room}.{name}"
    if inspect.isclass(value):
        members = ", ".join(methods_of(value))
        option = f"\n   :members: {members}\n   :member-order: bysource" if members else ""
        return f".. autoclass:: {where}{option}\n"
    if inspect.isroutine(value):
        return f".. autofunction:: {where}\n"
    return f".. py:data:: {name}\n\n   ``{value}``\n"


def reference_page(room):
    module = importlib.import_module(f"spinglass_nn.{room}")
    names = sorted(public_names(module), key=str.lower)
    title = f"sg.{room}"
    lines = [title, "=" * len(title), "", inspect.getdoc(module) or "", ""]
    lines += [f".. py:module:: spinglass_nn.{room}", "   :no-index:", ""]
    lines += [f".. currentmodule:: spinglass_nn.{room}", "", ".. autosummary::", ""]
    lines += [f"   {name}" for name in names if has_docstring(getattr(module, name))]
    for name in names:
        lines += ["", name, "-" * len(name), "", entry(room, name)]
    return "\n".join(lines) + "\n"


def examples_page():
    """The scripts of examples/, each under the first line of its docstring."""
    lines = ["# Examples", "", "Short scripts that run as they stand.", ""]
    for script in sorted((ROOT / "examples").glob("*.py")):
        doc = ast.get_docstring(ast.parse(script.read_text(encoding="utf-8"))) or script.stem
        lines += [f"## {script.name}", "", doc.splitlines()[0], ""]
        lines += [f"```{{literalinclude}} ../../examples/{script.name}", ":language: python"]
        lines += ["```", ""]
    return "\n".join(lines)


def write(name, text):
    path = HERE / "generated" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


for _room in ROOMS:
    write(f"{_room}.rst", reference_page(_room))
write("examples.md", examples_page())

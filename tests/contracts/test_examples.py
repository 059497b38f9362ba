"""Examples: one short script a protocol, found where a reader looks for them."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))
PROTOCOLS = {
    "a": "random_walks",
    "b": "permutation_paths",
    "c": "hierarchy",
    "d": "batch_sizes",
}


def test_there_is_one_for_every_protocol():
    assert {f.stem for f in EXAMPLES} >= set(PROTOCOLS.values())
    for letter, name in PROTOCOLS.items():
        text = (ROOT / "examples" / f"{name}.py").read_text(encoding="utf-8")
        assert ast.get_docstring(ast.parse(text)).startswith(f"Protocol ({letter})")


@pytest.mark.parametrize("file", EXAMPLES, ids=lambda f: f.stem)
def test_example_is_short_and_uses_what_everyone_can_use(file):
    text = file.read_text(encoding="utf-8")
    tree = ast.parse(text)
    assert ast.get_docstring(tree)
    assert len(text.splitlines()) <= 60
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            assert not node.module.startswith("spinglass_nn"), "import spinglass_nn as sg"
        if isinstance(node, ast.Attribute):
            assert not node.attr.startswith("_")


def test_names_the_examples_use_exist():
    import importlib

    for file in EXAMPLES:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if not (isinstance(node, ast.Attribute) and isinstance(node.value, ast.Attribute)):
                continue
            room = node.value
            if isinstance(room.value, ast.Name) and room.value.id == "sg":
                module = importlib.import_module(f"spinglass_nn.{room.attr}")
                assert hasattr(module, node.attr), f"{file.name}: {room.attr}.{node.attr}"


def test_readers_are_told_of_them():
    assert "`examples/`" in (ROOT / "README.md").read_text(encoding="utf-8")
    conf = (ROOT / "docs" / "conf.py").read_text(encoding="utf-8")
    assert '(ROOT / "examples").glob("*.py")' in conf  # all of them become a page
    assert "examples" in (ROOT / "docs" / "index.md").read_text(encoding="utf-8")

"""Every public name can be imported and says what it takes and returns."""

from __future__ import annotations

import ast
import importlib
import inspect
import re
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parents[2] / "spinglass_nn"
STUBS = sorted(PACKAGE.rglob("__init__.pyi"))


def room_of(stub):
    return ".".join(("spinglass_nn", *stub.parent.relative_to(PACKAGE).parts))


def names_in(stub):
    """What a stub imports under its name, and what it lists."""
    tree = ast.parse(stub.read_text(encoding="utf-8"))
    imported, listed = set(), []
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            imported |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Assign):
            listed = ast.literal_eval(node.value)
    return imported, listed


PUBLIC = [(room_of(stub), name) for stub in STUBS for name in names_in(stub)[1]]


@pytest.mark.parametrize("stub", STUBS, ids=room_of)
def test_stub_lists_what_it_imports_in_order(stub):
    imported, listed = names_in(stub)
    assert set(listed) == imported
    assert len(listed) == len(set(listed))


def test_every_lazy_room_has_a_stub():
    rooms = {p.parent for p in PACKAGE.rglob("__init__.py") if "attach_stub" in p.read_text()}
    assert len(rooms) > 5
    assert {stub.parent for stub in STUBS} == rooms


@pytest.mark.parametrize(("room", "name"), PUBLIC, ids=[f"{r}.{n}" for r, n in PUBLIC])
def test_name_is_there_and_documented(room, name):
    module = importlib.import_module(room)
    assert name in dir(module)
    value = getattr(module, name)
    if inspect.isclass(value) or inspect.isroutine(value):
        assert_documented(value, module)
    elif inspect.ismodule(value):
        assert value.__doc__


def assert_documented(value, module):
    """A summary; Parameters where there are arguments; Returns where something comes back."""
    text = inspect.getdoc(value) or ""
    assert text.strip(), "no docstring"
    summary = text.splitlines()[0]
    assert summary.endswith(".") or text.splitlines()[1:2] != [""], summary
    if inspect.isclass(value) and (issubclass(value, BaseException) or is_protocol(value)):
        return
    if takes_arguments(value):
        assert has_section(text, "Parameters", module) or has_section(
            text, "Attributes", module
        )
    if inspect.isroutine(value) and returns_something(value):
        assert has_section(text, "Returns", module) or has_section(text, "Yields", module)


def is_protocol(value):
    return getattr(value, "_is_protocol", False)


def takes_arguments(value):
    try:
        parameters = inspect.signature(value).parameters
    except (TypeError, ValueError):
        return False
    return any(not name.startswith("_") for name in parameters)


def returns_something(value):
    return inspect.signature(value).return_annotation not in (
        None,
        "None",
        inspect.Signature.empty,
    )


def has_section(text, name, module):
    """The numpydoc section, or a sentence that points to a function that has it."""
    if re.search(rf"^{name}\n-{{{len(name)}}}$", text, re.MULTILINE):
        return True
    pointed = re.search(
        rf"^{name}\b[^.]*\b(?:as for|as of|those of) `(\w+)`", text, re.MULTILINE
    )
    return bool(pointed) and has_section(
        inspect.getdoc(getattr(module, pointed[1])), name, module
    )

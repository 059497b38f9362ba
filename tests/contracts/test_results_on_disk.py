"""Every result class can be found again by a fresh process, and comes back from its file."""

from __future__ import annotations

import ast
import dataclasses
import importlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import spinglass_nn as sg
from spinglass_nn._core.results import kind_of, registered
from spinglass_nn.errors import SpinglassError

PACKAGE = Path(__file__).resolve().parents[2] / "spinglass_nn"


def result_classes():
    """(module, class name) of every class decorated with @result(...), read from the source."""
    for file in sorted(PACKAGE.rglob("*.py")):
        parts = file.relative_to(PACKAGE.parent).with_suffix("").parts
        for node in ast.parse(file.read_text(encoding="utf-8")).body:
            marks = [ast.unparse(d) for d in getattr(node, "decorator_list", [])]
            if isinstance(node, ast.ClassDef) and any(m.startswith("result(") for m in marks):
                yield ".".join(parts), node.name


CLASSES = list(result_classes())
every_class = pytest.mark.parametrize(
    ("module", "name"), CLASSES, ids=[f"{m.split('.')[1]}.{n}" for m, n in CLASSES]
)

NET = sg.networks.MLP((2, 3, 2))
WEIGHTS = np.linspace(-1, 1, 2 * NET.n_parameters).reshape(2, -1)
BY_NAME = {
    "Schedule": sg.training.Constant(),
    "Rule": sg.walks.AlwaysAccept(),
    "Prior": sg.walks.SphericalPrior(2.0),
    "Sampler": sg.walks.HMC(3),
    "Move": sg.walks.Isotropic(),
    "Dataset": sg.datasets.Dataset(WEIGHTS, np.array([0, 1]), n_classes=2),
    "MLP": NET,
    "Replicas": sg.networks.Replicas(NET, WEIGHTS),
    "Replica": sg.networks.Replica(NET, WEIGHTS[0]),
}


def sample(annotation, shape, depth=0):
    """Some value for a field, told from its annotation; arrays all have one shape."""
    text = annotation if isinstance(annotation, str) else getattr(annotation, "__name__", "")
    first = text.split("|")[0].strip().strip('"')
    simple = {
        "float": 0.5,
        "int": 2,
        "str": "name",
        "bool": True,
        "None": None,
        "Any": (1, 2.5),
    }
    if first in simple:
        return simple[first]
    if "Array" in first:
        dtype = np.int64 if "Int" in first else np.float64
        return np.arange(np.prod(shape), dtype=dtype).reshape(shape)
    for opening, value in (("tuple[int", (1, 2)), ("tuple[str", ("a", "b")),
                           ("tuple[float", (0.5,)), ("tuple", ()), ("dict", {"key": 1.5}),
                           ("Mapping", {"key": 1.5})):  # fmt: skip
        if first.startswith(opening):
            return value
    found = BY_NAME.get(first) or build_by_name(first, shape, depth)
    if found is None and "None" not in text:
        raise LookupError(f"no sample of {text}")
    return found


def build_by_name(name, shape, depth):
    found = [(m, n) for m, n in CLASSES if n == name]
    if len(found) != 1 or depth > 4:
        return None
    return build(getattr(importlib.import_module(found[0][0]), name), shape, depth + 1)


def build(cls, shape, depth=0):
    if cls.__name__ in BY_NAME:
        return BY_NAME[cls.__name__]
    given = {f.name: f.type for f in dataclasses.fields(cls) if f.init}
    return cls(**{name: sample(kind, shape, depth) for name, kind in given.items()})


def built(cls):
    """One that holds together well enough to be shown, or the reason why there is none."""
    for shape in ((3,), (3, 3), (2, NET.n_parameters)):
        try:
            value = build(cls, shape)
            repr(value)
        except (SpinglassError, LookupError, TypeError, ValueError, AttributeError) as error:
            reason = error
        else:
            return value
    pytest.skip(f"needs more than its annotations tell: {reason}")


def assert_same(found: Any, expected: Any) -> None:
    if isinstance(expected, np.ndarray):
        assert found.dtype == expected.dtype
        assert_array_equal(found, expected)
    elif dataclasses.is_dataclass(expected):
        assert type(found) is type(expected)
        for field in dataclasses.fields(expected):
            assert_same(getattr(found, field.name), getattr(expected, field.name))
    else:
        assert found == expected


@every_class
def test_a_fresh_process_would_find_it(module, name):
    """`load` imports the room and asks it for the class by name."""
    cls = getattr(importlib.import_module(module), name)
    kind = kind_of(cls)
    assert registered(kind) is cls
    room, _, attribute = kind.partition(".")
    assert getattr(importlib.import_module(f"spinglass_nn.{room}"), attribute) is cls


@every_class
def test_comes_back_from_its_file(module, name, tmp_path):
    cls = getattr(importlib.import_module(module), name)
    value = built(cls)
    found = sg.load(sg.save(value, tmp_path / "result.npz"))
    assert_same(found, value)
    assert repr(found) == repr(value)
    assert "\n" not in repr(value)

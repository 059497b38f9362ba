"""Users' own networks: from named arrays in a file to layers in order."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import pairwise, permutations
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, FormatError, ParameterError, ShapeError
from spinglass_nn.io.tensors import read_tensors
from spinglass_nn.typing import PathType

Array = NDArray[Any]
LayerArrays: TypeAlias = "list[tuple[Array, Array | None]]"

_WEIGHT = r"(?:weights?|kernel|w|coefs?)"
_BIAS = r"(?:bias(?:es)?|b|intercepts?)"
# How programs name the two arrays of a layer; the group "layer" is what they share.
_CONVENTIONS = tuple(
    (re.compile(f"^(?P<layer>.*?){weight}$", re.I), re.compile(f"^(?P<layer>.*?){bias}$", re.I))
    for weight, bias in (
        (rf"(?:^|[./_-]){_WEIGHT}(?::0)?", rf"(?:^|[./_-]){_BIAS}(?::0)?"),  # fc1.weight
        (r"(?:^|/)vars/0", r"(?:^|/)vars/1"),  # layers/dense_1/vars/0
    )
)
_NUMBERED = tuple(
    re.compile(rf"^(?P<head>.*?)(?:(?<=[./_-])|^){kind}[_.-]?(?P<layer>\d+)_?$", re.I)
    for kind in (_WEIGHT, _BIAS)
)  # W1, b_1, model/w2
_POSITIONAL = re.compile(r"^arr_(?P<layer>\d+)$")  # numpy.savez without names


_FEW = 6  # layers; of so many, all orders are tried where nothing tells the order


class _Layer(NamedTuple):
    name: str
    weight: Array
    bias: Array | None

    def shapes(self) -> str:
        bias = "no bias" if self.bias is None else f"bias {self.bias.shape}"
        return f"{self.name or 'weights'!r} {self.weight.shape} with {bias}"


_Arrangement: TypeAlias = "tuple[list[_Layer], bool]"  # layers in order, inputs first


def read_layers(
    path: PathType,
    *,
    names: str | Sequence[str] | None = None,
    sizes: Sequence[int] | None = None,
    transpose: bool | None = None,
) -> LayerArrays:
    """Weight matrices and biases of a fully connected network, from a file.

    Parameters
    ----------
    path : path
        ``.safetensors``, ``.npz``, or Keras's ``.h5`` (whole models and weights, of Keras 2
        and 3).
    names : str or sequence of str, optional
        A pattern such as ``"layer{i}/{kind}"``, where ``{i}`` stands for the layer's number
        and ``{kind}`` for any usual word for weight and bias (or ``"{kind}{i}"``); or the
        names of the layers in order, such as ``["input", "hidden", "out"]``. Arrays that do
        not match are then left aside. Default: usual names are recognised
        (``fc1.weight``, ``0.bias``, ``W1``, ``dense/kernel:0``, ``layers/dense_1/vars/0``,
        ``arr_0``), and an array that is no part of a layer is an error. Layers stand in
        the order that Keras states or that the numbers in their names give; without
        numbers in that of the file (.npz) or in the only one in which they chain.
    sizes : sequence of int, optional
        Units per layer from inputs to outputs that the file must have.
    transpose : bool, optional
        True if matrices are stored as (inputs, outputs), False if as (outputs, inputs).
        Default: whichever makes the layers and their biases chain; if both do, the format's
        habit: Keras stores (inputs, outputs), all others (outputs, inputs).

    Returns
    -------
    list of (weight, bias)
        Weight of shape (outputs, inputs); bias of shape (outputs,) or None. float64 arrays
        stay so, all others are float32.

    Raises
    ------
    FormatError
        If the file is truncated, foreign, or has names or arrays that are not understood.
    ShapeError
        If layers do not chain or do not have the sizes asked for; all shapes are listed.
    DataError
        If an array holds NaN, infinities or integers.
    MissingDependency
        If safetensors or h5py is needed and not installed (extra ``weights``).
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import pathlib, tempfile
    >>> path = pathlib.Path(tempfile.mkdtemp()) / "net.npz"
    >>> np.savez(path, W1=np.ones((3, 5)), b1=np.ones(5), W2=np.ones((5, 2)), b2=np.ones(2))
    >>> [(weight.shape, bias.shape) for weight, bias in read_layers(path)]
    [((5, 3), (5,)), ((2, 5), (2,))]
    """
    file = Path(path)
    wanted = None if sizes is None else tuple(check.count(n, "sizes") for n in sizes)
    stored = read_tensors(file)
    found = _layers(stored.arrays, names, file)
    layers = [_checked(layer, file) for layer in found]
    readings = [stored.inputs_first, not stored.inputs_first]
    if transpose is not None:
        readings = [bool(transpose)]
    for order, inputs_first in _candidates(
        layers, "stated" if names is not None else stored.order, readings, wanted
    ):
        if _chain(order, inputs_first, wanted):
            return [(np.ascontiguousarray(w.T if inputs_first else w), b) for _, w, b in order]
    raise _unchained(layers, wanted, transpose, file)


def _layers(
    arrays: dict[str, Array], names: str | Sequence[str] | None, file: Path
) -> list[_Layer]:
    """Pair weights with biases; layers in the order of the file, or of ``names``."""
    weights: dict[str, str] = {}
    biases: dict[str, str] = {}
    extra = []
    pattern = _pattern(names) if isinstance(names, str) else None
    for name, values in arrays.items():
        kind, layer = _recognised(name, values) if pattern is None else _matched(name, pattern)
        target = {"weight": weights, "bias": biases}.get(kind)
        if target is None or layer in target:
            extra.append(name)
        else:
            target[layer] = name
    order = list(weights)
    if names is None:
        extra += [biases[layer] for layer in biases if layer not in weights]
        _no_extra(extra, weights, arrays, file)
    elif pattern is None:
        order = [_named(str(name), weights, file) for name in names]
    else:
        order.sort(key=_natural)
    if not order:
        raise FormatError(
            f"{file} must hold weights called {names!r}, got {_listed(arrays, list(arrays))}"
        )
    return [
        _Layer(
            layer, arrays[weights[layer]], arrays[biases[layer]] if layer in biases else None
        )
        for layer in order
    ]


def _no_extra(
    extra: list[str], weights: dict[str, str], arrays: dict[str, Array], file: Path
) -> None:
    if not extra and weights:
        return
    what = _listed(arrays, extra) if extra else "no arrays"
    raise FormatError(
        f"{file} must hold the weights and biases of dense layers alone, got also {what}; "
        "say which to take with names="
        if weights
        else f"{file} must hold weights of dense layers, found {what}; say which with names="
    )


def _recognised(name: str, values: Array) -> tuple[str, str]:
    """Kind and layer of an array by the usual names; kind is empty if it has none."""
    for patterns in (*_CONVENTIONS, _NUMBERED):
        for kind, pattern in zip(("weight", "bias"), patterns, strict=True):
            match = pattern.match(name)
            if match and _dense(kind, values):
                return kind, "".join(match.groupdict().values()).rstrip("./_-")
    match = _POSITIONAL.match(name)
    if match and values.ndim in (1, 2):
        number = int(match["layer"])
        # A vector belongs to the matrix before it.
        matrix = values.ndim == 2
        return ("weight", f"arr_{number}") if matrix else ("bias", f"arr_{number - 1}")
    return "", ""


def _dense(kind: str, values: Array) -> bool:
    if kind == "weight":
        return values.ndim == 2
    return values.ndim == 1 or (values.ndim == 2 and 1 in values.shape)


def _pattern(names: str) -> re.Pattern[str]:
    if names.count("{kind}") != 1 or names.count("{i}") != 1:
        raise ParameterError(f"names must contain {{i}} and {{kind}} once each, got {names!r}")
    kinds = rf"(?:(?P<weight>{_WEIGHT})|(?P<bias>{_BIAS}))"
    text = re.escape(names).replace(r"\{i\}", r"(?P<layer>\d+)").replace(r"\{kind\}", kinds)
    return re.compile(f"^{text}(?::0)?$", re.I)


def _matched(name: str, pattern: re.Pattern[str]) -> tuple[str, str]:
    match = pattern.match(name)
    if match is None:
        return "", ""
    return "weight" if match["weight"] else "bias", str(int(match["layer"]))


def _named(name: str, weights: dict[str, str], file: Path) -> str:
    """The layer a user means: by its whole name, or by the last part of it."""
    same = [layer for layer in weights if layer == name]
    same = same or [layer for layer in weights if re.split(r"[./]", layer)[-1] == name]
    if len(same) != 1:
        raise FormatError(
            f"{file} must hold one layer called {name!r}, got the layers {list(weights)}"
        )
    return same[0]


def _natural(name: str) -> tuple[tuple[int, int | str], ...]:
    """A key by which layer10 comes after layer2."""
    parts = re.split(r"(\d+)", name.lower())
    return tuple((1, int(p)) if p.isdecimal() else (0, p) for p in parts if p)


def _candidates(
    layers: list[_Layer], order: str, readings: list[bool], sizes: tuple[int, ...] | None
) -> list[_Arrangement]:
    """Orders and readings of the layers, the likelier first."""
    natural = sorted(layers, key=lambda layer: _natural(layer.name))
    if order == "stated":
        orders = [layers]
    elif len({re.sub(r"[\d_.-]", "", layer.name) for layer in layers}) == 1:
        orders = [natural]  # they differ in their numbers alone
    elif order == "written":
        orders = [layers, natural]
    else:
        return [(natural, readings[0]), *_only_arrangement(natural, readings, sizes)]
    return [(one, reading) for one in orders for reading in readings]


def _only_arrangement(
    layers: list[_Layer], readings: list[bool], sizes: tuple[int, ...] | None
) -> list[_Arrangement]:
    """The one order and reading in which the layers chain; nothing if there are several."""
    orders = permutations(layers) if len(layers) <= _FEW else [tuple(layers)]
    found = [
        (list(order), reading)
        for order in orders
        for reading in readings
        if _chain(order, reading, sizes)
    ]
    return found if len(found) == 1 else []


def _checked(layer: _Layer, file: Path) -> _Layer:
    parts: list[Array | None] = []
    for values, what in ((layer.weight, "weight"), (layer.bias, "bias")):
        if values is None:
            parts.append(None)
            continue
        title = f"{file}: {what} of {layer.name!r}"
        if values.dtype.kind != "f":
            raise DataError(f"{title} must hold floating-point numbers, got {values.dtype}")
        wide = np.float64 if values.dtype.itemsize >= 8 else np.float32
        made = np.array(values, dtype=wide, order="C")
        check.all_finite(made, title)
        parts.append(made)
    weight, bias = parts
    assert weight is not None
    return _Layer(layer.name, weight, None if bias is None else bias.reshape(-1))


def _chain(layers: Sequence[_Layer], inputs_first: bool, sizes: tuple[int, ...] | None) -> bool:
    """Whether outputs of each layer are inputs of the next, and biases fit the outputs."""
    shapes = [w.shape if inputs_first else w.shape[::-1] for _, w, _ in layers]
    found = (shapes[0][0], *(shape[1] for shape in shapes))
    return (
        all(before[1] == after[0] for before, after in pairwise(shapes))
        and all(
            layer.bias is None or layer.bias.shape == (shape[1],)
            for layer, shape in zip(layers, shapes, strict=True)
        )
        and min(found) > 0
        and (sizes is None or found == sizes)
    )


def _unchained(
    layers: list[_Layer], sizes: tuple[int, ...] | None, transpose: bool | None, file: Path
) -> ShapeError:
    shapes = ", ".join(layer.shapes() for layer in layers)
    how = {
        None: "as (outputs, inputs) or as (inputs, outputs)",
        True: "as (inputs, outputs)",
        False: "as (outputs, inputs)",
    }[transpose]
    wanted = f"chain {how}" if sizes is None else f"have the sizes {sizes}, read {how}"
    return ShapeError(
        f"{file} must hold layers that {wanted}, got {shapes}; names= can give another order"
    )


def _listed(arrays: dict[str, Array], names: list[str]) -> str:
    shown = ", ".join(f"{name!r} {arrays[name].shape}" for name in names[:8])
    rest = f" and {len(names) - 8} more" if len(names) > 8 else ""
    return (shown or "no arrays") + rest

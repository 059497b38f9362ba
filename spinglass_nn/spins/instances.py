"""Instance files: bonds as lines of text, the way benchmark sets and users keep them."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn.errors import FormatError
from spinglass_nn.io.archive import written_whole
from spinglass_nn.spins import models
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import PathType

FORMS = {"coupling": 1.0, "maxcut": -1.0}  # J = sign times the number in the file
_MARKS = ("#", "%")


class _Line(NamedTuple):
    """One line that holds something, and where it stands in the file."""

    number: int
    words: list[str]


def read_instance(
    path: PathType, *, form: str = "coupling", first_index: int | None = None
) -> IsingGraph:
    r"""Read a model from a text file of lines ``i j J``.

    Understood are the forms of rudy, the G-set and DIMACS (a first line ``N E`` or ``N E 0``)
    and plain lists ``i j J``, also compressed with gzip:

    - The first line is a header if it has two numbers, or three of which the last is ``0``.
      Then there must be E lines after it. Without a header, N is the largest index.
    - Lines that begin with ``#``, ``%`` or the word ``c`` are comments, as is what follows a
      ``#``.
    - A line ``i j`` without a number has J = 1; it needs a header.
    - A line ``i i h`` is the external field on a spin, and counts as one of the E lines.
    - Indices begin at 0 if a 0 occurs among them, else at 1.

    Parameters
    ----------
    path : path
        File to read.
    form : {"coupling", "maxcut"}
        ``"coupling"``: the number is J. ``"maxcut"``: it is the weight w of an edge to be cut,
        and J = -w, so that the ground state is the largest cut, see `cut_value`.
    first_index : {0, 1}, optional
        Where indices begin, if that is not to be told from them.

    Returns
    -------
    IsingGraph
        The model, H = -Σ J_ij s_i s_j - Σ h_i s_i.

    Raises
    ------
    FormatError
        If the file is truncated, or a line is no good: not numbers, NaN, an index out of
        range, a bond given twice. The message names file and line.
    FileNotFoundError
        If there is no such file.

    Examples
    --------
    >>> import pathlib
    >>> path = pathlib.Path("triangle.txt")
    >>> _ = path.write_text("3 3\n1 2 -1\n2 3 -1\n1 3 -1\n")
    >>> model = read_instance(path)
    >>> model
    <Ising graph: 3 spins, 3 bonds>
    >>> model.energy([1, 1, -1])
    -1.0
    """
    check.choice(form, "form", FORMS)
    if first_index is not None:
        check.choice(str(first_index), "first_index", ("0", "1"))
    name = str(path)
    lines = _lines(path)
    header = _header(lines[0], name)
    body = lines if header is None else lines[1:]
    if header is not None and len(body) != header[1]:
        word = "truncated: it" if len(body) < header[1] else "longer than its header says: it"
        raise FormatError(
            f"{name} is {word} must have {header[1]} bonds after its header "
            f"(line {lines[0].number}), got {len(body)}"
        )
    ends, values = _numbers(body, name, weightless=header is not None)
    smallest = int(ends.min()) if ends.size else 1
    first = min(max(smallest, 0), 1) if first_index is None else int(first_index)
    n_spins = header[0] if header else int(ends.max()) - first + 1
    models.refuse_if_larger(16.0 * n_spins, f"{name}: a graph of {n_spins} spins")
    _check_range(ends, first, n_spins, body, name)
    _check_once(ends, body, name)
    loops = ends[:, 0] == ends[:, 1]
    if form == "maxcut" and loops.any():
        line = body[int(loops.argmax())]
        raise FormatError(f"{_at(name, line)} must not be a loop, which no cut can cut")
    fields = np.zeros(n_spins)
    fields[ends[loops, 0] - first] = values[loops]
    i, j = ends[~loops].T - first
    return IsingGraph.from_arrays(i, j, FORMS[form] * values[~loops], n_spins, fields)


def write_instance(model: models.PairModel, path: PathType, *, form: str = "coupling") -> Path:
    """Write a model as lines ``i j J`` under a header ``N E``, indices from 1.

    `read_instance` gives back the same numbers, to the last bit.

    Parameters
    ----------
    model : model
        Any model with pair interactions.
    path : path
        File to write; compressed if its name ends in ``.gz``.
    form : {"coupling", "maxcut"}
        ``"coupling"``: J is written, and fields as lines ``i i h``. ``"maxcut"``: weights
        w = -J; fields cannot be written.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    FormatError
        If a model with fields is to be written as a cut problem.
    """
    check.choice(form, "form", FORMS)
    graph = model.graph()
    i, j, couplings = graph.bonds
    sites = np.flatnonzero(graph.fields)
    if form == "maxcut" and sites.size:
        raise FormatError(f"{path} cannot hold fields with form='maxcut', got {sites.size}")
    rows = [f"{graph.n_spins} {i.size + sites.size}"]
    values = (FORMS[form] * couplings).tolist()
    for a, b, value in zip((i + 1).tolist(), (j + 1).tolist(), values, strict=True):
        rows.append(f"{a} {b} {_text(value)}")
    for site in sites.tolist():
        rows.append(f"{site + 1} {site + 1} {_text(float(graph.fields[site]))}")
    data = ("\n".join(rows) + "\n").encode()
    if str(path).endswith(".gz"):
        data = gzip.compress(data, mtime=0)  # the same bytes whenever written
    with written_whole(path) as file:
        file.write(data)
    return Path(path)


def cut_value(model: models.PairModel, spins: ArrayLike) -> Any:
    """Weight of the edges between up and down spins, for weights w = -J.

    With W the sum of all weights, the cut is C = (W - H)/2 where there are no fields; the
    largest cut belongs to the ground state.

    Parameters
    ----------
    model : model
        Any model with pair interactions, such as `read_instance` makes with
        ``form="maxcut"``. Fields do not count.
    spins : array (..., n_spins)
        Configurations of ±1.

    Returns
    -------
    float or array (...)
        One for each configuration.

    Examples
    --------
    >>> edge = IsingGraph.from_arrays([0], [1], [-5.0], 2)
    >>> cut_value(edge, [[1, 1], [1, -1]])
    array([0., 5.])
    """
    graph = model.graph()
    without = IsingGraph(
        graph.first, graph.neighbors, graph.couplings, np.zeros_like(graph.fields)
    )
    return (without.energy(np.ones(graph.n_spins)) - without.energy(spins)) / 2


def _text(value: float) -> str:
    """The shortest text that gives the number back."""
    return repr(int(value)) if value.is_integer() and abs(value) < 2**53 else repr(value)


def _at(name: str, line: _Line) -> str:
    return f"{name}, line {line.number}: {' '.join(line.words)!r}"


def _lines(path: PathType) -> list[_Line]:
    """The lines that are not comments, split into words."""
    data = Path(path).read_bytes()
    try:
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
        text = data.decode("utf-8-sig")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as error:
        raise FormatError(f"{path} must be text, plain or gzipped: {error}") from error
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        words = line.split("#", 1)[0].split()
        if words and not words[0].startswith(_MARKS) and words[0] != "c":
            found.append(_Line(number, words))
    if not found:
        raise FormatError(f"{path} must hold at least one line 'i j J', got none")
    return found


def _header(line: _Line, name: str) -> tuple[int, int] | None:
    """Numbers of spins and of bonds, if the line is a header."""
    words = line.words
    if len(words) != 2 and not (len(words) == 3 and words[2] == "0"):
        return None
    try:
        n_spins, n_bonds = int(words[0]), int(words[1])
    except ValueError:
        n_spins = n_bonds = -1
    if n_spins < 1 or n_bonds < 0:
        raise FormatError(
            f"{_at(name, line)} must be a header 'N E' of the numbers of spins and bonds"
        )
    return n_spins, n_bonds


def _numbers(body: list[_Line], name: str, *, weightless: bool) -> tuple[Any, Any]:
    """Ends (n, 2) and values (n,) of all lines."""
    ends = np.empty((len(body), 2), dtype=np.int64)
    values = np.ones(len(body))
    wanted = (2, 3) if weightless else (3,)
    for k, line in enumerate(body):
        words = line.words
        if len(words) not in wanted:
            raise FormatError(
                f"{_at(name, line)} must be two indices and a number, got {len(words)} words"
            )
        try:
            ends[k] = int(words[0]), int(words[1])
            if len(words) == 3:
                values[k] = float(words[2])
        except (ValueError, OverflowError) as error:
            raise FormatError(f"{_at(name, line)} must be 'i j J' in numbers") from error
        if not math.isfinite(values[k]):
            raise FormatError(f"{_at(name, line)} must hold a finite number, got {words[2]}")
    return ends, values


def _check_range(ends: Any, first: int, n_spins: int, body: list[_Line], name: str) -> None:
    wrong = ((ends < first) | (ends >= first + n_spins)).any(axis=1)
    if wrong.any():
        line = body[int(wrong.argmax())]
        raise FormatError(
            f"{_at(name, line)} must have indices in {first} ... {first + n_spins - 1}"
        )


def _check_once(ends: Any, body: list[_Line], name: str) -> None:
    pairs = np.sort(ends, axis=1)
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))  # stable: first line first
    same = (pairs[order[1:]] == pairs[order[:-1]]).all(axis=1)
    if same.any():
        at = int(same.argmax())
        once, again = body[order[at]], body[order[at + 1]]
        raise FormatError(
            f"{_at(name, again)} must not repeat the bond of line {once.number}; "
            "each bond stands once"
        )

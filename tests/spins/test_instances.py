"""Instance files: what is read, what is written, and what is said about broken ones."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from naive import spins as naive
from numpy.testing import assert_allclose, assert_array_equal

import spinglass_nn as sg
from spinglass_nn.errors import FormatError, ParameterError
from spinglass_nn.spins import (
    EdwardsAnderson,
    IsingGraph,
    cut_value,
    gauge,
    read_instance,
    write_instance,
)

DATA = Path(__file__).resolve().parents[1] / "data"
# spins, bonds, largest cut: the table of tests/data/README.md
KNOWN = {
    "t2g10_5555.txt": (100, 200, 6049461),
    "t3g5_5555.txt": (125, 375, 10933215),
    "t3g7_5555.txt": (343, 1029, 28302918),
    "ising2.5-100_5555.txt": (100, 4950, 2460049),
    "G11.txt": (800, 1600, 564),
    "toruspm3-8-50.dat": (512, 1536, 458),
}
every_file = pytest.mark.parametrize("name", KNOWN)


def bonds_of(path):
    lines = [line.split() for line in path.read_text().splitlines()]
    return [(int(i) - 1, int(j) - 1, float(w)) for i, j, w in lines[1:]]


def assert_equal(found, expected):
    for name in ("first", "neighbors", "couplings", "fields"):
        assert_array_equal(getattr(found, name), getattr(expected, name))


@every_file
def test_known_instances(name):
    n_spins, n_bonds, _ = KNOWN[name]
    model = read_instance(DATA / name)
    assert (model.n_spins, model.n_bonds) == (n_spins, n_bonds)
    bonds = bonds_of(DATA / name)
    spins = np.random.default_rng(1).choice([-1, 1], n_spins)
    assert model.energy(spins) == -sum(w * spins[i] * spins[j] for i, j, w in bonds)
    problem = read_instance(DATA / name, form="maxcut")
    assert_array_equal(problem.couplings, -model.couplings)
    cut = cut_value(problem, spins)
    assert cut == naive.cut(bonds, spins)
    assert cut == (sum(w for _, _, w in bonds) - problem.energy(spins)) / 2


@every_file
def test_known_optimum_is_at_most_the_spectral_bound(name):
    """H >= -N λ_max(J)/2 bounds the cut: the listed one is not beyond what is possible."""
    n_spins, _, largest = KNOWN[name]
    problem = read_instance(DATA / name, form="maxcut")
    total = -problem.bonds[2].sum()
    lowest = -n_spins * np.linalg.eigvalsh(problem.matrix())[-1] / 2
    assert largest <= (total - lowest) / 2
    up = np.ones(n_spins, dtype=np.int8)
    assert cut_value(problem, up) == 0


def optimum_2d(shape, couplings):
    """Ground-state energy of a narrow ±J or Gaussian torus by a transfer matrix over rows."""
    length, width = shape
    states = np.array(np.meshgrid(*[[-1, 1]] * width, indexing="ij")).reshape(width, -1).T
    down, along = couplings.reshape(2, length, width)
    within = [-(states * np.roll(states, -1, 1)) @ row for row in along]
    best = np.inf
    for first in range(len(states)):
        cost = np.full(len(states), np.inf)
        cost[first] = within[0][first]
        for x in range(1, length):
            step = -(states * down[x - 1]) @ states.T
            cost = (cost[:, None] + step).min(axis=0) + within[x]
        best = min(best, (cost - (states * down[-1]) @ states[first]).min())
    return best


def test_ground_state_of_a_written_lattice(tmp_path):
    """A lattice solved by transfer matrix and, after a file and a gauge, by trying all spins."""
    model = EdwardsAnderson((4, 4), rng=5)
    path = write_instance(model, tmp_path / "lattice.txt")
    states = 1 - 2 * ((np.arange(2**16)[:, None] >> np.arange(16)) & 1).astype(np.int8)
    signs = np.random.default_rng(1).choice([-1, 1], 16)
    lowest = gauge(read_instance(path), signs).energy(states).min()
    assert_allclose(lowest, optimum_2d((4, 4), model.couplings), atol=1e-12)


def test_reading_is_the_inverse_of_writing(tmp_path):
    fields = np.random.default_rng(1).standard_normal(60) * (np.arange(60) % 3 == 0)
    model = EdwardsAnderson((3, 4, 5), dilution=0.7, field=fields, rng=2)
    for name in ("a.txt", "b.txt.gz"):
        assert_equal(read_instance(write_instance(model, tmp_path / name)), model.graph())
    plain = EdwardsAnderson((3, 4, 5), "pm1", rng=2)
    path = write_instance(plain, tmp_path / "cut.txt", form="maxcut")
    assert_equal(read_instance(path, form="maxcut"), plain.graph())
    assert path.read_text().splitlines()[0] == "60 180"
    assert gzip.decompress((tmp_path / "b.txt.gz").read_bytes()).startswith(b"60 ")


@given(st.data())
def test_round_trip_to_the_last_bit(tmp_path_factory, data):
    n = data.draw(st.integers(1, 6))
    pairs = [(i, j) for i in range(n) for j in range(i)]
    bonds = data.draw(st.lists(st.sampled_from(pairs), unique=True)) if pairs else []
    number = st.floats(allow_nan=False, allow_infinity=False)
    values = data.draw(st.lists(number, min_size=len(bonds), max_size=len(bonds)))
    fields = data.draw(st.lists(number, min_size=n, max_size=n))
    i, j = ([b[k] for b in bonds] for k in (0, 1))
    graph = IsingGraph.from_arrays(i, j, values, n, fields)
    path = tmp_path_factory.mktemp("round") / "graph.txt"
    assert_equal(read_instance(write_instance(graph, path)), graph)


@pytest.mark.parametrize(
    ("text", "n_spins", "bonds"),
    [
        ("3 2\n1 2 0.5\n2 3 -1\n", 3, [(0, 1, 0.5), (1, 2, -1)]),
        ("3 2 0\n1 2 0.5\n3 2 -1e1\n", 3, [(0, 1, 0.5), (1, 2, -10)]),
        ("1 2 0.5\n2 5 -1\n", 5, [(0, 1, 0.5), (1, 4, -1)]),
        ("0 1 0.5\n1 3 -1\n", 4, [(0, 1, 0.5), (1, 3, -1)]),
        ("4 2\n0 1 0.5\n1 3 -1\n", 4, [(0, 1, 0.5), (1, 3, -1)]),
        ("9 2\n1 2\n2 3\n", 9, [(0, 1, 1), (1, 2, 1)]),
        ("# made by hand\n\nc a word\n3 1\n% more\n  1\t3 2 # strong\n", 3, [(0, 2, 2)]),
        ("\ufeff2 1\r\n1 2 3\r\n", 2, [(0, 1, 3)]),
        ("2 0\n", 2, []),
    ],
)
def test_forms_understood(tmp_path, text, n_spins, bonds):
    path = tmp_path / "instance.txt"
    for content in (text.encode(), gzip.compress(text.encode())):
        path.write_bytes(content)
        model = read_instance(str(path))
        assert model.n_spins == n_spins
        assert list(zip(*(a.tolist() for a in model.bonds), strict=True)) == bonds


def test_fields_and_first_index(tmp_path):
    path = tmp_path / "instance.txt"
    path.write_text("3 3\n1 2 0.5\n2 2 -1\n3 3 2\n")
    model = read_instance(path)
    assert_array_equal(model.fields, [0, -1, 2])
    assert model.n_bonds == 1
    path.write_text("1 2 0.5\n")
    assert read_instance(path).n_spins == 2
    assert read_instance(path, first_index=0).n_spins == 3
    assert sg.spins.read_instance(path).bonds[2] == 0.5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("3 3\n1 2 1\n2 3 1\n", r"is truncated: it must have 3 bonds .*\(line 1\), got 2"),
        ("3 1\n1 2 1\n2 3 1\n", "is longer than its header says: it must have 1 bonds"),
        ("3 2\n1 2 1\n2 4 1\n", r"line 3: '2 4 1' must have indices in 1 ... 3"),
        ("3 2\n0 2 1\n2 3 1\n", r"line 3: '2 3 1' must have indices in 0 ... 2"),
        ("3 2\n-1 2 1\n2 3 1\n", r"line 2: '-1 2 1' must have indices in"),
        ("3 2\n1 2 nan\n2 3 1\n", "line 2: '1 2 nan' must hold a finite number, got nan"),
        ("3 2\n1 2 1\n\n2 3 1e999\n", "line 4: '2 3 1e999' must hold a finite number"),
        ("3 2\n1 2 1\n2 1 3\n", "line 3: '2 1 3' must not repeat the bond of line 2"),
        ("3 2\n2 2 1\n2 2 3\n", "line 3: '2 2 3' must not repeat the bond of line 2"),
        ("3 2\n1 2 one\n2 3 1\n", "line 2: '1 2 one' must be 'i j J' in numbers"),
        ("3 2\n1.5 2 1\n2 3 1\n", "line 2: '1.5 2 1' must be 'i j J' in numbers"),
        ("3 2\n99999999999999999999 2 1\n2 3 1\n", "line 2: .* in numbers"),
        ("3 2\n1 2 1 7\n2 3 1\n", "line 2: '1 2 1 7' must be two indices and a number, got 4"),
        ("1 2 1\n2 3\n", "line 2: '2 3' must be two indices and a number, got 2 words"),
        ("one 2\n1 2 1\n", "line 1: 'one 2' must be a header 'N E'"),
        ("0 1 0\n0 1 1\n", "line 1: '0 1 0' must be a header 'N E'"),
        ("# nothing\n", "must hold at least one line 'i j J', got none"),
        ("", "must hold at least one line"),
    ],
)
def test_broken_files(tmp_path, text, message):
    path = tmp_path / "mine.txt"
    path.write_text(text)
    with pytest.raises(FormatError, match=message) as caught:
        read_instance(path)
    assert "mine.txt" in str(caught.value)


def test_other_trouble(tmp_path):
    path = tmp_path / "mine.txt"
    with pytest.raises(FileNotFoundError):
        read_instance(path)
    path.write_bytes(b"\x80\x81\x82")
    with pytest.raises(FormatError, match="must be text, plain or gzipped"):
        read_instance(path)
    path.write_bytes(gzip.compress(b"2 1\n1 2 1\n" * 100)[:-12])
    with pytest.raises(FormatError, match="must be text, plain or gzipped"):
        read_instance(path)
    path.write_text("1000000000000 1\n1 2 1\n")
    with pytest.raises(ParameterError, match=r"mine.txt: a graph of 1000000000000 spins would"):
        read_instance(path)
    path.write_text("2 2\n1 2 1\n1 1 1\n")
    with pytest.raises(FormatError, match="line 3: '1 1 1' must not be a loop"):
        read_instance(path, form="maxcut")
    with pytest.raises(ParameterError, match="form must be one of 'coupling', 'maxcut'"):
        read_instance(path, form="cut")
    with pytest.raises(ParameterError, match="first_index must be one of '0', '1'"):
        read_instance(path, first_index=2)
    model = EdwardsAnderson((3,), field=1.0)
    with pytest.raises(FormatError, match="cannot hold fields with form='maxcut', got 3"):
        write_instance(model, tmp_path / "out.txt", form="maxcut")
    assert not (tmp_path / "out.txt").exists()

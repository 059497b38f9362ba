"""Bad input is told in one sentence, before anything large is allocated."""

from __future__ import annotations

import networkx as nx
import numpy as np
import pytest
import scipy.sparse

from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import (
    EdwardsAnderson,
    Hopfield,
    IsingGraph,
    LayeredIsing,
    PSpin,
    SherringtonKirkpatrick,
    gauge,
    random_regular_graph,
)

SK = SherringtonKirkpatrick
EA = EdwardsAnderson
arrays = IsingGraph.from_arrays
layers = LayeredIsing.from_weights


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SK(1), "n_spins must be at least 2, got 1"),
        (lambda: SK(2.5), "n_spins must be an integer, got 2.5"),
        (lambda: SK(4, "gauss"), "distribution must be one of .*did you mean 'gaussian'"),
        (lambda: SK(4, field=np.nan), "field must be finite, got nan"),
        (lambda: SK(4, field="up"), "field must be a real number, got 'up'"),
        (lambda: SK(4, sample=-1), "sample must be at least 0, got -1"),
        (lambda: SK(4, rng=-1), "rng must be a Generator"),
        (lambda: SK(10**6), r"couplings of 1000000 spins would take 7.45e\+03 GiB, but this"),
        (lambda: EA(8), "shape must be a tuple of integers, got 8"),
        (lambda: EA(()), r"shape must have at least one axis, got \(\)"),
        (lambda: EA((4, 0)), r"shape\[1\] must be at least 1, got 0"),
        (lambda: EA((4, 4), boundary="open"), "boundary must be one of 'periodic', 'free'"),
        (lambda: EA((4, 4), boundary=("free",)), "one condition or 2, one an axis, got 1"),
        (lambda: EA((4, 4), dilution=1.5), r"dilution must lie in \[0, 1\], got 1.5"),
        (lambda: EA((10**5,) * 3), "couplings of 100000x100000x100000 sites would take"),
        (lambda: PSpin(10, 5), "p must be 2, 3 or 4, got 5"),
        (lambda: PSpin(2, 3), "n_spins must be at least 3, got 2"),
        (lambda: PSpin(10, 3, "sphere"), "spins must be one of 'ising', 'spherical'"),
        (lambda: PSpin(10**5, 4), "couplings of 100000 spins with p=4 would take"),
        (lambda: PSpin(10, 3).matrix(), "p must be 2 for a matrix of couplings, got 3"),
        (lambda: PSpin(9, 2, "spherical").graph(), "spins must be 'ising' for a graph"),
        (lambda: PSpin(9, 2).tangent_gradient([1] * 9), "spins must be 'spherical' for a"),
        (lambda: PSpin(9, 2, "spherical").tangent_gradient([0.0] * 9), "must not be zero"),
        (lambda: Hopfield(10, 0), "n_patterns must be at least 1, got 0"),
        (lambda: Hopfield(10**7, 10**7), "10000000 patterns of 10000000 spins would take"),
        (lambda: layers([np.ones((2, 2))], scale="unit"), "scale must be one of 'raw', 'unit"),
        (lambda: layers([np.ones((2, 2))], []), "biases must be 1, one a weight matrix, got 0"),
        (lambda: arrays([0], [1], 1.0, 0), "n_spins must be at least 1, got 0"),
        (lambda: arrays([0], [1], 1.0, 10**12), "a graph of 1000000000000 spins would take"),
        (lambda: random_regular_graph(5, 3), "degree must be below n_spins and n_spins"),
        (lambda: random_regular_graph(4, 4), "degree must be below n_spins and n_spins"),
        (lambda: arrays([], [], [], 10**6).matrix(), "the dense matrix of 1000000 spins would"),
    ],
)
def test_parameters(make, message):
    with pytest.raises(ParameterError, match=message):
        make()


EYE = np.eye(3)
ASYMMETRIC = np.array([[0, 1, 0], [2, 0, 0], [0, 0, 0.0]])
NAN = np.array([[0, np.nan], [np.nan, 0]])


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: IsingGraph.from_matrix(ASYMMETRIC), r"symmetric, got 1 at \(0, 1\) and 2 at"),
        (lambda: IsingGraph.from_matrix(scipy.sparse.csr_matrix(ASYMMETRIC)),
         r"matrix must be symmetric, got 1 at \(0, 1\) and 2 at \(1, 0\); of a triangle"),
        (lambda: IsingGraph.from_matrix(EYE), r"a zero diagonal, got 1 at \(0, 0\)"),
        (lambda: IsingGraph.from_matrix(scipy.sparse.eye(3)), "must have a zero diagonal"),
        (lambda: IsingGraph.from_matrix(NAN), r"matrix must be finite, got 2 NaN"),
        (lambda: IsingGraph.from_matrix(scipy.sparse.csr_matrix(NAN)), "must be finite, got 2"),
        (lambda: arrays([0, 1], [1, 0], 1.0, 2), r"once each, got \(0, 1\) twice or in both"),
        (lambda: arrays([0, 1], [1, 1], 1.0, 2), r"two different spins, got \(1, 1\)"),
        (lambda: arrays([0], [2], 1.0, 2), r"j must lie in 0 ... 1, got 2 \(bond 0\)"),
        (lambda: arrays([-1], [1], 1.0, 2), r"i must lie in 0 ... 1, got -1"),
        (lambda: arrays([0], [1], [np.inf], 2), "couplings must be finite, got 1 NaN or"),
        (lambda: arrays([0.5], [1], [1], 2), "i must hold whole numbers"),
        (lambda: IsingGraph([0, 1, 2], [1, 0], [1.0, 2.0], [0.0, 0.0]), "equal at both ends"),
        (lambda: IsingGraph([0, 1, 1], [1], [1.0], [0.0, 0.0]), "equal at both ends of each"),
        (lambda: IsingGraph([0, 1, 2], [0, 1], [1.0, 1.0], [0.0, 0.0]), "must be other spins"),
        (lambda: IsingGraph([1, 2], [0], [1.0], [0.0]), "first must ascend from 0 to 1"),
        (lambda: IsingGraph([0, 2, 4], [1, 1, 0, 0], [1.0] * 4, [0.0] * 2), "must ascend for"),
        (lambda: IsingGraph.from_networkx(nx.path_graph(3)), "must have an attribute 'coupling'"),
        (lambda: IsingGraph.from_networkx(nx.DiGraph()), "must be an undirected networkx graph"),
        (lambda: SK(3, couplings=ASYMMETRIC), "couplings must be symmetric"),
        (lambda: SK(2, "pm1", couplings=1 - np.eye(2)), "couplings must be ±0.707107 for"),
        (lambda: EA((3,), "pm1", couplings=[[1, 2, 1]]), "couplings must be ±1 for.*got 2"),
        (lambda: EA((3,), boundary="free", couplings=[[1, 2, 1]]),
         "0 where the lattice ends, got 1 forwards of site 2 along axis 0"),
        (lambda: layers([np.zeros((2, 2))]), r"weights\[0\] must not be all zero"),
        (lambda: layers([NAN]), r"weights\[0\] must be finite, got 2 NaN"),
        (lambda: Hopfield.from_patterns([[1, 0]]), r"patterns must be \+1 or -1, got 0"),
        (lambda: SK(2).energy([1, 0]), r"spins must be \+1 or -1, got 0"),
        (lambda: SK(2).energy([1.0, np.nan]), r"spins must be \+1 or -1, got nan"),
        (lambda: SK(2).energy([True, False]), "array of .1 and -1, got dtype bool"),
        (lambda: PSpin(3, 2, "spherical").energy([1.0, np.nan, 1.0]), "spins must be finite"),
    ],
)  # fmt: skip
def test_numbers(make, message):
    with pytest.raises(DataError, match=message):
        make()


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: SK(4, field=[1.0]), r"field must have shape \(4,\), got \(1,\)"),
        (lambda: SK(4).energy(np.ones(5)), r"shape \(..., 4\), one column a spin, got \(5,\)"),
        (lambda: SK(4).local_fields(1), r"shape \(..., 4\), one column a spin, got \(\)"),
        (lambda: EA((2, 2), couplings=np.ones((3, 4))), r"n_spins\) = \(2, 4\), got \(3, 4\)"),
        (lambda: IsingGraph.from_matrix(np.ones((2, 3))), r"must be square, got \(2, 3\)"),
        (lambda: IsingGraph.from_matrix(scipy.sparse.csr_matrix((2, 3))), "must be square"),
        (lambda: Hopfield.from_patterns(np.ones(4)), r"\(n_patterns, n_spins\), got \(4,\)"),
        (lambda: Hopfield(4, 2, patterns=np.ones((1, 4))), r"shape \(2, 4\), got \(1, 4\)"),
        (lambda: layers([]), "weights must hold at least one matrix, got none"),
        (lambda: layers([np.ones((3, 2)), np.ones((2, 4))]),
         r"weights\[1\] must have shape \(outputs, 3\) to follow weights\[0\] of \(3, 2\)"),
        (lambda: layers([np.ones((3, 2))], [np.ones(2)]), r"biases\[0\] must have shape \(3,\)"),
        (lambda: layers([np.ones((3, 2))]).layers(np.ones(4)), r"shape \(..., 5\), got \(4,\)"),
        (lambda: gauge(SK(3), np.ones((1, 3))), r"signs must have shape \(3,\), got \(1, 3\)"),
        (lambda: PSpin(3, 2, couplings=[1.0]), r"couplings must have shape \(3,\), got \(1,\)"),
    ],
)  # fmt: skip
def test_shapes(make, message):
    with pytest.raises(ShapeError, match=message):
        make()

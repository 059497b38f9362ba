"""Spins on any graph: the form every two-body model can be turned into."""

from __future__ import annotations

from typing import Any

import networkx as nx
import numpy as np
import scipy.sparse
from numpy.typing import ArrayLike

from spinglass_nn._core import check
from spinglass_nn._core.random import Seed
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import models
from spinglass_nn.spins._bonds import check_bonds, check_rows, check_symmetric, compressed
from spinglass_nn.typing import RNG, Float64Array, IntArray


@result()
class IsingGraph(models.PairInteraction):
    r"""Ising spins on a graph, one coupling a bond and one field a spin.

    .. math:: H = -\sum_{(ij)} J_{ij} s_i s_j - \sum_i h_i s_i

    with each bond counted once; energies are of the whole system, in the units of the
    couplings. Make one with `from_arrays`, `from_matrix`, `from_networkx`, or `read_instance`.

    Parameters
    ----------
    first : int64 array (n_spins + 1,)
        Entries ``first[i]`` to ``first[i + 1]`` of the two arrays below belong to spin i.
    neighbors : int64 array (2 n_bonds,)
        Neighbours of each spin, ascending; each bond stands at both of its ends.
    couplings : array (2 n_bonds,)
        J of each entry.
    fields : array (n_spins,)
        External field h on each spin.

    Raises
    ------
    DataError
        If the arrays do not describe a symmetric graph without loops, or hold NaN.

    Examples
    --------
    >>> triangle = IsingGraph.from_arrays([0, 1, 2], [1, 2, 0], [-1.0, -1.0, -1.0], 3)
    >>> triangle
    <Ising graph: 3 spins, 3 bonds>
    >>> triangle.energy([[1, 1, 1], [1, 1, -1]])
    array([ 3., -1.])
    """

    first: IntArray
    neighbors: IntArray
    couplings: Float64Array
    fields: Float64Array

    def __post_init__(self) -> None:
        first = check.array(self.first, "first", shape=(None,), dtype=np.int64)
        neighbors = check.array(self.neighbors, "neighbors", shape=(None,), dtype=np.int64)
        couplings = check.array(self.couplings, "couplings", shape=(neighbors.size,))
        fields = check.array(self.fields, "fields", shape=(max(first.size - 1, 0),))
        if first.size < 2:
            raise ParameterError("n_spins must be at least 1, got 0")
        check_rows(first, neighbors, couplings)
        for name, value in (("first", first), ("neighbors", neighbors),
                            ("couplings", couplings), ("fields", fields)):  # fmt: skip
            object.__setattr__(self, name, models.frozen(value))

    def __repr__(self) -> str:
        field = ", with fields" if self.fields.any() else ""
        return f"<Ising graph: {self.n_spins} spins, {self.n_bonds} bonds{field}>"

    @classmethod
    def from_arrays(
        cls,
        i: ArrayLike,
        j: ArrayLike,
        couplings: ArrayLike,
        n_spins: int,
        fields: ArrayLike | None = None,
    ) -> IsingGraph:
        """Make a graph from its bonds, each given once, in any order and direction.

        Parameters
        ----------
        i, j : integer arrays (n_bonds,)
            Ends of each bond, ``0 ... n_spins - 1``.
        couplings : array (n_bonds,) or float
            J of each bond; a positive one favours equal spins.
        n_spins : int
            Number of spins.
        fields : array (n_spins,), optional
            External fields; none by default.

        Returns
        -------
        IsingGraph
            Bonds of coupling zero are kept.

        Raises
        ------
        DataError
            If an index is out of range, a bond joins a spin to itself or occurs twice, or a
            number is NaN or infinite; the message names the bond.
        """
        n = check.count(n_spins, "n_spins")
        ends_i = check.array(i, "i", shape=(None,), dtype=np.int64)
        ends_j = check.array(j, "j", shape=ends_i.shape, dtype=np.int64)
        models.refuse_if_larger(32.0 * ends_i.size + 16.0 * n, f"a graph of {n} spins")
        values = np.asarray(couplings)
        if values.ndim == 0:
            values = np.full(ends_i.size, check.number(values.item(), "couplings"))
        values = check.array(values, "couplings", shape=ends_i.shape)
        field = np.zeros(n) if fields is None else fields
        check_bonds(ends_i, ends_j, n)
        return cls(*compressed(ends_i, ends_j, values, n), field)  # type: ignore[arg-type]

    @classmethod
    def from_matrix(
        cls, matrix: ArrayLike | Any, fields: ArrayLike | None = None
    ) -> IsingGraph:
        """Make a graph from a symmetric matrix of couplings.

        Parameters
        ----------
        matrix : array or scipy.sparse matrix (n_spins, n_spins)
            Symmetric to rounding, zero on the diagonal; J_ij stands at (i, j) and (j, i).
        fields : array (n_spins,), optional
            External fields; none by default.

        Returns
        -------
        IsingGraph
            With a bond for every entry that is not zero.

        Raises
        ------
        ShapeError
            If the matrix is not square.
        DataError
            If it is not symmetric, has a diagonal, or holds NaN.
        """
        square = _square(matrix)
        check_symmetric(square, "matrix")
        upper: Any = scipy.sparse.coo_array(scipy.sparse.triu(square, k=1))
        kept = upper.data != 0
        i, j = upper.row[kept], upper.col[kept]
        return cls.from_arrays(i, j, upper.data[kept], square.shape[0], fields)

    @classmethod
    def from_networkx(
        cls, graph: Any, weight: str = "coupling", field: str = "field"
    ) -> IsingGraph:
        """Make a graph from a networkx graph; spin i is the i-th node in its order.

        Parameters
        ----------
        graph : networkx.Graph
            Undirected.
        weight : str
            Edge attribute that holds the coupling; every edge must have it.
        field : str
            Node attribute that holds the field; nodes without it have none.

        Returns
        -------
        IsingGraph
            Its bonds are the edges.

        Raises
        ------
        DataError
            If the graph is directed, an edge has no coupling, or the bonds are no good.
        """
        if not isinstance(graph, nx.Graph) or graph.is_directed():
            raise DataError(f"graph must be an undirected networkx graph, got {graph!r}")
        number = {node: k for k, node in enumerate(graph)}
        edges = list(graph.edges(data=weight, default=None))
        for a, b, value in edges:
            if value is None:
                raise DataError(f"edge ({a!r}, {b!r}) must have an attribute {weight!r}")
        i = np.array([number[a] for a, _, _ in edges], dtype=np.int64)
        j = np.array([number[b] for _, b, _ in edges], dtype=np.int64)
        fields = [value for _, value in graph.nodes(data=field, default=0.0)]
        return cls.from_arrays(i, j, [value for _, _, value in edges], len(number), fields)

    def to_networkx(self) -> Any:
        """The same as a `networkx.Graph` with nodes 0, 1, ... and the attributes above.

        Returns
        -------
        networkx.Graph
            Edge attribute ``coupling``, node attribute ``field``.
        """
        graph = nx.Graph()
        graph.add_nodes_from((k, {"field": h}) for k, h in enumerate(self.fields.tolist()))
        i, j, couplings = self.bonds
        graph.add_weighted_edges_from(
            zip(i.tolist(), j.tolist(), couplings.tolist(), strict=True), weight="coupling"
        )
        return graph

    @property
    def n_spins(self) -> int:
        """Number of spins."""
        return self.first.size - 1

    @property
    def n_bonds(self) -> int:
        """Number of bonds."""
        return self.neighbors.size // 2

    @property
    def bonds(self) -> tuple[IntArray, IntArray, Float64Array]:
        """Arrays (i, j, couplings) of all bonds, i < j, sorted by i and then j."""
        i = np.repeat(np.arange(self.n_spins), np.diff(self.first))
        once = i < self.neighbors
        return i[once], self.neighbors[once], self.couplings[once]

    def sparse(self) -> Any:
        """The couplings as a `scipy.sparse.csr_array` (n_spins, n_spins)."""
        n = self.n_spins
        return scipy.sparse.csr_array((self.couplings, self.neighbors, self.first), (n, n))

    def matrix(self) -> Float64Array:
        """The couplings as a dense symmetric matrix (n_spins, n_spins), zero diagonal.

        Raises
        ------
        ParameterError
            If its 8 N² bytes exceed the memory.
        """
        n = self.n_spins
        models.refuse_if_larger(8.0 * n * n, f"the dense matrix of {n} spins")
        dense: Float64Array = self.sparse().toarray()
        return dense

    def graph(self) -> IsingGraph:
        """The graph itself."""
        return self

    def _interaction(self, block: Float64Array) -> Float64Array:
        product: Float64Array = (self.sparse() @ block.T).T
        return product


def _square(matrix: Any) -> Any:
    """A square float64 matrix of finite numbers, dense or compressed as it came."""
    is_sparse: bool = scipy.sparse.issparse(matrix)
    if is_sparse:
        found: Any = scipy.sparse.csr_array(matrix)
        values = check.array(found.data, "matrix")
        made: Any = scipy.sparse.csr_array((values, found.indices, found.indptr), found.shape)
        made.sum_duplicates()
    else:
        made = check.array(matrix, "matrix", shape=(None, None))
    if made.shape[0] != made.shape[1]:
        raise ShapeError(f"matrix must be square, got {made.shape}")
    return made


def random_regular_graph(
    n_spins: int,
    degree: int,
    distribution: str = "gaussian",
    *,
    field: float | ArrayLike = 0.0,
    sample: int = 0,
    rng: RNG | Seed = None,
) -> IsingGraph:
    """Draw a graph in which every spin has the same number of neighbours, and its couplings.

    Parameters
    ----------
    n_spins : int
        Number of spins; n_spins times degree must be even.
    degree : int
        Neighbours of each spin, below n_spins.
    distribution : {"gaussian", "pm1"}
        Of the couplings: normal of variance 1, or ±1.
    field : float or array (n_spins,)
        External field.
    sample : int
        Number of the disorder sample: graph and couplings depend on (``rng``, ``sample``).
    rng : Generator, SeedSequence, int or None
        Seed of the disorder.

    Returns
    -------
    IsingGraph
        Without loops or double bonds, asymptotically uniform among such graphs.

    Raises
    ------
    ParameterError
        If there is no such graph.

    Examples
    --------
    >>> random_regular_graph(100, 3, "pm1", rng=0)
    <Ising graph: 100 spins, 150 bonds>
    """
    n, degree = check.count(n_spins, "n_spins"), check.count(degree, "degree", minimum=0)
    check.choice(distribution, "distribution", models.DISTRIBUTIONS)
    if degree >= n or n * degree % 2:
        raise ParameterError(
            f"degree must be below n_spins and n_spins * degree even, got {degree} and {n}"
        )
    fields = models.field_array(models.checked_field(field, n), n)
    generator = models.disorder(rng, sample)
    drawn = nx.random_regular_graph(degree, n, seed=int(generator.integers(2**32)))
    ends = np.sort(np.array(drawn.edges, dtype=np.int64).reshape(-1, 2), axis=1)
    i, j = ends[np.lexsort((ends[:, 1], ends[:, 0]))].T  # networkx keeps them in sets
    couplings = models.draw(generator, distribution, i.size)
    return IsingGraph.from_arrays(i, j, couplings, n, fields)


def gauge(model: models.PairModel, signs: ArrayLike) -> IsingGraph:
    r"""Gauge transformation: the same model in other names for up and down.

    .. math:: J_{ij} \to \epsilon_i \epsilon_j J_{ij}, \qquad h_i \to \epsilon_i h_i

    The transformed model has at :math:`\epsilon_i s_i` the energy the model has at s.

    Parameters
    ----------
    model : model
        Any model with pair interactions.
    signs : array (n_spins,)
        ε of ±1.

    Returns
    -------
    IsingGraph
        The transformed model.
    """
    graph = model.graph()
    rows, lead = models.spin_rows(signs, graph.n_spins)
    if lead != ():
        raise ShapeError(f"signs must have shape ({graph.n_spins},), got {np.shape(signs)}")
    epsilon = rows[0].astype(np.float64)
    at_both_ends = np.repeat(epsilon, np.diff(graph.first)) * epsilon[graph.neighbors]
    return IsingGraph(
        graph.first, graph.neighbors, graph.couplings * at_both_ends, graph.fields * epsilon
    )

"""The Hopfield model: couplings that store patterns."""

from __future__ import annotations

from dataclasses import KW_ONLY, InitVar
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.random import Seed
from spinglass_nn._core.results import result
from spinglass_nn.errors import ShapeError
from spinglass_nn.spins import models
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import RNG, Float64Array


@result()
class Hopfield(models.PairInteraction):
    r"""Couplings made of patterns, J_ij = (1/N) Σ_μ ξ^μ_i ξ^μ_j without a diagonal.

    .. math:: H = -\sum_{i<j} J_{ij} s_i s_j - \sum_i h_i s_i
                = -\frac N2 \sum_\mu m_\mu^2 + \frac P2 - \sum_i h_i s_i, \qquad
              m_\mu = \frac1N \sum_i \xi^\mu_i s_i

    The second form is what is computed, in O(N P) [1]_, [2]_. Energies are of the whole
    system; a pattern alone has about -N/2.

    Parameters
    ----------
    n_spins : int
        Number of spins N, at least 2.
    n_patterns : int
        Number of patterns P; the load is α = P/N.
    field : float or array (n_spins,)
        External field h, the same on all spins or one each.
    sample : int
        Number of the disorder sample; the patterns depend on (``rng``, ``sample``) alone.
    rng : Generator, SeedSequence, int or None
        Seed of the patterns, ±1 with equal probability.
    patterns : int8 array (n_patterns, n_spins), optional
        Take these instead of drawing, see `from_patterns`. Read-only afterwards.

    Raises
    ------
    ParameterError
        If a parameter makes no sense, or the patterns exceed the memory.

    References
    ----------
    .. [1] J. J. Hopfield, Proc. Natl. Acad. Sci. USA 79 (1982) 2554.
    .. [2] D. J. Amit, H. Gutfreund and H. Sompolinsky, Phys. Rev. Lett. 55 (1985) 1530.

    Examples
    --------
    >>> model = Hopfield(1000, 5, rng=1)
    >>> model
    <Hopfield model: 1000 spins, 5 patterns, sample 0>
    >>> float(model.overlaps(model.patterns[2])[2])
    1.0
    """

    n_spins: int
    n_patterns: int
    _: KW_ONLY
    field: float | Float64Array = 0.0
    sample: int = 0
    rng: InitVar[RNG | Seed] = None
    patterns: NDArray[np.int8] = None  # type: ignore[assignment]  # drawn below

    def __post_init__(self, rng: RNG | Seed) -> None:
        n = check.count(self.n_spins, "n_spins", minimum=2)
        p = check.count(self.n_patterns, "n_patterns")
        check.count(self.sample, "sample", minimum=0)
        models.refuse_if_larger(1.0 * n * p, f"{p} patterns of {n} spins")
        field = models.checked_field(self.field, n)
        if models.missing(self.patterns):
            generator = models.disorder(rng, self.sample)
            patterns = 2 * generator.integers(0, 2, size=(p, n), dtype=np.int8) - 1
        else:
            patterns = _checked(self.patterns)
            if patterns.shape != (p, n):
                raise ShapeError(f"patterns must have shape ({p}, {n}), got {patterns.shape}")
        object.__setattr__(self, "n_spins", n)
        object.__setattr__(self, "n_patterns", p)
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "patterns", models.frozen(patterns))

    @classmethod
    def from_patterns(
        cls, patterns: ArrayLike, *, field: float | Float64Array = 0.0
    ) -> Hopfield:
        """Store patterns of one's own.

        Parameters
        ----------
        patterns : array (n_patterns, n_spins)
            Of ±1.
        field : float or array (n_spins,)
            External field.

        Returns
        -------
        Hopfield
            With a copy of the patterns as int8.
        """
        given = _checked(patterns)
        return cls(given.shape[1], given.shape[0], field=field, patterns=given)

    def __repr__(self) -> str:
        return (
            f"<Hopfield model: {self.n_spins} spins, {self.n_patterns} patterns, "
            f"sample {self.sample}>"
        )

    @property
    def fields(self) -> Float64Array:
        """External field on each spin, (n_spins,)."""
        return models.field_array(self.field, self.n_spins)

    def overlaps(self, spins: ArrayLike) -> Float64Array:
        """Overlap of configurations with each pattern, m_μ = (1/N) Σ_i ξ^μ_i s_i.

        Parameters
        ----------
        spins : array (..., n_spins)
            Configurations of ±1.

        Returns
        -------
        array (..., n_patterns)
            From -1 to 1.
        """
        rows, lead = models.spin_rows(spins, self.n_spins)
        stored = self.patterns.astype(np.float64)
        return (rows.astype(np.float64) @ stored.T / self.n_spins).reshape(*lead, -1)

    def matrix(self) -> Float64Array:
        """The couplings as a dense symmetric matrix (n_spins, n_spins), zero diagonal."""
        n = self.n_spins
        models.refuse_if_larger(8.0 * n * n, f"the dense matrix of {n} spins")
        stored = self.patterns.astype(np.float64)
        couplings: Float64Array = stored.T @ stored / n
        np.fill_diagonal(couplings, 0.0)
        return couplings

    def graph(self) -> IsingGraph:
        """The same model as a graph of all pairs whose coupling is not zero."""
        return IsingGraph.from_matrix(self.matrix(), self.fields)

    def _interaction(self, block: Float64Array) -> Float64Array:
        stored = self.patterns.astype(np.float64)
        total: Float64Array = (block @ stored.T) @ stored
        total -= self.n_patterns * block  # no coupling of a spin with itself
        return total / self.n_spins


def _checked(patterns: ArrayLike) -> NDArray[np.int8]:
    given: NDArray[Any] = np.asarray(patterns)
    if given.ndim != 2 or given.size == 0:
        raise ShapeError(f"patterns must have shape (n_patterns, n_spins), got {given.shape}")
    models.spin_rows(given, given.shape[1], "patterns")
    return given.astype(np.int8)

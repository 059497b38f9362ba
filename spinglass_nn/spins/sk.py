"""The Sherrington-Kirkpatrick model: every pair of spins coupled at random."""

from __future__ import annotations

import math
from dataclasses import KW_ONLY, InitVar

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.random import Seed
from spinglass_nn._core.results import result
from spinglass_nn.spins import models
from spinglass_nn.spins._bonds import check_symmetric
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import RNG, Float64Array


@result()
class SherringtonKirkpatrick(models.PairInteraction):
    r"""All pairs coupled, with couplings of mean 0 and variance 1/N.

    .. math:: H = -\sum_{i<j} J_{ij} s_i s_j - \sum_i h_i s_i, \qquad
              \overline{J_{ij}^2} = 1/N

    Energies are of the whole system, in units in which the spin-glass transition is at T = 1
    without a field [1]_.

    Parameters
    ----------
    n_spins : int
        Number of spins N, at least 2.
    distribution : {"gaussian", "pm1"}
        Of the couplings: normal, or ±1/√N with equal probability.
    field : float or array (n_spins,)
        External field h, the same on all spins or one each.
    sample : int
        Number of the disorder sample; the couplings depend on (``rng``, ``sample``) alone.
    rng : Generator, SeedSequence, int or None
        Seed of the disorder.
    couplings : array (n_spins, n_spins), optional
        Take these instead of drawing: symmetric with a zero diagonal, read-only afterwards.
        Models loaded from file come back this way.

    Raises
    ------
    ParameterError
        If a parameter makes no sense, or the couplings (8 N² bytes) exceed the memory.
    DataError
        If given couplings are not symmetric, finite and zero on the diagonal.

    References
    ----------
    .. [1] D. Sherrington and S. Kirkpatrick, Phys. Rev. Lett. 35 (1975) 1792.

    Examples
    --------
    >>> model = SherringtonKirkpatrick(64, sample=3, rng=1)
    >>> model
    <SK model: 64 spins, gaussian, sample 3>
    >>> up = np.ones(64, dtype=np.int8)
    >>> bool(np.isclose(model.energy(up), -model.couplings.sum() / 2))
    True
    """

    n_spins: int
    distribution: str = "gaussian"
    _: KW_ONLY
    field: float | Float64Array = 0.0
    sample: int = 0
    rng: InitVar[RNG | Seed] = None
    couplings: Float64Array = None  # type: ignore[assignment]  # drawn below

    def __post_init__(self, rng: RNG | Seed) -> None:
        n = check.count(self.n_spins, "n_spins", minimum=2)
        check.choice(self.distribution, "distribution", models.DISTRIBUTIONS)
        check.count(self.sample, "sample", minimum=0)
        field = models.checked_field(self.field, n)
        if models.missing(self.couplings):
            models.refuse_if_larger(8.0 * n * n, f"couplings of {n} spins")
            couplings = _draw(models.disorder(rng, self.sample), self.distribution, n)
        else:
            couplings = check.array(self.couplings, "couplings", shape=(n, n))
            check_symmetric(couplings, "couplings")
            if self.distribution == "pm1":
                models.check_pm1(couplings[~np.eye(n, dtype=bool)], 1 / math.sqrt(n))
        object.__setattr__(self, "n_spins", n)
        object.__setattr__(self, "field", field)
        object.__setattr__(self, "couplings", models.frozen(couplings))

    def __repr__(self) -> str:
        return f"<SK model: {self.n_spins} spins, {self.distribution}, sample {self.sample}>"

    @property
    def fields(self) -> Float64Array:
        """External field on each spin, (n_spins,)."""
        return models.field_array(self.field, self.n_spins)

    def matrix(self) -> Float64Array:
        """The couplings (n_spins, n_spins), read-only."""
        return self.couplings

    def graph(self) -> IsingGraph:
        """The same model as a graph with N(N-1)/2 bonds (16 N² bytes)."""
        return IsingGraph.from_matrix(self.couplings, self.fields)

    def _interaction(self, block: Float64Array) -> Float64Array:
        product: Float64Array = block @ self.couplings
        return product


def _draw(generator: np.random.Generator, distribution: str, n: int) -> Float64Array:
    """Row by row above the diagonal, so that nothing but the result is held."""
    couplings = np.zeros((n, n))
    for i in range(n - 1):
        row = models.draw(generator, distribution, n - 1 - i) / math.sqrt(n)
        couplings[i, i + 1 :] = row
        couplings[i + 1 :, i] = row
    return couplings

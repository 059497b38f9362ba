"""All minima of a small Ising model and all barriers between them, exactly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.overlaps import _flood_kernels as kernels
from spinglass_nn.overlaps.disconnectivity import DisconnectivityGraph, disconnectivity_graph
from spinglass_nn.spins.exact import spins_of
from spinglass_nn.spins.models import SpinModel
from spinglass_nn.typing import Float64Array, IntArray

_LARGEST = 20
_BLOCK = 1 << 14  # states whose energy is computed at a time
_ROUNDING = 1e-10  # of the largest energy; differences below are none


@result()
class FloodedLandscape:
    """All minima of an Ising model under single flips, and the tree of barriers.

    Parameters
    ----------
    spins : int8 array (n_minima, n_spins)
        A state of each minimum, from the lowest up.
    n_states : array (n_minima,)
        States of each minimum: a plateau, connected by flips that cost nothing, without a
        lower neighbour anywhere along its rim, is one minimum.
    graph : DisconnectivityGraph
        Energies, and the barriers at which minima become one.
    """

    spins: NDArray[np.int8]
    n_states: IntArray
    graph: DisconnectivityGraph

    @property
    def n_minima(self) -> int:
        """Number of minima."""
        return int(self.n_states.size)

    @property
    def energies(self) -> Float64Array:
        """Energies of the minima, (n_minima,), of the whole system."""
        return self.graph.energies

    def __repr__(self) -> str:
        return (
            f"<flooded landscape of {self.spins.shape[1]} spins: {self.n_minima} minima, "
            f"lowest {self.energies.min():.6g}>"
        )


def flood(model: SpinModel) -> FloodedLandscape:
    """Find all minima and barriers of a small Ising model by flooding all its states.

    States are flooded in the order of their energy; where a state joins two pools, its energy
    is the barrier between them: the lowest that any path of single flips has to climb. This
    calibrates whatever estimates barriers in larger systems. Plateaus are common in ±J
    models, and treated as in Flamm et al. (Z. Phys. Chem. 216 (2002) 155).

    Parameters
    ----------
    model : IsingGraph, SherringtonKirkpatrick, EdwardsAnderson, ...
        Any Ising model of `spinglass_nn.spins` of at most 20 spins (20 take 1.5 s and 80 MB).

    Returns
    -------
    FloodedLandscape
        Minima and the graph of barriers, ``found.graph.minimax_barriers()``. Without a field
        every minimum comes with its mirror image.

    Raises
    ------
    ParameterError
        If the model is too large or its spins are not Ising spins.

    Examples
    --------
    A ring of 6 ferromagnetic bonds has two minima at -6; two domain walls cost 4.

    >>> import numpy as np, spinglass_nn as sg
    >>> sites = np.arange(6)
    >>> ring = sg.spins.IsingGraph.from_arrays(sites, np.roll(sites, 1), 1.0, 6)
    >>> found = sg.overlaps.flood(ring)
    >>> found.energies.tolist(), float(found.graph.minimax_barriers()[0, 1])
    ([-6.0, -6.0], -2.0)
    """
    n_spins = _checked_size(model)
    energies = _energies(model, n_spins)
    n_states = energies.size
    level = np.empty(n_states, dtype=np.int64)
    near = _ROUNDING * float(np.abs(energies).max())
    by_energy = np.argsort(energies, kind="stable")
    n_levels = kernels.levels(energies, by_energy, near, level)
    order = np.argsort(level, kind="stable")  # by number within a level
    first = np.searchsorted(level[order], np.arange(n_levels + 1))
    parent = np.full(n_states, -1, dtype=np.int64)
    birth = np.empty(n_states, dtype=np.int64)
    label = np.full(n_states, -1, dtype=np.int64)
    minima = np.zeros((n_states // 2 + 1, 2), dtype=np.int64)
    passes = np.empty((n_states // 2 + 1, 3), dtype=np.int64)
    n_minima = kernels.flood(order, first, n_spins, parent, birth, label, minima, passes)
    heights = energies[by_energy[first[:-1]]]  # one energy a level, whatever the rounding
    passes = passes[: n_minima - 1]
    saddles = np.column_stack([passes[:, :2], heights[passes[:, 2]]])
    states = minima[:n_minima, 0]
    graph = disconnectivity_graph(heights[level[states]], saddles=saddles)
    return FloodedLandscape(spins_of(states, n_spins), minima[:n_minima, 1].copy(), graph)


def _checked_size(model: SpinModel) -> int:
    if getattr(model, "spins", "ising") == "spherical":
        raise ParameterError("model must have Ising spins to be flooded, got spherical ones")
    n_spins = check.count(model.n_spins, "n_spins")
    if n_spins > _LARGEST:
        raise ParameterError(
            f"n_spins must be at most {_LARGEST} to flood all states, got {n_spins}"
        )
    return n_spins


def _energies(model: SpinModel, n_spins: int) -> Float64Array:
    energies = np.empty(1 << n_spins)
    for start in range(0, energies.size, _BLOCK):
        states = np.arange(start, min(start + _BLOCK, energies.size))
        energies[states] = model.energy(spins_of(states, n_spins))
    check.all_finite(energies, "energies")
    return energies

"""Everything about a small Ising model by going through all its states."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.spins import _enumeration_kernels as kernels
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.spins.models import SpinModel
from spinglass_nn.typing import Float64Array, IntArray, ProgressLike

_LARGEST = 26
_BLOCK = 4096  # states handed to `model.energy` at a time
_SECONDS = 2e-9  # a state, spin and temperature; measured with 24 spins
_DEGENERATE = 1e-10  # of the largest energy: differences below are rounding


@result()
class ExactSolution:
    """Exact thermodynamics of one sample, of the whole system (not per spin).

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        As given.
    log_partition : array (n_temperatures,)
        ln Z.
    free_energy, energy, heat_capacity, entropy : array (n_temperatures,)
        F = -T ln Z, <H>, (<H^2> - <H>^2) / T^2 and (<H> - F) / T.
    magnetizations : array (n_temperatures, n_spins)
        <s_i>.
    correlations : array (n_temperatures, n_spins, n_spins)
        <s_i s_j>, with ones on the diagonal.
    overlaps : array (n_spins + 1,)
        The values q = -1, -1 + 2/N, ..., 1 that the overlap of two replicas can take.
    overlap_probabilities : array (n_temperatures, n_spins + 1)
        The probability of each (a mass, not a density) for two independent replicas.
    q2, q4 : array (n_temperatures,)
        <q^2> and <q^4>.
    link_overlap : array (n_temperatures,) or None
        <q_l>, the mean of <s_i s_j>^2 over the bonds; None for models without bonds.
    ground_energy : float
        Lowest energy.
    degeneracy : int
        Number of states with it, to a relative 1e-10.
    ground_states : int8 array (n_kept, n_spins)
        These states, or the first of them.
    """

    temperatures: Float64Array
    log_partition: Float64Array
    free_energy: Float64Array
    energy: Float64Array
    heat_capacity: Float64Array
    entropy: Float64Array
    magnetizations: Float64Array
    correlations: Float64Array
    overlaps: Float64Array
    overlap_probabilities: Float64Array
    q2: Float64Array
    q4: Float64Array
    link_overlap: Float64Array | None
    ground_energy: float
    degeneracy: int
    ground_states: NDArray[np.int8]

    def __repr__(self) -> str:
        n_spins, n = self.overlaps.size - 1, self.temperatures.size
        return f"<exact solution: {n_spins} spins, {n} temperature{'s' * (n != 1)}>"


def enumerate(
    model: SpinModel,
    temperature: ArrayLike,
    *,
    max_ground_states: int = 1024,
    progress: ProgressLike = False,
) -> ExactSolution:
    r"""Partition function, correlations, ground states and P(q) of a small Ising model.

    Energies of two-body models are found by single flips in the order of Gray's code, others
    by ``model.energy``. The Walsh-Hadamard transform of the Boltzmann weights holds all
    correlations :math:`c_S = \langle \prod_{i \in S} s_i \rangle`; that of :math:`c_S^2` holds
    the probability of every product :math:`s^a s^b` of two replicas, and so the exact P(q).

    It takes 16 bytes a state, :math:`2^{N+4}` bytes (256 MiB for 24 spins, 1 GiB for 26), and
    about :math:`2\,N\,2^N` ns for each temperature (0.8 s for 24 spins, 3.5 s for 26).

    Parameters
    ----------
    model : IsingGraph, SherringtonKirkpatrick, EdwardsAnderson, ...
        Any Ising model of this room, of at most 26 spins.
    temperature : float or array (n_temperatures,)
        One or several.
    max_ground_states : int
        Ground states to keep at most.
    progress : bool or callable
        Show a bar over the temperatures.

    Returns
    -------
    ExactSolution
        With one entry a temperature, also for a single one.

    Raises
    ------
    ParameterError
        If the model is too large or its spins are not Ising spins, or a temperature is not
        positive.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> ring = sg.spins.IsingGraph.from_arrays([0, 1, 2], [1, 2, 0], 1.0, 3)
    >>> found = sg.spins.exact.enumerate(ring, [0.5, 1.0])
    >>> found.ground_energy, found.degeneracy
    (-3.0, 2)
    >>> bool(np.isclose(found.log_partition[1], np.log(2 * np.exp(3) + 6 * np.exp(-1))))
    True
    """
    temperatures = _checked_temperatures(temperature)
    max_ground_states = check.count(max_ground_states, "max_ground_states")
    n_spins = _checked_size(model, temperatures.size)
    graph = _graph_of(model)
    energies = _energies(model, graph, n_spins)
    lowest = float(energies.min())
    states = _lowest_states(energies, lowest)
    weights = np.empty_like(energies)
    found = []
    with track(temperatures.size, "temperatures", progress) as advance:
        for t in temperatures:
            found.append(_at_temperature(energies, lowest, float(t), weights, graph))
            advance(1)
    columns = {name: np.array([row[name] for row in found]) for name in found[0]}
    if graph is None:
        columns["link_overlap"] = None  # type: ignore[assignment]
    return ExactSolution(
        temperatures=temperatures,
        overlaps=np.arange(-n_spins, n_spins + 1, 2) / n_spins,
        ground_energy=lowest,
        degeneracy=int(states.size),
        ground_states=spins_of(states[:max_ground_states], n_spins),
        **columns,
    )


def spins_of(states: IntArray, n_spins: int) -> NDArray[np.int8]:
    """Configurations of numbered states: bit i is set where s_i = -1.

    Parameters
    ----------
    states : integer array (n_states,)
        Numbers from 0 to 2^N - 1.
    n_spins : int
        Number of spins N.

    Returns
    -------
    int8 array (n_states, n_spins)
        Spins of +1 and -1.
    """
    bits = (np.asarray(states)[:, None] >> np.arange(n_spins)) & 1
    return (1 - 2 * bits).astype(np.int8)


def _checked_temperatures(temperature: ArrayLike) -> Float64Array:
    given = np.atleast_1d(check.array(temperature, "temperature"))
    if given.ndim != 1 or given.size == 0:
        raise ParameterError(
            f"temperature must be a number or a list of them, got shape {given.shape}"
        )
    if (given <= 0).any():
        raise ParameterError(f"temperature must be positive, got {given[given <= 0][0]:g}")
    return given


def _checked_size(model: SpinModel, n_temperatures: int) -> int:
    if getattr(model, "spins", "ising") == "spherical":
        raise ParameterError("model must have Ising spins to be enumerated, got spherical ones")
    n_spins = check.count(model.n_spins, "n_spins")
    if n_spins > _LARGEST:
        memory, hours = 2.0 ** (n_spins + 4 - 30), _SECONDS * n_spins * 2.0**n_spins / 3600
        raise ParameterError(
            f"n_spins must be at most {_LARGEST} to go through all states, got {n_spins}: "
            f"that would take {memory:.3g} GiB and {hours * n_temperatures:.2g} hours"
        )
    return n_spins


def _graph_of(model: SpinModel) -> IsingGraph | None:
    """The model's bonds, or None if its energy is not a sum over pairs."""
    make: Callable[[], Any] | None = getattr(model, "graph", None)
    if make is None or getattr(model, "p", 2) != 2:
        return None
    graph = make()
    assert isinstance(graph, IsingGraph)
    return graph


def _energies(model: SpinModel, graph: IsingGraph | None, n_spins: int) -> Float64Array:
    energies = np.empty(1 << n_spins)
    if graph is not None:
        kernels.pair_energies(
            graph.first, graph.neighbors, graph.couplings, graph.fields, energies
        )
    else:
        for start in range(0, energies.size, _BLOCK):
            states = np.arange(start, min(start + _BLOCK, energies.size))
            energies[states] = model.energy(spins_of(states, n_spins))
    check.all_finite(energies, "energies")
    return energies


def _lowest_states(energies: Float64Array, lowest: float) -> IntArray:
    scale = max(abs(lowest), abs(float(energies.max())))
    states: IntArray = np.flatnonzero(energies <= lowest + _DEGENERATE * scale)
    if states.size == 0:
        raise DataError("energies must be ordered numbers, got none that is lowest")
    return states


def _at_temperature(
    energies: Float64Array,
    lowest: float,
    temperature: float,
    weights: Float64Array,
    graph: IsingGraph | None,
) -> dict[str, Any]:
    n = energies.size.bit_length() - 1
    total, first, second = kernels.weigh(energies, lowest, 1 / temperature, weights)
    above = first / total
    log_partition = float(np.log(total)) - lowest / temperature
    free_energy = -temperature * log_partition
    kernels.walsh_hadamard(weights)
    single = 1 << np.arange(n)
    pairs = weights[single[:, None] ^ single] / total
    magnetizations = weights[single] / total
    kernels.square(weights, 1 / total)
    kernels.walsh_hadamard(weights)
    law = np.zeros(n + 1)
    kernels.fold(weights, law)
    law = law[::-1] / energies.size  # d spins differ: q = 1 - 2 d / N
    q = np.arange(-n, n + 1, 2) / n
    return {
        "log_partition": log_partition,
        "free_energy": free_energy,
        "energy": lowest + above,
        "heat_capacity": max(0.0, second / total - above**2) / temperature**2,
        "entropy": (lowest + above - free_energy) / temperature,
        "magnetizations": magnetizations,
        "correlations": pairs,
        "overlap_probabilities": law,
        "q2": law @ q**2,
        "q4": law @ q**4,
        "link_overlap": _link_overlap(graph, pairs),
    }


def _link_overlap(graph: IsingGraph | None, correlations: Float64Array) -> float:
    if graph is None:
        return np.nan
    i, j, _ = graph.bonds
    return float(np.mean(correlations[i, j] ** 2)) if i.size else np.nan

"""Measures of many solutions side by side, in several gauges, ready to be correlated."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, TypeAlias

import numpy as np

from spinglass_nn._core import check, random
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.landscape.fisher_rao import fisher_rao_norm
from spinglass_nn.landscape.hessian import hessian_trace, largest_eigenvalues
from spinglass_nn.landscape.local_energies import local_energy
from spinglass_nn.landscape.sharpness import flatness
from spinglass_nn.landscape.worst_case import DEFAULTS, worst_case_sharpness
from spinglass_nn.networks import MLP, Replica, Replicas, stack
from spinglass_nn.statistics import Estimate, Estimates
from spinglass_nn.symmetries import balance, to_torus
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

Measure: TypeAlias = Callable[[MLP, Replicas, LabelledData], Any]

MEASURES = (
    "F1", "F2", "F3", *DEFAULTS, "average_adaptive", "local_energy", "trace", "top_eigenvalue",
    "fisher_rao",
)  # fmt: skip
GAUGES: dict[str, Callable[[Replica], Replica]] = {
    "raw": lambda replica: replica,
    "balanced": balance,
    "torus": to_torus,
}


@result()
class SharpnessTable:
    """Measures of several solutions in several gauges.

    Parameters
    ----------
    measures, gauges : tuple of str
        What the axes of the arrays stand for.
    mean, error : array (n_gauges, n_measures, n_solutions)
        Values and standard errors, the latter zero for what is not sampled. All solutions see
        the same random directions.
    """

    measures: tuple[str, ...]
    gauges: tuple[str, ...]
    mean: Float64Array
    error: Float64Array

    def __repr__(self) -> str:
        return (
            f"<{len(self.measures)} measures of {self.mean.shape[-1]} solutions in the gauges "
            f"{', '.join(self.gauges)}>"
        )

    def at(self, measure: str, gauge: str = "raw") -> Estimates:
        """One measure of all solutions."""
        row = self.measures.index(check.choice(measure, "measure", self.measures))
        place = self.gauges.index(check.choice(gauge, "gauge", self.gauges))
        return Estimates(self.mean[place, row], self.error[place, row])

    @property
    def rows(self) -> dict[str, Float64Array]:
        """Values by name, gauge by gauge, as `spinglass_nn.statistics.spearman_grid` takes."""
        several = len(self.gauges) > 1
        return {
            f"{measure}, {gauge}" if several else measure: self.mean[g, m]
            for g, gauge in enumerate(self.gauges)
            for m, measure in enumerate(self.measures)
        }


def sharpness_table(
    net: MLP,
    solutions: Replicas,
    data: LabelledData,
    *,
    measures: Sequence[str] | Mapping[str, Measure] = MEASURES,
    gauges: Sequence[str] = ("raw", "balanced"),
    excursion: float = 0.3,
    n_directions: int = 32,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> SharpnessTable:
    r"""Measures of flatness of many solutions, each in every gauge.

    ==================== =================================================================
    name                 measure
    ==================== =================================================================
    ``F1``               `flatness` at :math:`R = \rho \langle|\theta|\rangle`, the mean over
                         the solutions as they were given
    ``F2``, ``F3``       `flatness` at :math:`\rho`, of the whole and unit by unit
    worst cases, by name `worst_case_sharpness`, each of its measures with its settings
    ``average_adaptive`` rise of the loss in `local_energy` at :math:`\sigma = \rho`
    ``local_energy``     drop of the accuracy in the same; NaN for regression
    ``trace``            `hessian_trace`
    ``top_eigenvalue``   `largest_eigenvalues`
    ``fisher_rao``       `fisher_rao_norm`
    ==================== =================================================================

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    solutions : Replicas
        Points to measure.
    data : Dataset
        Training data: measures are means over all of it.
    measures : sequence of str, or mapping of str to callable
        Names from the table above, by default all; or names of one's own for functions of
        (net, replicas, data) that return arrays (n_solutions,), `Estimates`, or what this
        room's functions do, such as ``partial(flatness, radius=3.0, rng=1)``.
    gauges : sequence of {"raw", "balanced", "torus"}
        Where each function is measured: as given, with in- and out-norms of hidden units
        equal, or with all in-norms 1. The last two need ReLU or identity.
    excursion : float
        :math:`\rho`.
    n_directions : int
        Random directions, or probes of the trace.
    rng : Generator, SeedSequence, int or None
        Seed, one for all measures.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    SharpnessTable
        Values and errors (n_gauges, n_measures, n_solutions).

    Raises
    ------
    ParameterError
        If a name is unknown, given twice, or none is given; if a gauge does not exist for the
        activation; or a measure raises it.
    ShapeError
        If a function of one's own does not return one number for each solution.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> solutions = sg.networks.initialize(net, n_replicas=3, rng=0)
    >>> table = sharpness_table(net, solutions, data, measures=("F2", "fisher_rao"), rng=1)
    >>> table
    <2 measures of 3 solutions in the gauges raw, balanced>
    >>> np.ptp([table.at("fisher_rao", gauge).mean for gauge in table.gauges], axis=0) < 1e-6
    array([ True,  True,  True])
    """
    if not isinstance(solutions, Replicas):
        raise ParameterError(f"solutions must be Replicas, got {type(solutions).__name__}")
    check.positive(excursion, "excursion")
    places = _names(gauges, "gauges", GAUGES)
    if isinstance(measures, Mapping):
        names, chosen = tuple(measures), list(measures.values())
    else:
        names = _names(measures, "measures", MEASURES)
        settings = _Settings(solutions, excursion, n_directions, random.seed_of(rng), n_threads)
        chosen = [settings.measure(name) for name in names]
    if not names:
        raise ParameterError("measures must hold at least one measure, got none")
    mean = np.empty((len(places), len(names), len(solutions)))
    error = np.empty_like(mean)
    with track(len(places) * len(names), "measures", progress) as report:
        for g, gauge in enumerate(places):
            points = stack([GAUGES[gauge](replica) for replica in solutions])
            for m, function in enumerate(chosen):
                mean[g, m], error[g, m] = _column(function(net, points, data), names[m], mean)
                report(1)
    return SharpnessTable(names, places, mean, error)


class _Settings:
    """What the named measures have in common."""

    def __init__(
        self,
        solutions: Replicas,
        excursion: float,
        n_directions: int,
        seed: Seed,
        n_threads: int | None,
    ) -> None:
        self._radius = excursion * float(np.mean([replica.norm for replica in solutions]))
        self._excursion, self._n_directions = excursion, n_directions
        self._how: dict[str, Any] = {"rng": seed, "n_threads": n_threads}

    def measure(self, name: str) -> Measure:
        """The function of one name."""
        many = {"n_directions": self._n_directions, **self._how}
        at = {"excursion": self._excursion}
        if name in DEFAULTS:
            return partial(worst_case_sharpness, measure=name, **self._how)
        found: dict[str, Measure] = {
            "F1": partial(flatness, radius=self._radius, **many),
            "F2": partial(flatness, **at, **many),
            "F3": partial(flatness, kind="filter", **at, **many),
            "average_adaptive": partial(self._noise, field="rise"),
            "local_energy": partial(self._noise, field="drop"),
            "trace": self._trace,
            "top_eigenvalue": self._top,
            "fisher_rao": partial(fisher_rao_norm, n_threads=self._how["n_threads"]),
        }
        return found[name]

    def _noise(
        self, net: MLP, points: Replicas, data: LabelledData, *, field: str
    ) -> Estimates:
        found = local_energy(
            net, points, data, sigmas=[self._excursion], n_directions=self._n_directions,
            **self._how,
        )  # fmt: skip
        return Estimates(getattr(found, field)[:, 0], getattr(found, f"{field}_error")[:, 0])

    def _trace(self, net: MLP, points: Replicas, data: LabelledData) -> Estimates:
        probes = {"n_probes": self._n_directions, **self._how}
        found: list[Estimate] = [hessian_trace(net, point, data, **probes) for point in points]
        return Estimates(np.array([e.mean for e in found]), np.array([e.error for e in found]))

    def _top(self, net: MLP, points: Replicas, data: LabelledData) -> Float64Array:
        found = [largest_eigenvalues(net, point, data, **self._how) for point in points]
        return np.array([one.values[0] for one in found])


def _names(given: Sequence[str], name: str, known: Any) -> tuple[str, ...]:
    """Names that are known, each once."""
    names = tuple(check.choice(one, name, known) for one in given)
    if not names or len(set(names)) < len(names):
        raise ParameterError(f"{name} must be different names, at least one, got {names}")
    return names


def _column(found: Any, name: str, table: Float64Array) -> tuple[Any, Any]:
    """Values and errors of all solutions, from whatever a measure returned."""
    if hasattr(found, "error"):
        mean, error = np.asarray(found.mean), np.asarray(found.error)
    else:
        mean, error = np.asarray(getattr(found, "value", found)), np.zeros(table.shape[-1])
    if mean.shape != table.shape[-1:]:
        raise ShapeError(
            f"measures[{name!r}] must return shape ({table.shape[-1]},), got {mean.shape}"
        )
    return mean, error

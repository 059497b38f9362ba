"""What a run writes down: sums over a block of measurements, histograms, extremes.

Engines fill `Raw` at each measurement and add it to `Totals` by the kernel `accumulate`; both
are named tuples of arrays, so that kernels take each as one argument. Arrays of what is not
measured have no entries.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn.typing import Float64Array, IntArray

OBSERVABLES = ("magnetization", "overlap", "link_overlap", "structure", "layers")


class Raw(NamedTuple):
    """One measurement of the samples of one group, by temperature.

    Parameters
    ----------
    energy : array (n_samples, n_replicas, n_temperatures)
        Of the whole system.
    magnetization : array (n_samples, n_replicas, n_temperatures)
        Per spin.
    overlap : array (n_samples, n_pairs, n_temperatures)
        q of each pair of replicas.
    link_overlap : array (n_samples, n_pairs, n_temperatures)
        q_l: the mean over the graph's links of s_i s_j in one replica times that in the other.
    structure : array (n_samples, n_pairs, n_temperatures, n_axes)
        |q(k)|^2 with q(k) = (1/N) sum_x s_x^a s_x^b exp(i k x) at the smallest k of each axis.
    layers : array (n_samples, n_pairs, n_temperatures, n_layers)
        Overlap within each layer.
    """

    energy: Float64Array
    magnetization: Float64Array
    overlap: Float64Array
    link_overlap: Float64Array
    structure: Float64Array
    layers: Float64Array


class Totals(NamedTuple):
    """What is added up, over all samples; `of_group` gives the views of one group.

    Parameters
    ----------
    sums : array (n_samples, n_temperatures, n_columns)
        Sums over measurements of means over replicas or pairs; see `columns`.
    overlap_counts, link_counts : integer array (n_samples, n_temperatures, n_bins)
        Histograms of q and q_l over measurements and pairs.
    attempts, accepts : integer array (n_samples, n_temperatures - 1)
        Exchanges tried and made between neighbours.
    labelled, from_hot : integer array (n_samples, n_temperatures)
        Visits by systems that have been at an end of the ladder, and of these the visits of
        those that were at the hot end last.
    round_trips : integer array (n_samples, n_replicas)
        Journeys from the hot to the cold end completed, as many as round trips.
    lowest_energy : array (n_samples,)
        Lowest energy seen after any sweep.
    lowest_spins : int8 array (n_samples, n_spins)
        A configuration with that energy.
    """

    sums: Float64Array
    overlap_counts: IntArray
    link_counts: IntArray
    attempts: IntArray
    accepts: IntArray
    labelled: IntArray
    from_hot: IntArray
    round_trips: IntArray
    lowest_energy: Float64Array
    lowest_spins: NDArray[np.int8]


def columns(observables: Sequence[str], n_axes: int, n_layers: int) -> tuple[str, ...]:
    """Names of the sums, in the order in which `accumulate` writes them."""
    names = ["energy", "energy^2"]
    if "magnetization" in observables:
        names += ["|m|", "m^2", "m^4"]
    if "overlap" in observables:
        names += ["|q|", "q", "q^2", "q^4"]
    if "link_overlap" in observables:
        names += ["q_l", "q_l^2"]
    if "structure" in observables:
        names += [f"|q(k{axis})|^2" for axis in range(n_axes)]
    if "layers" in observables:
        names += [f"q{layer}^2" for layer in range(n_layers)]
        names += [f"q{layer} q{layer + 1}" for layer in range(n_layers - 1)]
    return tuple(names)


class Record:
    """The arrays of a run that measures: sizes once, then views for each group.

    Parameters
    ----------
    n_samples, n_replicas, n_temperatures, n_spins : int
        Sizes of the run.
    observables : sequence of str
        What is measured beside the energy.
    n_links : int
        Links of the graph, for the histogram of q_l; 0 if there is none.
    n_axes, n_layers : int
        Axes of the lattice and layers of the network; 0 if there are none.
    n_bins : int
        Bins of the histograms, at most; no more than there are different values.
    """

    def __init__(
        self,
        n_samples: int,
        n_replicas: int,
        n_temperatures: int,
        n_spins: int,
        observables: Sequence[str],
        *,
        n_links: int = 0,
        n_axes: int = 0,
        n_layers: int = 0,
        n_bins: int = 128,
    ) -> None:
        self.observables = tuple(observables)
        self.n_replicas = n_replicas
        self.n_spins, self.n_links = n_spins, n_links
        self.n_axes, self.n_layers = n_axes, n_layers
        self.columns = columns(observables, n_axes, n_layers)
        cells = (n_samples, n_temperatures)
        q_bins = min(n_bins, n_spins + 1) if "overlap" in observables else 0
        link_bins = min(n_bins, n_links + 1) if "link_overlap" in observables else 0

        def integers(*shape: int) -> IntArray:
            return np.zeros(shape, dtype=np.int64)

        self.totals = Totals(
            sums=np.zeros((*cells, len(self.columns))),
            overlap_counts=integers(*cells, q_bins),
            link_counts=integers(*cells, link_bins),
            attempts=integers(n_samples, max(0, n_temperatures - 1)),
            accepts=integers(n_samples, max(0, n_temperatures - 1)),
            labelled=integers(*cells),
            from_hot=integers(*cells),
            round_trips=integers(n_samples, n_replicas),
            lowest_energy=np.full(n_samples, np.inf),
            lowest_spins=np.zeros((n_samples, n_spins), dtype=np.int8),
        )

    def of_group(self, samples: slice) -> Totals:
        """Views of the totals of some samples."""
        views: Any = (array[samples] for array in self.totals)
        return Totals(*views)

    def raw(self, n_samples: int) -> Raw:
        """Room for one measurement of so many samples."""
        n_temperatures = self.totals.sums.shape[1]
        pairs = self.n_replicas * (self.n_replicas - 1) // 2

        def room(name: str, count: int, *last: int) -> Float64Array:
            there = not name or name in self.observables
            return np.zeros((n_samples, count if there else 0, n_temperatures, *last))

        return Raw(
            energy=room("", self.n_replicas),
            magnetization=room("magnetization", self.n_replicas),
            overlap=room("overlap", pairs),
            link_overlap=room("link_overlap", pairs),
            structure=room("structure", pairs, self.n_axes),
            layers=room("layers", pairs, self.n_layers),
        )

    def arrays(self) -> dict[str, NDArray[Any]]:
        """All that changes, by reference."""
        return self.totals._asdict()

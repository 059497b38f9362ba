"""What an elastic band returns, what it goes on from, and the schedule that refines one."""

from __future__ import annotations

from typing import Any

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.curves import LossCurve
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, FloatArray, IntArray


@result()
class AutoNEB:
    """Cycles of an elastic band, between which pivots are inserted where the path is rough.

    After each cycle but the last, the loss is scanned between pivots; where it exceeds the
    straight line between them by more than ``threshold`` times the range of losses on the
    path, a pivot is inserted. The defaults are those of Draxler et al. for CIFAR.

    Parameters
    ----------
    n_steps : tuple of int
        Steps of each cycle.
    factors : tuple of float
        Factor on the learning rate in each cycle.
    threshold : float
        Share of the range of losses, 0.1 to 0.2 in use.
    n_inserted : int
        Most pivots inserted after one cycle.

    Raises
    ------
    ParameterError
        If there is no cycle, or not one factor for each.

    References
    ----------
    Draxler et al. 2018 (arXiv:1803.00885).
    """

    n_steps: tuple[int, ...] = (1000,) * 4 + (2000,) * 2 + (1000,) * 8
    factors: tuple[float, ...] = (1.0,) * 6 + (0.1,) * 4 + (0.01,) * 4
    threshold: float = 0.1
    n_inserted: int = 2

    def __post_init__(self) -> None:
        steps = tuple(check.count(n, "n_steps") for n in self.n_steps)
        factors = tuple(check.positive(f, "factors") for f in self.factors)
        if not steps or len(factors) != len(steps):
            raise ParameterError(
                f"factors must be one for each of at least 1 cycle, got {len(factors)} for "
                f"{len(steps)} cycles"
            )
        check.non_negative(self.threshold, "threshold")
        check.count(self.n_inserted, "n_inserted")
        object.__setattr__(self, "n_steps", steps)
        object.__setattr__(self, "factors", factors)

    def __repr__(self) -> str:
        return f"<AutoNEB: {len(self.n_steps)} cycles, {sum(self.n_steps)} steps>"


@result()
class BandHistory:
    """A band at the recorded steps, on all samples.

    Parameters
    ----------
    steps : int64 array (n_records,)
        Steps done; the first is 0.
    n_pivots : int64 array (n_records,)
        Pivots between the ends.
    saddle : array (n_records,)
        Highest loss of the dense scan.
    barrier : array (n_records,)
        Height of the dense scan above the chord between the ends.
    length : array (n_records,)
        Length of the path.
    force : array (n_records,)
        Largest length, over pivots, of the gradient without its part along the path (of a
        climbing pivot: of its whole gradient); zero for a converged band.
    """

    steps: IntArray
    n_pivots: IntArray
    saddle: Float64Array
    barrier: Float64Array
    length: Float64Array
    force: Float64Array


@result()
class BandState:
    """Where a band is; hand it back as ``state=`` to go on to the same bits.

    Parameters
    ----------
    network : MLP
        The network.
    nodes : array (n_legs + 1, n_parameters)
        Pivots, ends among them.
    slots : array (n_slots, n_pivots x n_parameters)
        The optimizer's memory.
    spacing : array (n_legs,)
        Share of the path's length that each leg is to have.
    n_steps : int
        Steps done.
    records : array (n_records, 6)
        Columns as in `BandHistory`, at multiples of ``record_every``.
    settings : dict
        What must be the same when the band goes on.
    """

    network: MLP
    nodes: FloatArray
    slots: FloatArray
    spacing: Float64Array
    n_steps: int
    records: Float64Array
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return (
            f"<state of a band of {len(self.nodes) - 2} pivots of {self.network} "
            f"after {self.n_steps} steps>"
        )


@result()
class ElasticBand:
    """A path between two points that was lowered as a whole.

    Its saddle is the highest point of a dense scan, not of the pivots. A lower path may
    exist, so it is an upper bound on what separates the ends; and since the scan may step
    over a narrow peak between its points, raise ``n_points_per_leg`` where that matters.

    Parameters
    ----------
    path : Path
        Legs between pivots, and the positions of the dense scan.
    curve : LossCurve
        Loss and accuracy on that scan.
    history : BandHistory
        Saddle, barrier, length and force at the recorded steps and at the last.
    state : BandState
        Hand it back as ``state=`` to go on.
    """

    path: Path
    curve: LossCurve
    history: BandHistory
    state: BandState

    def __repr__(self) -> str:
        return (
            f"<{self.path.name}: {self.n_pivots} pivots after {self.state.n_steps} steps, "
            f"saddle {self.saddle:.4g}, barrier {self.barrier:.4g}, force {self.force:.2g}>"
        )

    @property
    def n_pivots(self) -> int:
        """Pivots between the ends."""
        return self.path.n_legs - 1

    @property
    def saddle(self) -> float:
        """Highest loss on the dense scan."""
        return float(self.curve.loss.max())

    @property
    def barrier(self) -> float:
        """Height of the dense scan above the chord between the ends."""
        return self.curve.barrier

    @property
    def force(self) -> float:
        """The measure of convergence, see `BandHistory`: zero for a converged band."""
        return float(self.history.force[-1])


def history_of(records: Float64Array) -> BandHistory:
    """Records (n_records, 6) by their names."""
    steps, pivots, *rest = np.ascontiguousarray(records.T)
    return BandHistory(steps.astype(np.int64), pivots.astype(np.int64), *rest)

"""Quenches to zero temperature: single-spin flips down in energy until none is left."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn._core.streams import stream_states
from spinglass_nn.dynamics import _quench_kernels as kernels
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.spins import models
from spinglass_nn.spins.hopfield import Hopfield
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.spins.sk import SherringtonKirkpatrick
from spinglass_nn.typing import RNG, Float64Array, IntArray, ProgressLike

ORDERS = ("random", "greedy")
_ROUNDING = 1e-12  # of the sum of |couplings| of a spin: smaller fields count as none
_DENSE = 0.25  # share of bonds from which on rows of a matrix are faster
_GROUP = 16  # starts a thread takes at a time; for many-body models it moves them together


@result()
class Quench:
    """One-flip-stable configurations.

    Parameters
    ----------
    spins : int8 array (n_starts, n_spins)
        Configurations in which no single flip lowers the energy.
    energies : array (n_starts,)
        Of the whole system.
    n_flips : int64 array (n_starts,)
        Spins flipped on the way.
    n_sweeps : int64 array (n_starts,)
        Sweeps made, the last one, without a flip, included; 0 for greedy quenches.
    order : str
        "random" or "greedy".
    """

    spins: NDArray[np.int8]
    energies: Float64Array
    n_flips: IntArray
    n_sweeps: IntArray
    order: str

    def __repr__(self) -> str:
        per_spin = self.energies / self.spins.shape[1]
        return (
            f"<{len(self.spins)} quenches ({self.order}) of {self.spins.shape[1]} spins: energy "
            f"per spin {per_spin.mean():.6g} (min {per_spin.min():.6g})>"
        )


class _Bonds(NamedTuple):
    """Pair couplings for kernels: a dense matrix or rows of neighbours."""

    first: IntArray
    neighbors: IntArray
    couplings: Float64Array
    matrix: Float64Array


def quench(
    model: models.SpinModel,
    *,
    n_starts: int | None = None,
    start: ArrayLike | None = None,
    order: str = "random",
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> Quench:
    """Flip single spins that lower the energy until there is none: dynamics at T = 0.

    A flip that leaves the energy as it is never happens: free spins stay.

    Parameters
    ----------
    model : SherringtonKirkpatrick, EdwardsAnderson, IsingGraph, Hopfield, PSpin, ...
        Any model of Ising spins. Those of pairs keep their local fields up to date, one flip
        costing as much as the spin has bonds; p-spin models with p > 2 read all couplings
        after every flip, once for eight starts.
    n_starts : int, optional
        How many quenches. Default: as many as there are in ``start``, or one.
    start : array (n_spins,) or (n_starts, n_spins), optional
        Where they start, of ±1. Default: random, quench 17 being quench 17 in any number.
    order : {"random", "greedy"}
        Sweeps over all spins, each in a new random order, flipping every spin that lowers the
        energy; or always the spin that lowers it most (of equals the first), without chance
        but for the start.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).
    n_threads : int, optional
        Threads over quenches, by default all cores. Results do not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of starts and orders.

    Returns
    -------
    Quench
        Final configurations, energies and counts.

    Raises
    ------
    ParameterError
        If the spins are not Ising spins, or a parameter makes no sense.
    DataError, ShapeError
        If a start is not of ±1, or does not fit.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.SherringtonKirkpatrick(200, rng=1)
    >>> found = quench(model, n_starts=20, rng=2)
    >>> bool((found.spins * model.local_fields(found.spins) > 0).all())
    True
    """
    order = check.choice(order, "order", ORDERS)
    if getattr(model, "spins", "ising") == "spherical":
        raise ParameterError(f"model must have Ising spins, got {model!r}; take `descend`")
    seed = random.seed_of(rng)
    spins = _start_spins(model.n_spins, n_starts, start, seed)
    counts = np.zeros((len(spins), 2), dtype=np.int64)
    states = stream_states(seed, Stream.QUENCHES, len(spins))
    task = _task(model, order, spins, states, counts)
    groups = [slice(k, k + _GROUP) for k in range(0, len(spins), _GROUP)]
    with track(len(spins), f"quench of {model}", progress) as report:

        def one_group(part: slice) -> None:
            task(part)
            report(len(spins[part]))

        threads.run(one_group, groups, n_threads)
    return Quench(spins, model.energy(spins), counts[:, 1], counts[:, 0], order)


def _start_spins(
    n_spins: int, n_starts: int | None, start: ArrayLike | None, seed: Seed
) -> NDArray[np.int8]:
    """Configurations (n_starts, n_spins) of our own, drawn or as given."""
    if start is None:
        count = 1 if n_starts is None else check.count(n_starts, "n_starts")
        models.refuse_if_larger(1.0 * count * n_spins, f"{count} configurations")
        return np.stack([
            2 * seed.generator(Stream.RANDOM_POINTS, k).integers(0, 2, n_spins, np.int8) - 1
            for k in range(count)
        ])  # fmt: skip
    rows, lead = models.spin_rows(start, n_spins, "start")
    count = len(rows) if n_starts is None else check.count(n_starts, "n_starts")
    if len(lead) > 1 or len(rows) not in (1, count):
        raise ShapeError(
            f"start must have shape ({n_spins},) or ({count}, {n_spins}), got {np.shape(start)}"
        )
    return np.array(np.broadcast_to(rows, (count, n_spins)), dtype=np.int8)


def _task(
    model: Any, order: str, spins: NDArray[np.int8], states: Any, counts: IntArray
) -> Callable[[slice], None]:
    """What brings some of the starts down, in place."""
    if isinstance(model, PSpin) and model.p > 2:
        return partial(_quench_many_body, model, order, spins, states, counts)
    bonds = _bonds(model)
    rounding = _ROUNDING * (_row_sums(bonds) + np.abs(model.fields))

    def one_group(part: slice) -> None:
        places = np.empty(model.n_spins, dtype=np.int64)
        fields = model.local_fields(spins[part])
        for row, field, state, count in zip(
            spins[part], fields, states[part], counts[part], strict=True
        ):
            if order == "random":
                kernels.quench_random(row, field, bonds, rounding, places, state, count)
            else:
                kernels.quench_greedy(row, field, bonds, rounding, count)

    return one_group


def _bonds(model: Any) -> _Bonds:
    """The couplings in the form in which a flip is fastest."""
    none = np.zeros(0, dtype=np.int64)
    if not isinstance(model, (SherringtonKirkpatrick, Hopfield, PSpin)):
        graph = model.graph()
        n = graph.n_spins
        if graph.couplings.size < _DENSE * n * n:
            rows = (graph.first, graph.neighbors, graph.couplings)
            return _Bonds(*rows, np.zeros((0, n)))
    return _Bonds(none, none, np.zeros(0), np.ascontiguousarray(model.matrix()))


def _row_sums(bonds: _Bonds) -> Float64Array:
    if bonds.matrix.size:
        found: Float64Array = np.abs(bonds.matrix).sum(axis=1)
        return found
    n = bonds.first.size - 1
    i = np.repeat(np.arange(n), np.diff(bonds.first))
    sums = np.bincount(i, weights=np.abs(bonds.couplings), minlength=n).astype(np.float64)
    return sums


def _quench_many_body(
    model: PSpin,
    order: str,
    spins: NDArray[np.int8],
    states: Any,
    counts: IntArray,
    part: slice,
) -> None:
    """Bring a group of starts down together, one flip of each between two looks at fields."""
    mean_sum = model.p * float(np.abs(model.couplings).sum()) / model.n_spins
    rows = spins[part]
    pick = _in_random_order if order == "random" else _by_gain
    pickers = [
        pick(row, state, count, _ROUNDING * mean_sum)
        for row, state, count in zip(rows, states[part], counts[part], strict=True)
    ]
    for picker in pickers:
        next(picker)  # up to where it asks for fields
    active = list(range(len(rows)))
    while active:
        fields = model.local_fields(rows[active])
        still = []
        for k, field in zip(active, fields, strict=True):
            if pickers[k].send(field):
                still.append(k)
        active = still


def _in_random_order(
    row: NDArray[np.int8], state: Any, count: IntArray, rounding: float
) -> Generator[bool, Any, None]:
    """Take fields, flip the next spin that lowers the energy and say whether there was one."""
    places, flipped = np.arange(row.size), True
    fields = yield True
    while flipped:
        kernels.shuffle(places, state)
        count[0] += 1
        flipped = False
        for i in places:
            if row[i] * fields[i] < -rounding:
                row[i] = -row[i]
                count[1] += 1
                flipped = True
                fields = yield True
    yield False


def _by_gain(
    row: NDArray[np.int8], state: Any, count: IntArray, rounding: float
) -> Generator[bool, Any, None]:
    """The same for the spin that lowers the energy most."""
    del state
    fields = yield True
    while (row * fields).min() < -rounding:
        aligned = row * fields
        i = int(np.argmax(aligned <= aligned.min() + rounding))
        row[i] = -row[i]
        count[1] += 1
        fields = yield True
    yield False

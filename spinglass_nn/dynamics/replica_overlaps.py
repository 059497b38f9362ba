"""Q(T) of one given model: parallel tempering of independent replicas, and their overlaps."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from spinglass_nn._core import check, threads
from spinglass_nn.dynamics._pair_means import FEWEST
from spinglass_nn.dynamics.equilibration import EquilibrationTest
from spinglass_nn.dynamics.ladder import checked_temperatures, geometric
from spinglass_nn.dynamics.overlap_curve import OverlapCurve
from spinglass_nn.dynamics.results import MonteCarloRun, MonteCarloState
from spinglass_nn.dynamics.sampling import parallel_tempering
from spinglass_nn.spins.instability import Instability, find
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.spins.models import PairModel
from spinglass_nn.statistics import r_hat
from spinglass_nn.typing import RNG, Float64Array, IntArray, PathType, ProgressLike

_SPAN = (0.1, 2.0)  # of T_c, the ladder where none is given
_LEAST_TEMPERATURES, _PER_ROOT = 16, 1.2  # of it: swap rates near 0.35 at any size
_LEAST_SWEEPS = 64
_EVERY = 4  # sweeps between measurements, which cost about as much as a sweep
_RECORDS = 256  # configurations kept at each temperature while it runs


def replica_overlap_curve(
    model: PairModel,
    temperatures: ArrayLike | None = None,
    *,
    reduced: bool = False,
    n_sweeps: int = 2000,
    n_replicas: int = 8,
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> OverlapCurve:
    r"""Overlap of independent replicas of one given model against temperature, Q(T).

    .. math:: Q(T) = \overline{\langle |q_{ab}| \rangle}, \qquad
              q_{ab} = \frac1N \sum_i s_i^a s_i^b,

    the mean over pairs of replicas and times [1]_; with fields, of q itself. Every replica has a
    ladder of its own in `parallel_tempering`, so that replicas are independent and errors come
    from them. The mean is over the second half of the run, at 60 to 200 times of a long one.

    Free spins have :math:`\langle |q| \rangle = 2^{-N} \binom{N}{N/2}` for even N, about
    :math:`\sqrt{2/\pi N}`, given as ``baseline``; in fields
    :math:`\frac1N \sum_i \tanh^2(h_i/T)`.

    Parameters
    ----------
    model : LayeredIsing or another model of pairs
        The network, as a spin model; its ``scale`` decides in which units T is.
    temperatures : array (n_temperatures,), optional
        Increasing. Default: geometric from 0.1 to 2 of this model's own T_c
        (`spinglass_nn.spins.instability.find`), as many as exchanges need.
    reduced : bool
        Whether these temperatures are in units of T_c.
    n_sweeps : int
        Sweeps of every system, counted from the start of the run; a multiple of 4.
    n_replicas : int
        Independent replicas, at least 4; 8 or more give errors worth the name.
    checkpoint : path, optional
        File that holds the state of the run, as in `parallel_tempering`.
    state : MonteCarloState, optional
        State of an earlier run of the same settings, to go on from.
    progress : bool or callable
        Progress in sweeps.
    n_threads : int, optional
        Threads; the same bits for any number. Default: all cores.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    OverlapCurve
        Q(T) as a whole and in each layer, and what tells whether it is that of equilibrium.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If settings and model make no sense together, or no spins are coupled.
    Interrupted
        On Ctrl-C, with ``.state``.

    Notes
    -----
    Q(T) mostly tells at which temperature order sets in, and so the largest singular values.
    What it adds to T_c, which comes for a hundredth of the cost, shows at equal T / T_c and
    against `spinglass_nn.spins.layered_nulls.rotated`.

    Replicas that are stuck have overlaps that are too small: ``drift`` is then positive,
    ``r_hat`` above 1.01, and round trips are few.

    References
    ----------
    .. [1] J. Li, A Spin Glass Characterization of Neural Networks, arXiv:2508.07397 (2025), of
       which only the abstract was at hand: ladder, sampler and errors are this package's.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.LayeredIsing.from_weights([np.ones((8, 8)), np.ones((4, 8))])
    >>> curve = replica_overlap_curve(model, n_sweeps=256, rng=1)
    >>> curve.overlap[0].mean > 0.99, curve.overlap[-1].mean < 0.4
    (True, True)
    """
    check.count(n_sweeps, "n_sweeps", minimum=_LEAST_SWEEPS)
    check.count(n_replicas, "n_replicas", minimum=FEWEST)
    found = find(model)
    if temperatures is None:
        low, high = (share * found.temperature for share in _SPAN)
        count = math.ceil(_PER_ROOT * math.sqrt(model.n_spins))
        ladder = geometric(low, high, n=max(_LEAST_TEMPERATURES, count))
    else:
        unit = found.temperature if reduced else 1.0
        ladder = unit * checked_temperatures(temperatures, exchange=True)
    run = parallel_tempering(
        model,
        ladder,
        n_sweeps=n_sweeps,
        n_replicas=n_replicas,
        measure_every=_EVERY,
        record_every=_stride(n_sweeps, state),
        record_spins=True,
        checkpoint=checkpoint,
        state=state,
        progress=progress,
        n_threads=n_threads,
        rng=rng,
    )
    return _curve(model, found, run)


def _stride(n_sweeps: int, state: MonteCarloState | None) -> int | None:
    """Sweeps between configurations kept; the run knows if it goes on from a state."""
    return None if state is not None else _EVERY * math.ceil(n_sweeps / (_EVERY * _RECORDS))


def _curve(model: PairModel, found: Instability, run: MonteCarloRun) -> OverlapCurve:
    sizes = model.sizes if isinstance(model, LayeredIsing) else (model.n_spins,)
    folded = not np.any(model.fields)
    with threads.one_blas_thread():
        rows = [_overlaps(run, t, sizes) for t in run.temperatures]
    size = np.abs if folded else np.asarray
    shares = np.array(sizes) / run.n_spins
    total = [np.tensordot(shares, q, axes=1) for q in rows]  # (n_times, R, R) each
    upper = np.triu_indices(run.trips.shape[1], 1)
    energies = run.energy_series[0][..., _late(run)] / run.n_spins
    middle = len(total[0]) // 2
    return OverlapCurve(
        model=run.model,
        temperatures=run.temperatures,
        layer_sizes=np.array(sizes, dtype=np.int64),
        folded=folded,
        instability=found,
        halves=np.stack([
            [size(q[:middle]).mean(axis=0) for q in total],
            [size(q[middle:]).mean(axis=0) for q in total],
        ]),
        layers=np.stack([size(q).mean(axis=1) for q in rows], axis=1),
        squares=np.stack([(q**2).mean(axis=0) for q in total]),
        fourths=np.stack([(q**4).mean(axis=0) for q in total]),
        layer_products=np.stack([
            (q[1:] * q[:-1]).mean(axis=1)[:, *upper].mean(axis=1) for q in rows
        ]),
        energies=np.ascontiguousarray(energies.mean(axis=-1).T),
        baseline=_free(model.fields, run.temperatures),
        layer_baselines=np.stack([
            _free(part, run.temperatures)
            for part in np.split(model.fields, np.cumsum(sizes)[:-1])
        ]),
        counts=run.overlap_counts[0],
        r_hat=np.array([r_hat(energies[:, t]) for t in range(len(rows))]),
        round_trips=run.trips[0],
        swap_rates=run.swap_rates,
        stationarity=_stationary(run),
        n_sweeps=run.n_sweeps,
        state=run.state,
    )  # fmt: skip


def _overlaps(run: MonteCarloRun, temperature: float, sizes: tuple[int, ...]) -> Float64Array:
    """Overlaps (n_layers, n_times, R, R) of all pairs in each layer, at the times that count."""
    spins = run.spins(temperature=temperature)[0][:, _late(run)].astype(np.float32)
    parts = np.split(spins.transpose(1, 0, 2), np.cumsum(sizes)[:-1], axis=2)
    # sums of +-1 are exact in float32
    return np.stack([
        (part @ part.transpose(0, 2, 1)).astype(np.float64) / part.shape[2] for part in parts
    ])  # fmt: skip


def _late(run: MonteCarloRun) -> IntArray:
    """Which entries of the series count: those in the window, an even number."""
    found = np.flatnonzero(run.record_sweeps > run.window)
    return found[found.size % 2 :]


def _free(fields: Float64Array, temperatures: Float64Array) -> Float64Array:
    """Q of spins that feel these fields alone."""
    if np.any(fields):
        found: Float64Array = np.square(np.tanh(fields / temperatures[:, None])).mean(axis=1)
        return found
    pairs = (fields.size + 1) // 2  # E|S| is the same for 2m - 1 and 2m spins
    central = special.gammaln(2 * pairs + 1) - 2 * special.gammaln(pairs + 1)
    mean = 2 * pairs * math.exp(central - 2 * pairs * math.log(2)) / fields.size
    return np.full(temperatures.size, mean)


def _stationary(run: MonteCarloRun) -> EquilibrationTest | None:
    """The run's own test at its lowest temperature, where there are replicas enough."""
    return run.equilibration()[0] if run.trips.shape[1] > FEWEST else None

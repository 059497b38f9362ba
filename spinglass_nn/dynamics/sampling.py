"""Monte Carlo of Ising models: at fixed temperatures, or with replicas exchanging them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from numpy.typing import ArrayLike

from spinglass_nn.dynamics._setup import sample
from spinglass_nn.dynamics.ladder import checked_temperatures
from spinglass_nn.dynamics.results import MonteCarloRun, MonteCarloState
from spinglass_nn.typing import RNG, PathType, ProgressLike


def parallel_tempering(
    model: Any,
    temperatures: ArrayLike,
    *,
    n_sweeps: int,
    n_replicas: int = 2,
    observables: Sequence[str] = ("overlap",),
    measure_every: int = 1,
    cluster_every: int = 0,
    record_every: int | None = None,
    record_spins: bool = False,
    move: str | None = None,
    start: ArrayLike | None = None,
    kernel: str = "auto",
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> MonteCarloRun:
    r"""Monte Carlo with a ladder of temperatures whose systems are exchanged (replica exchange).

    After each sweep neighbours on the ladder exchange with probability

    .. math:: \min\{1, \exp[(\beta_t - \beta_{t+1})(E_t - E_{t+1})]\},

    pairs that begin at even and at odd temperatures in turn [1]_. Every sample has
    ``n_replicas`` independent ladders, between which overlaps are measured.

    The engine is chosen by the couplings: ``multispin`` for ±J without fields and up to 8
    neighbours (512 systems a step, exact acceptance), ``layered`` for layered models,
    ``many-body`` for p = 3 and 4, ``dense`` where at least a quarter of all pairs are coupled,
    ``sparse`` for the rest. All sample the same distribution.

    Parameters
    ----------
    model : model or sequence of models
        An Ising model, or disorder samples of one: of the same kind and size. Sample k draws
        the same random numbers whether it runs alone or beside others.
    temperatures : array (n_temperatures,)
        Increasing, in units of the couplings; see `geometric` and `tune_temperatures`.
    n_sweeps : int
        Sweeps of every system, counted from the start of the run; a multiple of
        ``measure_every``.
    n_replicas : int
        Ladders of each sample; overlaps need two or more.
    observables : sequence of str
        Beside the energy: "magnetization", "overlap" (P(q)), "link_overlap", "structure" (q at
        the smallest wave vectors, for the correlation length; periodic lattices), "layers"
        (overlap within each layer; layered models).
    measure_every : int
        Sweeps between measurements.
    cluster_every : int
        Sweeps between Houdayer moves [2]_, which exchange a connected cluster of differing
        spins between two replicas at one temperature; 0 for none. They help where such
        clusters do not percolate, mostly in two dimensions.
    record_every : int, optional
        Sweeps between entries of the time series, a multiple of ``measure_every``; 0 for no
        series. Default: about 256 entries.
    record_spins : bool
        Keep configurations in the series, one bit a spin.
    move : {"metropolis", "heat_bath"}, optional
        Default: heat bath for layered models, Metropolis for all others.
    start : int8 array, optional
        Configurations ±1 to start from, broadcast to (n_samples, n_replicas, n_temperatures,
        n_spins). Default: random.
    kernel : {"auto", "multispin", "sparse", "dense", "layered", "many-body"}
        Ask for an engine, for comparisons.
    checkpoint : path, optional
        File that holds the state of the run: written every five minutes, when interrupted and
        at the end. If it is there at the start, the run goes on from it.
    state : MonteCarloState, optional
        State of an earlier run of the same settings, to go on from; ``n_sweeps`` may be
        larger.
    progress : bool or callable
        Progress in sweeps.
    n_threads : int, optional
        Threads; the same bits for any number. Default: all cores.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    MonteCarloRun
        Averages, P(q), lowest energy and its configuration, swap rates, ``.state``.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If settings and model make no sense together; before anything is allocated.
    Interrupted
        On Ctrl-C, with ``.state``; nothing is lost.

    References
    ----------
    .. [1] K. Hukushima and K. Nemoto, J. Phys. Soc. Jpn. 65 (1996) 1604.
    .. [2] J. Houdayer, Eur. Phys. J. B 22 (2001) 479; Z. Zhu, A. J. Ochoa and
       H. G. Katzgraber, Phys. Rev. Lett. 115 (2015) 077201.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.EdwardsAnderson((4, 4, 4), "pm1", rng=1)
    >>> run = parallel_tempering(
    ...     model, sg.dynamics.geometric(0.4, 2.0, n=12), n_sweeps=200, rng=2
    ... )
    >>> bool(model.energy(run.lowest_spins) == run.lowest_energy)
    True
    """
    ladder = checked_temperatures(temperatures, exchange=True)
    given = dict(
        n_sweeps=n_sweeps, n_replicas=n_replicas, observables=observables,
        measure_every=measure_every, cluster_every=cluster_every, record_every=record_every,
        record_spins=record_spins, move=move, start=start, kernel=kernel,
        checkpoint=checkpoint, state=state, progress=progress, n_threads=n_threads, rng=rng,
    )  # fmt: skip
    return sample(model, ladder, True, given)


def simulate(
    model: Any,
    temperatures: ArrayLike,
    *,
    n_sweeps: int,
    n_replicas: int = 2,
    observables: Sequence[str] = ("overlap",),
    measure_every: int = 1,
    cluster_every: int = 0,
    record_every: int | None = None,
    record_spins: bool = False,
    move: str | None = None,
    start: ArrayLike | None = None,
    kernel: str = "auto",
    checkpoint: PathType | None = None,
    state: MonteCarloState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> MonteCarloRun:
    r"""Monte Carlo at one or several fixed temperatures, without exchange.

    A sweep visits the spins in order; spin i in the field :math:`h_i` flips with probability

    .. math:: \min(1, e^{-2 \beta s_i h_i}) \quad \text{(Metropolis)} \qquad
              \text{or} \qquad \frac{1}{1 + e^{2 \beta s_i h_i}} \quad \text{(heat bath)}.

    For dynamics (aging, relaxation) and for comparison; equilibrium at low temperatures is
    reached far sooner by `parallel_tempering`, which takes the same parameters.

    Parameters
    ----------
    model : model or sequence of models
        As for `parallel_tempering`, like all that follow.
    temperatures : float or array (n_temperatures,)
        Increasing.
    n_sweeps : int
        Sweeps, counted from the start of the run.
    n_replicas : int
        Independent systems at each temperature.
    observables : sequence of str
        What is measured beside the energy.
    measure_every : int
        Sweeps between measurements.
    cluster_every : int
        Sweeps between Houdayer moves; 0 for none.
    record_every : int, optional
        Sweeps between entries of the time series.
    record_spins : bool
        Keep configurations in the series.
    move : {"metropolis", "heat_bath"}, optional
        How a spin is updated.
    start : int8 array, optional
        Configurations to start from.
    kernel : str
        Ask for an engine.
    checkpoint : path, optional
        File that holds the state of the run.
    state : MonteCarloState, optional
        State to go on from.
    progress : bool or callable
        Progress in sweeps.
    n_threads : int, optional
        Threads.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    MonteCarloRun
        Averages, P(q), lowest energy, ``.state``.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If settings and model make no sense together.
    Interrupted
        On Ctrl-C, with ``.state``.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.SherringtonKirkpatrick(64, rng=1)
    >>> simulate(model, 1.5, n_sweeps=1000, move="heat_bath", rng=2).energy.mean.shape
    (1,)
    """
    ladder = checked_temperatures(temperatures, exchange=False)
    given = dict(
        n_sweeps=n_sweeps, n_replicas=n_replicas, observables=observables,
        measure_every=measure_every, cluster_every=cluster_every, record_every=record_every,
        record_spins=record_spins, move=move, start=start, kernel=kernel,
        checkpoint=checkpoint, state=state, progress=progress, n_threads=n_threads, rng=rng,
    )  # fmt: skip
    return sample(model, ladder, False, given)

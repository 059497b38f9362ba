"""Random walks in parameter space."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from spinglass_nn._core import check, random, threads, vectors
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import MLP, Replica, Replicas
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import RNG, Float64Array, FloatArray, LabelledData, ProgressLike
from spinglass_nn.walks.results import RandomWalk, WalkPlan, WalkState
from spinglass_nn.walks.rules import AlwaysAccept, Rule
from spinglass_nn.walks.running import begin, check_state, run
from spinglass_nn.walks.stepping import Course

GEOMETRIES = ("flat", "sphere")
N_RECORDS = 50  # about so many, where the user does not say
_ALWAYS = AlwaysAccept()


def random_walk(
    net: MLP,
    data: LabelledData,
    start: Replica | Replicas | ArrayLike | None = None,
    *,
    n_steps: int,
    step: float | None = None,
    excursion: float | None = None,
    n_walkers: int = 1,
    first_walker: int = 0,
    record_every: int | None = None,
    geometry: str = "flat",
    rule: Rule = _ALWAYS,
    test: bool = True,
    dtype: DTypeLike | None = None,
    name: str = "random walk",
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
    state: WalkState | None = None,
) -> RandomWalk:
    r"""Walk at random from a point and record loss and accuracy on the way.

    Every step draws :math:`g \sim N(0, 1)^N` and proposes

    .. math:: \theta' = \theta + r\, g / |g|,

    on the sphere scaled back to :math:`|\theta_0|`. In flat space a free walk is at distance
    :math:`r\sqrt t` after t steps, with a relative scatter of :math:`1/\sqrt{2N}`.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    data : Dataset
        Loss and accuracy are means over all of it; its ``test`` part is recorded as well.
    start : Replica or array (n_parameters,)
        The one point where all walkers start. May be left out with ``state``.
    n_steps : int
        Steps of each walker, counted from the start (with ``state`` too).
    step : float
        Length r of every move. Give this or ``excursion``.
    excursion : float
        :math:`\rho = r\sqrt{n_{steps}} / |\theta_0|`, the distance a free walk reaches in
        units of the starting norm. A step says nothing by itself; this compares widths,
        depths and norms.
    n_walkers : int
        Number of walkers. Each has its own stream: walker 17 is walker 17 in any number.
    first_walker : int
        Number of the first, to walk a part of a larger set.
    record_every : int, optional
        Steps between two records; the first is the start, and the last step is always
        recorded. Default: about 50 records.
    geometry : {"flat", "sphere"}
        Whether the norm is free or held at that of the start.
    rule : Rule
        `AlwaysAccept`, which evaluates the loss only for records, or `Metropolis` or
        `LossCap`, which evaluate it over all of the data at each step.
    test : bool
        Whether to record ``data.test``, where it has one.
    dtype : float32 or float64, optional
        Precision of positions, draws and evaluations. Default: that of the start.
    name : str
        What the walk is called in figures.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).
    n_threads : int, optional
        Walkers run on this many threads, by default all cores. Results do not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed.
    state : WalkState, optional
        Go on from here to the same bits: repeat the call with a larger ``n_steps``, or the
        same after an interrupt. Step and records may be left out, but must not differ.

    Returns
    -------
    RandomWalk
        Arrays (n_walkers, n_records), and the state to go on from.

    Raises
    ------
    ParameterError
        If a number makes no sense, both or none of ``step`` and ``excursion`` are given,
        the start is zero where its norm is needed, lies above a `LossCap`, or ``state``
        belongs to another run.
    DataError, ShapeError
        If the start is not finite, or start, data and network do not fit.
    Interrupted
        On an interrupt from the keyboard; its ``state`` holds all steps and records so far.

    References
    ----------
    Liao et al., Exploring loss landscapes through the lens of spin glass theory (2024),
    arXiv:2407.20724. Its abstract names the random walk; the details are choices made here.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> start = sg.networks.initialize(net, rng=0)[0]
    >>> walk = random_walk(net, data, start, n_steps=100, excursion=0.1, n_walkers=3, rng=1)
    >>> walk.loss.shape, round(walk.step / walk.start_norm, 6)
    ((3, 51), 0.01)
    """
    n_steps = check.count(n_steps, "n_steps")
    n_walkers = check.count(n_walkers, "n_walkers")
    origin = _origin(net, start, dtype, state)
    norm = vectors.norm(origin)
    held_out = getattr(data, "test", None) if test else None
    fixed = (first_walker, held_out is not None)
    length = _step_length(step, excursion, n_steps, norm, state)
    plan = _plan(length, geometry, rule, record_every, n_steps, fixed, rng, state)
    _check_norm(norm, plan.geometry)
    inner = max(1, threads.resolve(n_threads) // n_walkers)
    course = Course(net, data, held_out, origin, norm, plan, inner)
    if state is None:
        state = begin(course, n_walkers)
    else:
        check_state(state, course, n_walkers, n_steps)
    state, table = run(course, state, n_steps, progress, n_threads)
    return _result(course, state, table, name)


def _origin(
    net: MLP, start: Any, dtype: DTypeLike | None, state: WalkState | None
) -> FloatArray:
    """The start as a checked vector of the precision to walk in."""
    if start is None:
        if state is None:
            raise ParameterError("start must be a Replica or an array, got None")
        return _of_dtype(state.origin, dtype)
    if isinstance(start, (Replica, Replicas)):
        rows, _ = as_rows(net, start)
        if len(rows) != 1:
            raise ParameterError(
                f"start must be one point, got {len(rows)} replicas; walk from replicas[k]"
            )
        point = rows[0]
        check.all_finite(point, "start")  # weights can be written to after their check
    else:
        kind = getattr(start, "dtype", None)
        kept = kind if kind in (np.float32, np.float64) else np.float64
        point = check.array(start, "start", shape=(net.n_parameters,), dtype=kept)
    return _of_dtype(point, dtype)


def _of_dtype(point: FloatArray, dtype: DTypeLike | None) -> FloatArray:
    """A vector in the precision asked for, or as it is."""
    if dtype is None:
        return point
    if np.dtype(dtype) not in (np.float32, np.float64):
        raise ParameterError(f"dtype must be float32 or float64, got {np.dtype(dtype)}")
    with np.errstate(over="ignore"):  # told by the check that follows
        converted = point.astype(dtype, copy=False)
    check.all_finite(converted, f"start in {np.dtype(dtype)}")
    return converted


def _step_length(
    step: float | None,
    excursion: float | None,
    n_steps: int,
    norm: float,
    state: WalkState | None,
) -> float:
    """The length of a move, from itself, from the excursion, or from the state."""
    if step is not None and excursion is not None:
        raise ParameterError("give step or excursion, got both")
    if step is not None:
        return check.positive(step, "step")
    if excursion is not None:
        excursion = check.positive(excursion, "excursion")
        if norm == 0:
            raise ParameterError(
                "start must not be zero for an excursion, which is in units of its norm; "
                "give step"
            )
        return excursion * norm / math.sqrt(n_steps)
    if state is None:
        raise ParameterError("give step or excursion, got neither")
    return state.plan.step


def _check_norm(norm: float, geometry: str) -> None:
    if geometry == "sphere" and norm == 0:
        raise ParameterError("start must not be zero for geometry='sphere'")


def _plan(
    step: float,
    geometry: str,
    rule: Rule,
    record_every: int | None,
    n_steps: int,
    fixed: tuple[int, bool],
    rng: RNG,
    state: WalkState | None,
) -> WalkPlan:
    """All that stays as it is when the walk goes on; what was left out is the state's."""
    check.choice(geometry, "geometry", GEOMETRIES)
    if not isinstance(rule, Rule):
        raise ParameterError(
            f"rule must be AlwaysAccept(), Metropolis(...) or LossCap(...), got {rule!r}"
        )
    first = check.count(fixed[0], "first_walker", minimum=0)
    if record_every is not None:
        record_every = check.count(record_every, "record_every")
    elif state is not None:
        record_every = state.plan.record_every
    else:
        record_every = max(1, n_steps // N_RECORDS)
    repeatable = isinstance(rng, (int, np.integer, np.random.SeedSequence))
    if state is not None and not repeatable:
        seed = state.plan.seed
    else:
        grown = random.seed_of(rng)
        seed = (grown.entropy, *grown.key)
    return WalkPlan(step, geometry, rule, record_every, first, fixed[1], seed)


def _result(course: Course, state: WalkState, table: Float64Array, name: str) -> RandomWalk:
    """Arrays by name; the last record may stand off the grid of the others."""
    steps = np.arange(table.shape[1], dtype=np.int64) * course.plan.record_every
    steps[-1] = state.n_steps
    columns = [np.ascontiguousarray(table[..., c]) for c in range(table.shape[-1])]
    distance, overlap, loss, accuracy, test_loss, test_accuracy = columns
    tested = course.plan.has_test
    return RandomWalk(
        steps=steps,
        distance=distance,
        overlap=overlap,
        loss=loss,
        accuracy=accuracy,
        test_loss=test_loss if tested else None,
        test_accuracy=test_accuracy if tested else None,
        acceptance=state.accepted / state.n_steps,
        step=course.plan.step,
        start_norm=course.norm,
        n_parameters=course.net.n_parameters,
        geometry=course.plan.geometry,
        rule=repr(course.plan.rule),
        name=name,
        state=state,
    )

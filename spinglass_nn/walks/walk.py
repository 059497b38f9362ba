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
from spinglass_nn.typing import RNG, FloatArray, LabelledData, ProgressLike
from spinglass_nn.walks._fingerprints import fingerprint_of
from spinglass_nn.walks.moves import ISOTROPIC, Move, OneUnit, OneWeight, PerLayer, PerUnit
from spinglass_nn.walks.results import COLUMNS, RandomWalk, WalkPlan, WalkState
from spinglass_nn.walks.rules import AlwaysAccept, LossCap, Metropolis, Rule
from spinglass_nn.walks.running import Table, begin, check_state, run
from spinglass_nn.walks.singles import prepare, refresh_every
from spinglass_nn.walks.stepping import Course, shares_of
from spinglass_nn.walks.whole import prepare_whole

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
    move: Move = ISOTROPIC,
    geometry: str = "flat",
    rule: Rule = _ALWAYS,
    test: bool = True,
    gradient: bool = False,
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

    on the sphere scaled back to :math:`|\theta_0|`, or a ``move`` of another kind, by layers
    or units or of one of them. Whatever the kind, in flat space a free walk has
    :math:`\langle |\theta_t - \theta_0|^2 \rangle = r^2 t` after t steps; the relative
    scatter of the distance is :math:`1/\sqrt{2N}` for the isotropic one.

    If one weight or unit moves at a time, the loss of a proposal is found from the sums, the
    outputs and their softmax that the last move left. For the weights of a network with one
    hidden layer that is one pass over samples and classes, whatever the width. All of it is
    computed afresh at records and after some thousand steps; ``drift`` tells what had gone
    missing. It takes the memory of the inputs once more, or a quarter of it if they are
    pixels of 256 values, and per thread (units + classes) x samples numbers.

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
        Length r of a move: of every move of all parameters, the root mean square of moves of
        one weight or unit. Give this or ``excursion``.
    excursion : float
        :math:`\rho = r\sqrt{n_{steps}} / |\theta_0|`, the distance a free walk reaches in
        units of the starting norm. A step says nothing by itself; this compares widths,
        depths and norms. To go on to a larger ``n_steps`` leave it out, since it would be
        shared among more steps: the step is then that of ``state``.
    n_walkers : int
        Number of walkers. Each has its own stream: walker 17 is walker 17 in any number.
    first_walker : int
        Number of the first, to walk a part of a larger set.
    record_every : int, optional
        Steps between two records; the first is the start, and the last step is always
        recorded. Default: about 50 records.
    move : Move
        `Isotropic`; `PerLayer` or `PerUnit`, which move all layers or units in proportion to
        their norms at the start; `OneUnit` or `OneWeight`, which move one at a time. All are
        symmetric, so that Metropolis keeps detailed balance.
    geometry : {"flat", "sphere"}
        Whether the norm is free or held at that of the start, for isotropic moves.
    rule : Rule
        `AlwaysAccept`, which evaluates the loss only for records, or `Metropolis`, with or
        without a prior, or `LossCap`, which evaluate it over all of the data at each step.
    test : bool
        Whether to record ``data.test``, where it has one.
    gradient : bool
        Whether to record the norm of the gradient; it costs two more evaluations a record.
    dtype : float32 or float64, optional
        Precision of positions and evaluations; displacements of all parameters are drawn in
        float32. Default: that of the start.
    name : str
        What the walk is called in figures.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).
    n_threads : int, optional
        Walkers run on this many threads, by default all cores. Results do not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed.
    state : WalkState, optional
        Go on from here to the same bits: repeat the call with a larger ``n_steps`` and
        without ``step`` and ``excursion``, or the very same call after an interrupt.
        ``record_every`` may be left out, too; nothing else may differ. Data are known by
        their fingerprints.

    Returns
    -------
    RandomWalk
        Arrays (n_walkers, n_records), and the state to go on from.

    Raises
    ------
    ParameterError
        If a number makes no sense, both or none of ``step`` and ``excursion`` are given,
        the start is zero where its norm is needed, lies above a `LossCap`, or ``state``
        belongs to another run; if geometry or rule do not go with the kind of move.
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

    Metropolis with one weight at a time:

    >>> from spinglass_nn.walks import Metropolis, OneWeight
    >>> walk = random_walk(net, data, start, n_steps=500, step=0.5, move=OneWeight(),
    ...                    rule=Metropolis(0.1), rng=1)
    >>> bool(walk.drift[0] < 1e-12)
    True
    """
    n_steps = check.count(n_steps, "n_steps")
    n_walkers = check.count(n_walkers, "n_walkers")
    origin = _origin(net, start, dtype, state)
    norm = vectors.norm(origin)
    held_out = getattr(data, "test", None) if test else None
    _check_kind(move, geometry, rule, norm)
    length = _step_length(step, excursion, n_steps, norm, state)
    plan = WalkPlan(
        data=fingerprint_of(net, data, origin.dtype),
        test=None if held_out is None else fingerprint_of(net, held_out, origin.dtype),
        step=length,
        move=move,
        geometry=geometry,
        rule=rule,
        record_every=_record_every(record_every, n_steps, state),
        refresh_every=_refresh_every(net, data, move, rule, state),
        first_walker=check.count(first_walker, "first_walker", minimum=0),
        has_gradient=bool(gradient),
        seed=_seed(rng, state),
    )
    course = Course(
        net,
        data,
        held_out,
        origin,
        norm,
        plan,
        max(1, threads.resolve(n_threads) // n_walkers),
        shares_of(net, plan, origin),
        prepare(net, data, origin.dtype, plan) if move.alone else None,
        prepare_whole(net, data, origin.dtype) if rule.needs_loss and not move.alone else None,
        None if move.alone else rule.penalty(net),
    )
    if state is None:
        state = begin(course, n_walkers)
    else:
        check_state(state, course, n_walkers, n_steps, excursion)
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


def _check_kind(move: Move, geometry: str, rule: Rule, norm: float) -> None:
    """Refuse what is no move or rule, and what does not go together."""
    check.choice(geometry, "geometry", GEOMETRIES)
    if not isinstance(rule, Rule):
        raise ParameterError(
            f"rule must be AlwaysAccept(), Metropolis(...) or LossCap(...), got {rule!r}"
        )
    if not isinstance(move, Move) or (move.alone and type(move) not in (OneUnit, OneWeight)):
        raise ParameterError(
            "move must be Isotropic(), PerLayer(), PerUnit(), OneUnit() or OneWeight(), "
            f"got {move!r}"
        )
    if geometry == "sphere" and not move.on_sphere:
        raise ParameterError(
            f"geometry must be 'flat' for move={move}, whose proposals on a sphere would not "
            "be symmetric or would move all parameters, got 'sphere'"
        )
    if move.alone and type(rule) not in (AlwaysAccept, Metropolis, LossCap):
        raise ParameterError(
            f"rule must be AlwaysAccept(), Metropolis(...) or LossCap(...) for move={move}, "
            f"whose steps are compiled, got {rule!r}"
        )
    if norm == 0 and geometry == "sphere":
        raise ParameterError("start must not be zero for geometry='sphere'")
    if norm == 0 and isinstance(move, (PerLayer, PerUnit)):
        raise ParameterError(f"start must not be zero for move={move}, which scales with it")


def _record_every(record_every: int | None, n_steps: int, state: WalkState | None) -> int:
    """As asked, as in the state, or so that there are about fifty records."""
    if record_every is not None:
        return check.count(record_every, "record_every")
    return max(1, n_steps // N_RECORDS) if state is None else state.plan.record_every


def _refresh_every(
    net: MLP, data: LabelledData, move: Move, rule: Rule, state: WalkState | None
) -> int:
    """By what a move costs, or as in the state."""
    if state is not None:
        return state.plan.refresh_every
    return refresh_every(net, len(data.inputs), move, rule)


def _seed(rng: RNG, state: WalkState | None) -> tuple[int, ...]:
    """Entropy and key of the seed; that of the state, unless one is named."""
    repeatable = isinstance(rng, (int, np.integer, np.random.SeedSequence))
    if state is not None and not repeatable:
        return state.plan.seed
    grown = random.seed_of(rng)
    return (grown.entropy, *grown.key)


def _result(course: Course, state: WalkState, table: Table, name: str) -> RandomWalk:
    """Arrays by name; the last record may stand off the grid of the others."""
    plan, rows = course.plan, table.rows
    steps = np.arange(rows.shape[1], dtype=np.int64) * plan.record_every
    steps[-1] = state.n_steps
    columns = {column: np.ascontiguousarray(rows[..., c]) for c, column in enumerate(COLUMNS)}
    drift = state.drift
    if plan.refresh_every:
        drift = np.maximum(drift, np.abs(state.losses - columns["loss"][:, -1]))
    return RandomWalk(
        steps=steps,
        distance=columns["distance"],
        overlap=columns["overlap"],
        loss=columns["loss"],
        accuracy=columns["accuracy"],
        test_loss=columns["test_loss"] if plan.has_test else None,
        test_accuracy=columns["test_accuracy"] if plan.has_test else None,
        gradient_norm=columns["gradient_norm"] if plan.has_gradient else None,
        mutual_overlap=table.mutual_overlap,
        acceptance=state.accepted / state.n_steps,
        drift=drift,
        step=plan.step,
        start_norm=course.norm,
        n_parameters=course.net.n_parameters,
        geometry=plan.geometry,
        move=repr(plan.move),
        rule=repr(plan.rule),
        name=name,
        state=state,
    )

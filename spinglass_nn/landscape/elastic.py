"""Nudged elastic bands: paths between two points, lowered as a whole."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spinglass_nn._core import check
from spinglass_nn.io.resuming import written
from spinglass_nn.landscape._band_job import BandJob, Scan
from spinglass_nn.landscape._bands import TANGENTS, Rules
from spinglass_nn.landscape._optimized import (
    chain_along,
    checked_optimizer,
    checked_schedule,
    checked_start,
    resumed,
    settings_of,
    straight_chain,
)
from spinglass_nn.landscape.bands import AutoNEB, BandState, ElasticBand
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.training.optimizers import SGD
from spinglass_nn.typing import RNG, LabelledData, ProgressLike


def nudged_elastic_band(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    *,
    start: Path | None = None,
    n_pivots: int = 9,
    n_steps: int = 500,
    batch_size: int | None = None,
    optimizer: SGD | None = None,
    spring: float = math.inf,
    climbing: bool = False,
    tangent: str = TANGENTS[0],
    n_points_per_leg: int = 11,
    record_every: int = 100,
    name: str = "elastic band",
    state: BandState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> ElasticBand:
    r"""Lower a path between two points until no pivot can be lowered across it.

    Pivots begin on the straight line, or on a path that is given. Each goes down along the
    gradient without its part along the path, of which :math:`\hat\tau` is the tangent,

    .. math:: g_\perp = g - (g \cdot \hat\tau)\, \hat\tau

    and is held in place along the path by springs. With an infinite spring constant pivots
    keep equal distances along the path instead; with a finite one, k, the force
    :math:`k (|\theta_{i+1} - \theta_i| - |\theta_i - \theta_{i-1}|)\, \hat\tau` is added.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples; ``data.test``, if there, is on the curve of the result.
    a, b : Replica
        Ends, which stay where they are. Bands of float32 ends are computed in float32.
    start : Path, optional
        A path from a to b on which pivots begin, at equal distances along it: that of a
        trained curve or of another band, a chain of swaps, a way around by a spare unit. Only
        its nodes count, and both ends must be a and b to the last bit. Legs between pivots
        cut its corners, so take more pivots than it has bends. Default: the straight line. To
        go on from a state it is given again.
    n_pivots : int
        Pivots between the ends.
    n_steps : int
        Steps, counted from the start of the run.
    batch_size : int, optional
        Samples of each step, the same for the whole chain. Default: all.
    optimizer : SGD, optional
        Default: ``SGD(0.1, momentum=0.9)``. Weight decay pulls pivots before the part along
        the path is taken out. Its schedule counts passes over the data.
    spring : float
        Spring constant k in loss per squared length, or infinity.
    climbing : bool
        The highest pivot goes up along the path, towards the saddle. It may be switched on
        for a band that goes on.
    tangent : {"henkelman_jonsson", "draxler"}
        At highest and lowest pivots, whether the leg to the higher neighbour weighs more, or
        that to the lower one, as in the code published with AutoNEB. No difference elsewhere.
    n_points_per_leg : int
        Points of the dense scan on each leg, both its nodes among them.
    record_every : int
        Steps between records of saddle, barrier, length and force, each on all samples.
    name : str
        What the path is called in figures.
    state : BandState, optional
        State of an earlier run of the same settings, to go on from; ``n_steps`` and
        ``climbing`` may differ.
    progress : bool or callable
        Progress in steps.
    n_threads : int, optional
        Default: all cores, which share out pivots and samples. The result does not depend
        on it.
    rng : Generator, SeedSequence, int or None
        Seed of the minibatches; nothing else is drawn.

    Returns
    -------
    ElasticBand
        ``.path``, ``.curve``, ``.history`` and ``.state``.

    Raises
    ------
    ParameterError
        If ends coincide or belong to another network, ``start`` does not join them, settings
        make no sense or are not those of the state, or the band diverges.
    ShapeError
        If the data do not fit the network.
    Interrupted
        On Ctrl-C, with ``.state``; no step is lost.

    Notes
    -----
    A step costs the gradients of the pivots and little else. Switch ``climbing`` on when the
    band has settled; with a finite spring it may swing on steep slopes instead of settling,
    which ``.force`` shows: take a smaller rate or less momentum. Bands cut corners where legs are
    long beside the bends of the valley; look at the dense scan, or insert pivots (`auto_neb`).

    References
    ----------
    H. Jonsson, G. Mills and K. W. Jacobsen 1998; G. Henkelman and H. Jonsson, J. Chem. Phys.
    113 (2000) 9978 (the tangent); G. Henkelman, B. P. Uberuaga and H. Jonsson, J. Chem. Phys.
    113 (2000) 9901 (the climbing image). For networks: Draxler et al. 2018 (arXiv:1803.00885).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 8, 10))
    >>> a, b = sg.training.train_replicas(net, data, n_replicas=2, n_epochs=5, rng=0).replicas
    >>> band = nudged_elastic_band(net, data, a, b, n_pivots=4, n_steps=50)
    >>> bool(band.barrier < band.history.barrier[0])  # that of the straight line
    True
    """
    n_steps = check.count(n_steps, "n_steps", minimum=0)
    return _run(
        net, data, a, b, None, n_steps,
        start=start, n_pivots=n_pivots, batch_size=batch_size, optimizer=optimizer,
        spring=spring, climbing=climbing, tangent=tangent, n_points_per_leg=n_points_per_leg,
        record_every=record_every, name=name, state=state, progress=progress,
        n_threads=n_threads, rng=rng,
    )  # fmt: skip


def auto_neb(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    *,
    schedule: AutoNEB | None = None,
    start: Path | None = None,
    n_pivots: int = 3,
    batch_size: int | None = 512,
    optimizer: SGD | None = None,
    spring: float = math.inf,
    tangent: str = TANGENTS[0],
    n_points_per_leg: int = 11,
    record_every: int = 1000,
    name: str = "AutoNEB",
    state: BandState | None = None,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> ElasticBand:
    """An elastic band in cycles, with pivots inserted where the path is rough.

    It begins with few pivots, and after each cycle looks between them; see `AutoNEB`. Legs
    that were cut keep their share of the length, so that pivots are dense where they are
    needed.

    Parameters
    ----------
    net, data, a, b, start, spring, tangent, n_points_per_leg, record_every, name, state, \
    progress, n_threads, rng
        As for `nudged_elastic_band`.
    schedule : AutoNEB, optional
        Cycles and when to insert. Default: that of Draxler et al., 16,000 steps.
    n_pivots : int
        Pivots of the first cycle; enough to follow the bends of ``start``, if there is one.
    batch_size : int, optional
        Samples of each step; None for all.
    optimizer : SGD, optional
        Default: ``SGD(0.1, momentum=0.9)``; its momentum begins afresh each cycle.

    Returns
    -------
    ElasticBand
        As of `nudged_elastic_band`.

    Raises
    ------
    ParameterError, ShapeError, Interrupted
        As `nudged_elastic_band`.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.digits()
    >>> net = sg.networks.MLP(sizes=(64, 8, 10))
    >>> a, b = sg.training.train_replicas(net, data, n_replicas=2, n_epochs=5, rng=0).replicas
    >>> cycles = sg.landscape.AutoNEB(n_steps=(40, 20, 20), factors=(1, 1, 0.1))
    >>> int(auto_neb(net, data, a, b, schedule=cycles, rng=1).history.n_pivots[0])
    3
    """
    schedule = checked_schedule(schedule)
    return _run(
        net, data, a, b, schedule, sum(schedule.n_steps),
        start=start, n_pivots=n_pivots, batch_size=batch_size, optimizer=optimizer,
        spring=spring, climbing=False, tangent=tangent, n_points_per_leg=n_points_per_leg,
        record_every=record_every, name=name, state=state, progress=progress,
        n_threads=n_threads, rng=rng,
    )  # fmt: skip


def _run(
    net: MLP,
    data: LabelledData,
    a: Replica,
    b: Replica,
    schedule: AutoNEB | None,
    n_steps: int,
    *,
    start: Path | None,
    state: BandState | None,
    progress: ProgressLike,
    n_threads: int | None,
    rng: RNG,
    climbing: bool,
    name: str,
    **given: Any,
) -> ElasticBand:
    """Check what was given, and run the band."""
    optimizer, spring = checked_optimizer(given["optimizer"]), _checked_spring(given["spring"])
    tangent = check.choice(given["tangent"], "tangent", TANGENTS)
    every = check.count(given["record_every"], "record_every")
    per_leg = check.count(given["n_points_per_leg"], "n_points_per_leg", minimum=2)
    settings = settings_of(net, data, a, b, given["batch_size"]) | {
        "n_pivots": check.count(given["n_pivots"], "n_pivots"),
        "start": checked_start(net, start, a, b),
        "optimizer": written(optimizer),
        "spring": spring,
        "tangent": tangent,
        "n_points_per_leg": per_leg,
        "record_every": every,
        "schedule": written(schedule),
    }
    state = resumed(
        state, BandState, settings, rng,
        lambda known: _fresh_state(net, a, b, start, known, optimizer.n_slots),
    )  # fmt: skip
    rules = Rules(optimizer, spring, tangent, bool(climbing))
    scan = Scan(per_leg, every, name)
    return BandJob(net, data, state, rules, schedule, scan, n_threads).run(n_steps, progress)


def _fresh_state(
    net: MLP,
    a: Replica,
    b: Replica,
    start: Path | None,
    settings: dict[str, Any],
    n_slots: int,
) -> BandState:
    """Pivots at equal distances on the straight line, or on the path given."""
    nodes = straight_chain(a, b, settings["n_pivots"])
    if start is not None:
        nodes[...] = chain_along(start, settings["n_pivots"])
    slots = np.zeros((n_slots, nodes[1:-1].size), nodes.dtype)
    n_legs = len(nodes) - 1
    spacing = np.full(n_legs, 1 / n_legs)
    return BandState(net, nodes, slots, spacing, 0, np.empty((0, 6)), settings)


def _checked_spring(spring: object) -> float:
    """A positive number or infinity."""
    return math.inf if spring == math.inf else check.positive(spring, "spring")

"""What bands and curves have in common: two ends, an optimizer, settings that are kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np

from spinglass_nn._core import check, random
from spinglass_nn.errors import ParameterError
from spinglass_nn.io.resuming import check_same, earlier, fingerprint, seed_in
from spinglass_nn.landscape._bands import places_along
from spinglass_nn.landscape.bands import AutoNEB
from spinglass_nn.landscape.curves import check_network
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.training.optimizers import SGD
from spinglass_nn.typing import RNG, Float64Array, FloatArray, LabelledData

State = TypeVar("State")


def settings_of(
    net: MLP, data: LabelledData, a: Replica, b: Replica, batch_size: int | None
) -> dict[str, Any]:
    """Check ends and batch, and write down what must be the same when a run goes on."""
    for name, end in (("a", a), ("b", b)):
        if not isinstance(end, Replica):
            raise ParameterError(f"{name} must be a Replica, got {type(end).__name__}")
        check_network(net, end.network, name)
    if np.array_equal(a.weights, b.weights):
        raise ParameterError("a and b must be different points, got one twice")
    return {
        "network": repr(net),
        "data": fingerprint(data.inputs, data.labels, data.targets),
        "a": fingerprint(a.weights),
        "b": fingerprint(b.weights),
        "batch_size": None if batch_size is None else check.count(batch_size, "batch_size"),
    }


def resumed(
    state: State | None,
    kind: type[State],
    settings: dict[str, Any],
    rng: RNG,
    fresh: Callable[[dict[str, Any]], State],
) -> State:
    """The state a run goes on from, if it had the same settings, or a fresh one."""
    found: Any = earlier(state, None, kind)
    seed = random.seed_of(rng) if rng is not None or found is None else seed_in(found.settings)
    settings = settings | {"entropy": seed.entropy, "key": seed.key}
    if found is None:
        return fresh(settings)
    check_same(settings, found.settings)
    return found  # type: ignore[no-any-return]


def checked_optimizer(optimizer: SGD | None) -> SGD:
    """The optimizer, SGD with momentum by default."""
    if optimizer is None:
        return SGD(0.1, momentum=0.9)
    if not isinstance(optimizer, SGD):
        raise ParameterError(f"optimizer must be SGD, got {optimizer!r}")
    return optimizer


def straight_chain(a: Replica, b: Replica, n_between: int) -> FloatArray:
    """Points at equal distances from a to b, both among them, (n_between + 2, n_parameters)."""
    t = np.linspace(0, 1, n_between + 2)[:, None]
    nodes: FloatArray = (1 - t) * a.weights + t * b.weights
    return nodes.astype(np.result_type(a.weights, b.weights), copy=False)


def chain_along(path: Path, n_between: int) -> Float64Array:
    """Points at equal distances along a path, its ends among them."""
    shares = path.lengths / path.lengths.sum()
    leg, along = places_along(shares, np.linspace(0, 1, n_between + 2)[1:-1])
    t = along[:, None]
    inner = (1 - t) * path.nodes[leg] + t * path.nodes[leg + 1]
    nodes: Float64Array = np.concatenate([path.nodes[:1], inner, path.nodes[-1:]])
    return nodes


def checked_start(net: MLP, start: Path | None, a: Replica, b: Replica) -> str | None:
    """Check the path that a band is to begin on; the fingerprint of its nodes."""
    if start is None:
        return None
    if not isinstance(start, Path):
        raise ParameterError(
            f"start must be a Path, such as a curve's .path(), got {type(start).__name__}"
        )
    check_network(net, start.network, "start")
    for where, end, node in (("begin at a", a, 0), ("end at b", b, -1)):
        off = np.abs(start.nodes[node].astype(np.float64) - end.weights).max()
        if off > 0:
            raise ParameterError(
                f"start must {where}, got a path that is off by up to {off:.3g}"
            )
    return fingerprint(start.nodes)


def checked_schedule(schedule: AutoNEB | None) -> AutoNEB:
    """The cycles of a band, those of Draxler et al. by default."""
    if schedule is None:
        return AutoNEB()
    if not isinstance(schedule, AutoNEB):
        raise ParameterError(f"schedule must be an AutoNEB, got {type(schedule).__name__}")
    return schedule

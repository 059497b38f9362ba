"""Which engine runs a model: decided by its couplings, never by the user's patience."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from spinglass_nn._core import check
from spinglass_nn.dynamics._engine import Engine, Setting
from spinglass_nn.dynamics.dense import DenseEngine
from spinglass_nn.dynamics.layered import LayeredEngine
from spinglass_nn.dynamics.many_body import ManyBodyEngine
from spinglass_nn.dynamics.multispin import MultispinEngine, suits
from spinglass_nn.dynamics.sparse import SparseEngine
from spinglass_nn.errors import ParameterError
from spinglass_nn.spins.edwards_anderson import EdwardsAnderson
from spinglass_nn.spins.hopfield import Hopfield
from spinglass_nn.spins.layered import LayeredIsing
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.spins.sk import SherringtonKirkpatrick

KERNELS = ("auto", "multispin", "sparse", "dense", "layered", "many-body")
_ENGINES: dict[str, type[Engine]] = {
    "multispin": MultispinEngine,
    "sparse": SparseEngine,
    "dense": DenseEngine,
    "layered": LayeredEngine,
    "many-body": ManyBodyEngine,
}
_DENSE_SHARE = 0.25  # of all pairs coupled, from which on whole rows are faster


def default_move(models: Sequence[Any]) -> str:
    """Heat bath for layered models, whose layers are updated at once; Metropolis for others."""
    return "heat_bath" if all(isinstance(m, LayeredIsing) for m in models) else "metropolis"


def engine_for(models: Sequence[Any], setting: Setting, kernel: str) -> type[Engine]:
    """The engine for these models, or the one asked for if it can run them."""
    check.choice(kernel, "kernel", KERNELS)
    reasons = {name: _refusal(name, models, setting) for name in _ENGINES}
    if kernel != "auto":
        if reasons[kernel]:
            raise ParameterError(f"kernel {kernel!r} cannot run this: {reasons[kernel]}")
        return _ENGINES[kernel]
    dense = all(_is_dense(model) for model in models)
    wanted = ["multispin", "many-body", "layered", *(["dense"] if dense else []), "sparse"]
    for name in wanted:
        if not reasons[name]:
            return _ENGINES[name]
    raise ParameterError(f"cluster_every must be 0 for {models[0]!r}: {reasons['many-body']}")


def _refusal(name: str, models: Sequence[Any], setting: Setting) -> str:
    """Why an engine cannot run these models; empty if it can."""
    many_body = all(isinstance(m, PSpin) and m.p > 2 for m in models)
    if name == "many-body" and not many_body:
        return "it needs PSpin models with p = 3 or 4"
    if name != "many-body" and many_body:
        return "its interactions are not of pairs"
    if name == "multispin":
        return suits(models, setting)
    if name != "sparse" and setting.cluster_every:
        return "clusters of differing spins would be all spins at once (cluster_every)"
    if name == "layered" and not all(isinstance(model, LayeredIsing) for model in models):
        return "it needs LayeredIsing models"
    return ""


def _is_dense(model: Any) -> bool:
    if isinstance(model, (SherringtonKirkpatrick, Hopfield, PSpin)):
        return True
    if isinstance(model, EdwardsAnderson):
        return False
    graph = model.graph()
    pairs = graph.n_spins * (graph.n_spins - 1) / 2
    return bool(graph.n_bonds >= _DENSE_SHARE * pairs)

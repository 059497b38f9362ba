"""Moves of one weight or unit: what the kernels need, laid out, and one walker's share."""

from __future__ import annotations

import itertools
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import simd
from spinglass_nn._core.codes import SMALLEST, coded
from spinglass_nn._core.simd_layers import TALLEST
from spinglass_nn.networks import MLP, _affine
from spinglass_nn.networks._affine_kernels import Family
from spinglass_nn.networks._blocks import Source, source
from spinglass_nn.networks._column_loss_kernels import COLUMNS
from spinglass_nn.typing import Float64Array, FloatArray, LabelledData
from spinglass_nn.walks import _change_kernels as kernels
from spinglass_nn.walks._single_kernels import CAP, FREE, METROPOLIS, Chance, walk_singly
from spinglass_nn.walks.moves import Move, OneWeight
from spinglass_nn.walks.results import WalkPlan
from spinglass_nn.walks.rules import LossCap, Metropolis, Rule

_STRETCH = 1.0  # seconds
_FEWEST, _MOST = 64, 4096  # moves of a walker between two computations from scratch


class Singles(NamedTuple):
    """What all walkers of a run share."""

    net: MLP
    data: Source
    table: kernels.Table
    chance: Chance


def refresh_every(net: MLP, n_samples: int, move: Move, rule: Rule) -> int:
    """Moves between two computations from scratch: about a second's, 4096 at most.

    Moves of a free walk need none, nor do those of several parts together: 0.
    """
    if not (move.alone and rule.needs_loss):
        return 0
    fan_in = 1 if isinstance(move, OneWeight) else max(net.sizes)
    above = sum(a * b for a, b in itertools.pairwise(net.sizes[1:]))
    seconds = n_samples * (5e-10 * net.n_outputs + 5e-11 * fan_in + 2e-11 * above)
    return int(min(max(_STRETCH / seconds, _FEWEST), _MOST))


def prepare(net: MLP, data: LabelledData, dtype: np.dtype[Any], plan: WalkPlan) -> Singles:
    """Lay out the data for the walkers of a run; a free walk reads none."""
    known = source(net, data, dtype)
    code, limit, rule = FREE, 0.0, plan.rule
    if isinstance(rule, Metropolis):
        code, limit = METROPOLIS, rule.temperature
    elif isinstance(rule, LossCap):
        code, limit = CAP, rule.maximum
    penalties = _of_layers(net, rule.penalty(net))
    chance = Chance(isinstance(plan.move, OneWeight), plan.step, code, limit, penalties)
    n = known.n_samples if code != FREE else 0
    table = table_of(net, known, n)
    inputs, scale = _inputs(known.inputs[:n], table.labels.size, dtype)
    return Singles(net, known, table._replace(inputs=inputs, scale=scale), chance)


def _of_layers(net: MLP, penalty: Float64Array | None) -> Float64Array:
    """One coefficient for each layer, as normal priors have; none where there is no penalty."""
    if penalty is None:
        return np.zeros(0)
    return np.array([layer.weight.flat[0] for layer in net.layers(penalty)])


def table_of(net: MLP, data: Source, n: int) -> kernels.Table:
    """The first n samples side by side: labels, and targets block by block; no inputs yet."""
    wide = -(-n // COLUMNS) * COLUMNS
    labels = simd.aligned(wide, data.dtype)
    labels[...] = -1
    labels[: min(n, data.labels.size)] = data.labels[:n]
    targets = np.zeros((wide, net.n_outputs), data.dtype)
    if data.targets.shape[1]:
        targets[:n] = data.targets[:n]
    blocks = targets.reshape(-1, COLUMNS, net.n_outputs).swapaxes(1, 2).reshape(-1)
    return kernels.Table(np.zeros(0, np.uint8), np.zeros(2, data.dtype), labels, blocks)


def _inputs(
    rows: FloatArray, wide: int, dtype: np.dtype[Any]
) -> tuple[NDArray[Any], FloatArray]:
    """All samples of an input together, as reals, or as bytes where that loses nothing."""
    found = None
    if rows.dtype == dtype and rows.nbytes >= SMALLEST:
        found = coded(rows)
    line = np.array([1.0, 0.0])
    if found is not None:
        rows, (s0, s1, s2, s3, s4) = found[0], found[1].astype(np.float64)
        line[:] = s0 + s2, s1 + s3 - s4 * (s0 + s2)
    held = simd.aligned((rows.shape[1], wide), dtype if found is None else np.uint8)
    held[:, : len(rows)] = rows.T
    return held.reshape(-1), line.astype(dtype)


def walk_one(
    singles: Singles, position: FloatArray, words: NDArray[np.uint64], loss: float, n_moves: int
) -> tuple[float, int, float]:
    """Move one walker, whose position and stream advance in place.

    The loss where it is, and all that goes with it, is computed from scratch first. Returns
    the loss after the moves, how many were made, and how far off the loss was that came in.
    """
    net, data, table, chance = singles
    family = _affine.pack_family(net, position[None], _affine.each(1), False)
    memory = memory_of(net, table.labels.size, family)
    drift = 0.0
    if chance.rule != FREE:
        total = _remember(singles, family, memory)
        exact = total / data.n_samples
        drift, loss = abs(exact - loss), exact
    loss, made = walk_singly(
        position, words, table, memory, net.layout, chance, loss, data.n_samples, n_moves
    )
    return loss, made, drift


def memory_of(net: MLP, wide: int, family: Family) -> kernels.Memory:
    """Room for what a walker knows of its point; zeros, so nothing read is ever undefined."""
    dtype = family.panels.dtype
    soft = net.loss == "cross_entropy"
    rows = max(net.sizes[1:]) + TALLEST
    return kernels.Memory(
        sums=simd.aligned(sum(net.sizes[1:]) * wide, dtype),
        chances=simd.aligned(net.n_outputs * wide if soft else 0, dtype),
        upper=family.upper,
        shift=simd.aligned(wide, dtype),
        change=simd.aligned(wide, dtype),
        deltas=np.zeros(max(net.sizes) + 1, dtype),
        outgoing=np.zeros(max(net.sizes[1:]), dtype),
        active=simd.aligned(2 * rows * COLUMNS, dtype),
    )


def _remember(singles: Singles, family: Family, memory: kernels.Memory) -> float:
    """Fill the memory from scratch; the summed loss."""
    net, data, table, _ = singles
    scratch, total, first = _affine.scratch_for(net, family), 0.0, 0
    for block in data.runs(0, data.n_samples):
        total += kernels.remember(
            family, net.layout, block.inputs, first, table, memory, scratch
        )
        first += len(block.inputs)
    return total

"""The arithmetic of elastic bands: tangents, forces, spacing; it knows points and a function.

A band is a chain of pivots between two fixed ends. Nothing here knows networks: a landscape is
a callable that takes points (n, n_parameters) and gives their losses and gradients.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

import numpy as np

from spinglass_nn.training.optimizers import SGD, descend
from spinglass_nn.typing import Float64Array, FloatArray

TANGENTS = ("henkelman_jonsson", "draxler")

Landscape: TypeAlias = Callable[[FloatArray], tuple[Float64Array, FloatArray]]


class Rules(NamedTuple):
    """What moves a band."""

    optimizer: SGD
    spring: float  # per length; infinite: pivots keep their spacing
    tangent: str
    climbing: bool


@dataclass
class Band:
    """A band under way; `advance` changes it in place."""

    nodes: FloatArray  # (n_legs + 1, n_parameters), ends among them
    slots: FloatArray  # the optimizer's memory (n_slots, (n_legs - 1) n_parameters)
    spacing: Float64Array  # (n_legs,), the share of the length that each leg is to have

    def advance(
        self, landscape: Landscape, ends: Float64Array, rules: Rules, rate: float
    ) -> None:
        """One step of all pivots; ``ends`` are the losses of the two ends."""
        inner = self.nodes[1:-1]
        losses, gradients = landscape(inner)
        losses = np.concatenate([ends[:1], losses, ends[1:]])
        if rules.optimizer.weight_decay:
            gradients += rules.optimizer.weight_decay * inner
        climber = 1 + int(losses[1:-1].argmax()) if rules.climbing else None
        to_downhill(self.nodes, losses, gradients, rules.tangent, climber)
        if math.isfinite(rules.spring):
            add_springs(self.nodes, losses, gradients, self.spacing, rules, climber)
        downhill = gradients.reshape(-1)
        descend(rules.optimizer, inner.reshape(-1), self.slots, downhill, rate)
        if not math.isfinite(rules.spring):
            redistribute(self.nodes, self.spacing, climber)

    def insert(self, places: list[tuple[int, float]]) -> None:
        """New pivots at (leg, t), at most one a leg; the optimizer begins afresh."""
        for leg, t in sorted(places, reverse=True):
            new = (1 - t) * self.nodes[leg] + t * self.nodes[leg + 1]
            self.nodes = np.insert(self.nodes, leg + 1, new, axis=0)
            share = self.spacing[leg]
            self.spacing[leg] = t * share
            self.spacing = np.insert(self.spacing, leg + 1, (1 - t) * share)
        self.slots = np.zeros((len(self.slots), self.nodes[1:-1].size), self.nodes.dtype)


def tangent_weights(losses: Float64Array, rule: str) -> tuple[Float64Array, Float64Array]:
    r"""How much of the legs before and after each inner pivot goes into its tangent.

    On a slope the leg to the higher neighbour alone. At a maximum or minimum both, weighted by
    the larger and the smaller difference of losses: the larger for the higher neighbour
    (Henkelman and Jonsson 2000, their equations 8 to 11), for the lower one if "draxler".
    """
    before, here, after = losses[:-2], losses[1:-1], losses[2:]
    differences = np.abs(np.stack([before - here, after - here]))
    most, least = differences.max(axis=0), differences.min(axis=0)
    ahead = (after > before) == (rule == TANGENTS[0])
    weights = np.where(ahead, [least, most], [most, least])
    weights = np.where(after == before, 1.0, weights)
    weights = np.where((before < here) & (here < after), [[0.0], [1.0]], weights)
    weights = np.where((before > here) & (here > after), [[1.0], [0.0]], weights)
    return weights[0], weights[1]


def to_downhill(
    nodes: FloatArray,
    losses: Float64Array,
    gradients: FloatArray,
    rule: str,
    climber: int | None,
) -> None:
    """Take out of the gradients, in place, what lies along the path.

    Of the climber's, twice, so that it goes up along the path.
    """
    legs = np.diff(nodes, axis=0)
    squares, across = _dots(legs, legs), _dots(legs[:-1], legs[1:])
    back, ahead = tangent_weights(losses, rule)
    lengths = back**2 * squares[:-1] + 2 * back * ahead * across + ahead**2 * squares[1:]
    along = back * _dots(gradients, legs[:-1]) + ahead * _dots(gradients, legs[1:])
    share = np.divide(along, lengths, out=np.zeros_like(along), where=lengths > 0)
    if climber is not None:
        share[climber - 1] *= 2
    room = np.empty_like(nodes[0])
    for k, gradient in enumerate(gradients):
        _subtract(gradient, share[k] * back[k], legs[k], room)
        _subtract(gradient, share[k] * ahead[k], legs[k + 1], room)


def largest_force(
    nodes: FloatArray,
    losses: Float64Array,
    gradients: FloatArray,
    rule: str,
    climber: int | None,
) -> float:
    """Largest length of a gradient without its part along the path; the climber's, of all.

    Overwrites the gradients.
    """
    to_downhill(nodes, losses, gradients, rule, climber)
    return math.sqrt(_dots(gradients, gradients).max())


def add_springs(
    nodes: FloatArray,
    losses: Float64Array,
    gradients: FloatArray,
    spacing: Float64Array,
    rules: Rules,
    climber: int | None,
) -> None:
    """Pull pivots along the path towards their spacing; the climber is free."""
    legs = np.diff(nodes, axis=0)
    lengths = np.sqrt(_dots(legs, legs))
    too_long = lengths - spacing * lengths.sum()
    pull = rules.spring * np.diff(too_long)
    if climber is not None:
        pull[climber - 1] = 0
    back, ahead = tangent_weights(losses, rules.tangent)
    room = np.empty_like(nodes[0])
    for k, gradient in enumerate(gradients):
        tangent = back[k] * legs[k] + ahead[k] * legs[k + 1]
        length = math.sqrt(float(np.square(tangent).sum()))
        _subtract(gradient, pull[k] / length if length else 0.0, tangent, room)


def redistribute(nodes: FloatArray, spacing: Float64Array, climber: int | None) -> None:
    """Slide inner nodes along the path, in place, until legs have their shares of its length.

    The climber stays, and what lies on either side of it is spaced by itself.
    """
    cuts = [0, len(spacing)] if climber is None else [0, climber, len(spacing)]
    for low, high in itertools.pairwise(cuts):
        part, shares = nodes[low : high + 1], spacing[low:high]
        legs = np.diff(part, axis=0)
        lengths = np.sqrt(_dots(legs, legs))
        reached = np.concatenate([[0.0], np.cumsum(lengths)])
        wanted = reached[-1] * (np.cumsum(shares) / shares.sum())[:-1]
        leg = np.clip(np.searchsorted(reached, wanted, side="right") - 1, 0, len(legs) - 1)
        t = np.divide(
            wanted - reached[leg], lengths[leg], out=np.zeros_like(wanted),
            where=lengths[leg] > 0,
        )  # fmt: skip
        moved, room = part[leg], np.empty_like(part[0])
        for k, place in enumerate(leg):
            _subtract(moved[k], -t[k], legs[place], room)
        part[1:-1] = moved


def insertions(
    losses: Float64Array, n_legs: int, threshold: float, most: int
) -> list[tuple[int, float]]:
    """Where a dense scan rises above the straight line between its pivots, as (leg, t).

    By more than ``threshold`` times the range of losses on the path; at most ``most`` legs,
    those where it rises most, each at its highest excess.
    """
    n = (losses.size - 1) // n_legs
    along = np.stack([losses[k * n : (k + 1) * n + 1] for k in range(n_legs)])
    t = np.arange(n + 1) / n
    excess = along - ((1 - t) * along[:, :1] + t * along[:, -1:])
    excess[:, [0, -1]] = 0
    height = excess.max(axis=1)
    order = [int(k) for k in np.argsort(-height, kind="stable")[:most]]
    limit = threshold * float(np.ptp(losses))
    return [(k, float(t[excess[k].argmax()])) for k in order if height[k] > limit]


def _dots(a: FloatArray, b: FloatArray) -> Float64Array:
    """Inner products of rows, summed by NumPy's own loops: no BLAS, so no threads of its."""
    products: Float64Array = np.einsum("ij,ij->i", a, b).astype(np.float64)
    return products


def _subtract(
    values: FloatArray, factor: float, direction: FloatArray, room: FloatArray
) -> None:
    """Take a multiple of a vector off another, in place and in its precision."""
    if factor:
        np.multiply(direction, values.dtype.type(factor), out=room)
        values -= room

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

from spinglass_nn.landscape import _band_kernels as kernels
from spinglass_nn.training.optimizers import SGD
from spinglass_nn.typing import Float64Array, FloatArray, IntArray

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
        climber = 1 + int(losses[1:-1].argmax()) if rules.climbing else None
        how = rules.optimizer.update
        products = kernels.inner_products(self.nodes, gradients, how.weight_decay)
        weights, squares = tangents(losses, products, rules.tangent)
        taken = along_path(weights, squares, products, climber)
        if math.isfinite(rules.spring):
            taken += rules.spring * pulls(products, squares, self.spacing, climber)
        shares = taken[:, None] * weights
        slots = self.slots.reshape(-1, inner.shape[1])  # one at most: SGD
        squares = kernels.descend(self.nodes, slots, gradients, shares, rate, how)
        if not math.isfinite(rules.spring):
            redistribute(self.nodes, np.sqrt(squares), self.spacing, climber)

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


def tangents(
    losses: Float64Array, products: Float64Array, rule: str
) -> tuple[Float64Array, Float64Array]:
    """Tangents as mixtures (n, 2) of the legs before and after pivots; their squared lengths.

    ``products`` are those of `inner_products`.
    """
    back, ahead = tangent_weights(losses, rule)
    before, after, across = products[:, :3].T
    squares = back**2 * before + 2 * back * ahead * across + ahead**2 * after
    return np.stack([back, ahead], axis=1), squares


def along_path(
    weights: Float64Array, squares: Float64Array, products: Float64Array, climber: int | None
) -> Float64Array:
    """How much of its tangent lies in the gradient at each pivot.

    At the climber twice as much, so that it goes up along the path.
    """
    along = (weights * products[:, 3:]).sum(axis=1)
    share: Float64Array = np.divide(along, squares, out=np.zeros_like(along), where=squares > 0)
    if climber is not None:
        share[climber - 1] *= 2
    return share


def pulls(
    products: Float64Array, squares: Float64Array, spacing: Float64Array, climber: int | None
) -> Float64Array:
    """How much of its tangent springs of unit strength add at each pivot; the climber is free."""
    lengths = np.sqrt(np.append(products[:, 0], products[-1, 1]))
    too_long = lengths - spacing * lengths.sum()
    pull = np.diff(too_long)
    if climber is not None:
        pull[climber - 1] = 0
    found: Float64Array = np.divide(
        pull, np.sqrt(squares), out=np.zeros_like(pull), where=squares > 0
    )
    return found


def largest_force(
    nodes: FloatArray,
    losses: Float64Array,
    gradients: FloatArray,
    rule: str,
    climber: int | None,
) -> float:
    """Largest length of a gradient without its part along the path; the climber's, of all."""
    products = kernels.inner_products(nodes, gradients, 0.0)
    weights, squares = tangents(losses, products, rule)
    taken = along_path(weights, squares, products, climber)
    back, ahead = (taken[:, None] * weights).T[..., None]
    legs = np.diff(nodes, axis=0)
    across = gradients - back * legs[:-1] - ahead * legs[1:]
    return math.sqrt(np.square(across).sum(axis=1).max())


def redistribute(
    nodes: FloatArray, lengths: Float64Array, spacing: Float64Array, climber: int | None
) -> None:
    """Slide inner nodes along the path, in place, until legs have their shares of its length.

    ``lengths`` are those of the legs. The climber stays, and what lies on either side of it is
    spaced by itself.
    """
    n_legs = len(spacing)
    leg, t = np.arange(1, n_legs), np.zeros(n_legs - 1)  # every node where it is
    cuts = [0, n_legs] if climber is None else [0, climber, n_legs]
    for low, high in itertools.pairwise(cuts):
        here, shares = lengths[low:high], spacing[low:high]
        wanted = np.cumsum(here)[-1] * (np.cumsum(shares) / shares.sum())[:-1]
        place, t[low : high - 1] = places_along(here, wanted)
        leg[low : high - 1] = low + place
    kernels.slide(nodes, leg, t)


def places_along(lengths: Float64Array, wanted: Float64Array) -> tuple[IntArray, Float64Array]:
    """The legs of a chain in which distances along it lie, and how far along each."""
    reached = np.concatenate([[0.0], np.cumsum(lengths)])
    leg = np.clip(np.searchsorted(reached, wanted, side="right") - 1, 0, len(lengths) - 1)
    t = np.divide(
        wanted - reached[leg], lengths[leg], out=np.zeros_like(wanted), where=lengths[leg] > 0
    )
    return leg, t


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

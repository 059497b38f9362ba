"""Chains that sample the loss around a point under a Gaussian: split Hamiltonian moves."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.networks import MLP, evaluate, gradient
from spinglass_nn.typing import Float64Array, LabelledData

N_KICKS = 6  # of a trajectory
N_WARMUP = 40  # trajectories in which the angle is tuned
AIM = 0.8  # acceptance
LONGEST = math.pi / 2 / N_KICKS  # a trajectory of this angle forgets where a Gaussian began
JITTER = 0.5  # else modes whose half period is that angle come back to where they were


class Cloud(NamedTuple):
    """What all chains share; s is the variance of the Gaussian of each node."""

    net: MLP
    data: LabelledData
    theta: Float64Array  # (n_parameters,)
    s: Float64Array  # (n_nodes,)
    temperature: float
    n_threads: int | None

    def points(self, y: Float64Array) -> Float64Array:
        """Parameters of every row, theta + sqrt(s) y; rows are chains, node by node."""
        return self.theta + self._widths(len(y)) * y

    def losses(self, y: Float64Array) -> Float64Array:
        """Loss of every row."""
        found = evaluate(self.net, self.points(y), self.data, n_threads=self.n_threads).loss
        return np.atleast_1d(found)

    def forces(self, y: Float64Array) -> Float64Array:
        """Derivative of the loss over the temperature in y."""
        slopes = gradient(self.net, self.points(y), self.data, n_threads=self.n_threads)
        return self._widths(len(y)) * np.asarray(slopes, dtype=np.float64) / self.temperature

    def _widths(self, n_rows: int) -> Float64Array:
        """The Gaussian's width of every row, sqrt(s), as a column."""
        return np.repeat(np.sqrt(self.s), n_rows // len(self.s))[:, None]


class Chains(NamedTuple):
    """Where the chains are, in units of the Gaussian's width."""

    y: Float64Array  # (n_rows, n_parameters)
    losses: Float64Array  # (n_rows,)
    forces: Float64Array  # (n_rows, n_parameters)

    def virial(self, temperature: float) -> Float64Array:
        """X . grad L of every row."""
        products: Float64Array = temperature * (self.y * self.forces).sum(axis=1)
        return products


def sample(
    cloud: Cloud,
    stiffness: Float64Array,
    n_chains: int,
    n_samples: int,
    seed: Seed,
    report: Callable[[int], None],
) -> tuple[Float64Array, Float64Array]:
    """Sample x . grad L along chains that have warmed up, and the share of moves accepted.

    Shapes are (n_nodes, n_chains, n_samples) and (n_nodes,); chain k of node j is the same in
    any number of chains. ``stiffness`` of the loss sets the first angle between kicks.
    """
    n_nodes = len(cloud.s)
    generators = [
        seed.generator(Stream.LANGEVIN, node, chain)
        for node in range(n_nodes)
        for chain in range(n_chains)
    ]
    y = np.stack([g.standard_normal(cloud.theta.size) for g in generators])
    chains = Chains(y, cloud.losses(y), cloud.forces(y))
    angles = np.minimum(LONGEST, 1 / np.sqrt(1 + np.repeat(stiffness, n_chains)))
    for k in range(N_WARMUP):
        chains, chance, _ = move(cloud, chains, angles, generators)
        angles = np.minimum(angles * np.exp((chance - AIM) / math.sqrt(k + 1)), LONGEST)
        report(1)
    virials = np.empty((n_nodes, n_chains, n_samples))
    accepted = np.zeros((n_nodes, n_chains))
    for k in range(n_samples):
        chains, _, moved = move(cloud, chains, angles, generators)
        virials[..., k] = chains.virial(cloud.temperature).reshape(n_nodes, n_chains)
        accepted += moved.reshape(n_nodes, n_chains)
        report(1)
    return virials, accepted.mean(axis=1) / n_samples


def move(
    cloud: Cloud, chains: Chains, angles: Float64Array, generators: list[np.random.Generator]
) -> tuple[Chains, Float64Array, NDArray[np.bool_]]:
    """One trajectory of every chain; the new places, acceptance chances, and who moved.

    Kicks by the loss alternate with exact rotations of (y, v), which the Gaussian by itself
    would make: an error of energy comes from the loss alone, whatever the dimension.
    """
    n = cloud.theta.size
    v = np.stack([g.standard_normal(n) for g in generators])
    drawn = np.stack([g.random(2) for g in generators])
    step = (angles * (1 + JITTER * (2 * drawn[:, 0] - 1)))[:, None]
    before = _energy(cloud, chains.y, v, chains.losses)
    y, forces = chains.y, chains.forces
    cosine, sine = np.cos(step), np.sin(step)
    for _ in range(N_KICKS):
        v = v - step / 2 * forces
        y, v = cosine * y + sine * v, cosine * v - sine * y
        forces = cloud.forces(y)
        v = v - step / 2 * forces
    losses = cloud.losses(y)
    with np.errstate(over="ignore"):
        chance = np.exp(np.minimum(before - _energy(cloud, y, v, losses), 0.0))
    chance[np.isnan(chance)] = 0.0
    moved = drawn[:, 1] < chance
    keep = moved[:, None]
    chains = Chains(
        np.where(keep, y, chains.y),
        np.where(moved, losses, chains.losses),
        np.where(keep, forces, chains.forces),
    )
    return chains, chance, moved


def _energy(
    cloud: Cloud, y: Float64Array, v: Float64Array, losses: Float64Array
) -> Float64Array:
    total: Float64Array = losses / cloud.temperature + ((y * y) + (v * v)).sum(axis=1) / 2
    return total

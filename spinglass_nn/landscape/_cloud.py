"""Chains that sample the loss around a point under a Gaussian: split Hamiltonian moves."""

from __future__ import annotations

import math
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
    """What all chains share; s is the variance of the Gaussian of each row."""

    net: MLP
    data: LabelledData
    theta: Float64Array  # (n_parameters,)
    widths: Float64Array  # (n_rows, 1): sqrt(s)
    temperature: float
    n_threads: int | None

    def losses(self, y: Float64Array) -> Float64Array:
        """Loss at theta + sqrt(s) y, one a row."""
        points = self.theta + self.widths * y
        found = evaluate(self.net, points, self.data, n_threads=self.n_threads).loss
        return np.atleast_1d(found)

    def forces(self, y: Float64Array) -> Float64Array:
        """Derivative of the loss over the temperature in y."""
        points = self.theta + self.widths * y
        slopes = gradient(self.net, points, self.data, n_threads=self.n_threads)
        return self.widths * slopes / self.temperature


class Chains(NamedTuple):
    """Where the chains are, in units of the Gaussian's width."""

    y: Float64Array  # (n_rows, n_parameters)
    losses: Float64Array  # (n_rows,)
    forces: Float64Array  # (n_rows, n_parameters)

    def virial(self, temperature: float) -> Float64Array:
        """X . grad L of every row."""
        products: Float64Array = temperature * (self.y * self.forces).sum(axis=1)
        return products


def begin(cloud: Cloud, generators: list[np.random.Generator]) -> Chains:
    """Start each chain at a draw of its Gaussian."""
    y = np.stack([g.standard_normal(cloud.theta.size) for g in generators])
    return Chains(y, cloud.losses(y), cloud.forces(y))


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


def tune(
    cloud: Cloud,
    chains: Chains,
    angles: Float64Array,
    generators: list[np.random.Generator],
) -> tuple[Chains, Float64Array]:
    """Warm up, and find each chain's angle between kicks."""
    for k in range(N_WARMUP):
        chains, chance, _ = move(cloud, chains, angles, generators)
        angles = np.minimum(angles * np.exp((chance - AIM) / math.sqrt(k + 1)), LONGEST)
    return chains, angles


def generators_of(seed: Seed, n_nodes: int, n_chains: int) -> list[np.random.Generator]:
    """One stream a chain: chain k of node j is the same in any number of chains."""
    return [
        seed.generator(Stream.LANGEVIN, node, chain)
        for node in range(n_nodes)
        for chain in range(n_chains)
    ]


def _energy(
    cloud: Cloud, y: Float64Array, v: Float64Array, losses: Float64Array
) -> Float64Array:
    total: Float64Array = losses / cloud.temperature + ((y * y) + (v * v)).sum(axis=1) / 2
    return total

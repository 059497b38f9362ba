"""Posteriors: a Hamiltonian ladder from its definition, and exact averages on grids.

Only the random numbers are the package's: SFC64 seeded with (seed, stream 25, replica, system),
and (seed, stream 18, replica) for exchanges.
"""

from __future__ import annotations

import math

import numpy as np
from naive import networks

POSTERIOR, EXCHANGE = 25, 18


def generator(seed, *key):
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(seed, spawn_key=key)))


def energy(net, data, theta):
    """n L, from the loss of every sample."""
    found = networks.losses(net, np.asarray(theta), data.inputs, data.labels, data.targets)
    return math.fsum(float(x) for x in found)


def force(net, data, theta):
    mean = networks.gradient(net, np.asarray(theta), data.inputs, data.labels, data.targets)
    return [-len(data.inputs) * float(g) for g in mean]


def hamiltonian_ladder(
    net, data, temperatures, *, deviation, step, n_steps, n_sweeps, seed, replica
):
    """Energies (n_sweeps, n_temperatures) of one ladder without tuning, and its orders.

    The orders begin before the first sweep: which system stands at each temperature.
    """
    size, n = net.n_parameters, len(temperatures)
    streams = [generator(seed, POSTERIOR, replica, k) for k in range(n)]
    exchange = generator(seed, EXCHANGE, replica)
    points = [[deviation * x for x in g.standard_normal(size)] for g in streams]
    order, records = list(range(n)), []
    orders = [list(order)]
    for sweep in range(n_sweeps):
        for t, temperature in enumerate(temperatures):
            k = order[t]
            points[k] = _trajectory(
                net, data, points[k], 1 / temperature, deviation, step, n_steps, streams[k]
            )
        for t in range(sweep % 2, n - 1, 2):
            cold, hot = (energy(net, data, points[order[s]]) for s in (t, t + 1))
            gain = (1 / temperatures[t] - 1 / temperatures[t + 1]) * (cold - hot)
            if exchange.random() < math.exp(min(0, gain)):
                order[t], order[t + 1] = order[t + 1], order[t]
        records.append([energy(net, data, points[k]) for k in order])
        orders.append(list(order))
    return np.array(records), orders


def _trajectory(net, data, theta, beta, deviation, step, n_steps, stream):
    if beta == 0:
        return [deviation * x for x in stream.standard_normal(len(theta))]
    q = list(theta)
    p = [deviation * x for x in stream.standard_normal(len(theta))]
    angle = step * stream.uniform(0.8, 1.2)
    uniform = stream.random()

    def total(q, p):
        squares = math.fsum(x * x for x in q) + math.fsum(x * x for x in p)
        return beta * energy(net, data, q) + squares / (2 * deviation**2)

    before = total(q, p)
    for _ in range(n_steps):
        p = _kicked(net, data, q, p, beta * angle / 2 * deviation**2)
        c, s = math.cos(angle), math.sin(angle)
        q, p = (
            [c * x + s * y for x, y in zip(q, p, strict=True)],
            [c * y - s * x for x, y in zip(q, p, strict=True)],
        )
        p = _kicked(net, data, q, p, beta * angle / 2 * deviation**2)
    return q if uniform < math.exp(min(0, before - total(q, p))) else list(theta)


def _kicked(net, data, q, p, time):
    return [y + time * f for y, f in zip(p, force(net, data, q), strict=True)]


def plane(deviation, reach=6.0, n=401):
    """Points of a square grid and the weight of each under a normal prior."""
    axis = deviation * np.linspace(-reach, reach, n)
    a, b = np.meshgrid(axis, axis, indexing="ij")
    points = np.stack([a.ravel(), b.ravel()], axis=1)
    return points, np.exp(-(points**2).sum(axis=1) / (2 * deviation**2))


def circle(norm, n=4001):
    """Points of a circle, all of one weight."""
    angles = 2 * np.pi * np.arange(n) / n
    return norm * np.stack([np.cos(angles), np.sin(angles)], axis=1), np.ones(n)


def sphere(norm, n=300):
    """Points of a sphere in three dimensions, weighted by area."""
    heights, weights = np.polynomial.legendre.leggauss(n)
    angles = 2 * np.pi * np.arange(2 * n) / (2 * n)
    z, a = (x.ravel() for x in np.meshgrid(heights, angles, indexing="ij"))
    flat = np.sqrt(1 - z * z)
    points = norm * np.stack([flat * np.cos(a), flat * np.sin(a), z], axis=1)
    return points, np.repeat(weights, 2 * n)


def swap_rate(energies, cold, hot):
    """Mean acceptance between two temperatures, from the weights of the same energies at both.

    Sum of cold_i hot_j min(1, exp((1/T_cold - 1/T_hot) (E_i - E_j))) over all pairs. Where
    E_i < E_j, the exponential makes the pair's weight that of the pair exchanged, so that the
    sum is twice the probability of E_cold > E_hot, ties counting half.
    """
    order = np.argsort(energies)
    cold, hot = cold[order] / cold.sum(), hot[order] / hot.sum()
    return float(2 * cold @ (np.cumsum(hot) - hot / 2))

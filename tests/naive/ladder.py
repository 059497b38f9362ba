"""Walks along a ladder of temperatures, solved exactly as Markov chains."""

from __future__ import annotations

import itertools
import math

import numpy as np


def chain(rates):
    """A walk on 0 ... n with those rates to either neighbour.

    Returns the share, at each place, of walks that were at the last place more recently than
    at the first, and the mean time from the first place to the last and back.
    """
    n = len(rates)
    moves = np.zeros((n + 1, n + 1))
    for k, rate in enumerate(rates):
        moves[k, k + 1] += rate
        moves[k + 1, k] += rate
        moves[k, k] -= rate
        moves[k + 1, k + 1] -= rate
    # the walk backwards in time is the same walk: the share is the probability of reaching
    # the last place before the first
    system, ends = moves.copy(), np.zeros(n + 1)
    system[0], system[-1], ends[-1] = 0, 0, 1
    system[0, 0] = system[-1, -1] = 1
    share = np.linalg.solve(system, ends)
    up = np.linalg.solve(moves[:-1, :-1], -np.ones(n))[0]
    down = np.linalg.solve(moves[1:, 1:], -np.ones(n))[-1]
    return share, up + down


def normal_swap_rates(ladder, width):
    """Acceptance between neighbours whose energies are normal, by a sum over both.

    The means lie apart as the heat capacity width(T)^2 / T^2 has it.
    """
    grid = np.linspace(-7, 7, 401)
    weight = np.exp(-(grid**2) / 2)
    weight /= weight.sum()
    found = []
    for cold, hot in itertools.pairwise(ladder):
        t = math.sqrt(cold * hot)
        apart = (width(t) / t) ** 2 * (hot - cold)
        energy_cold = width(t) * grid[:, None]
        energy_hot = apart + width(t) * grid
        gain = (1 / cold - 1 / hot) * (energy_cold - energy_hot)
        accepted = np.exp(np.minimum(0, gain))
        found.append(float(weight @ accepted @ weight))
    return np.array(found)

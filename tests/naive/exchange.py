"""Replica exchange counted from a record: which system stood at which temperature, and when.

``order[t]`` is the system at temperature t, from cold to hot; a record is a list of orders.
"""

from __future__ import annotations

import itertools


def swaps(orders, parity):
    """How often neighbours were tried, and how often they changed places.

    Between two orders the pairs (t, t + 1) are tried for even t, then for odd t, and so on;
    ``parity`` is that of the first. Nothing else may have moved.
    """
    n = len(orders[0])
    tried, accepted = [0] * (n - 1), [0] * (n - 1)
    for k, (before, after) in enumerate(itertools.pairwise(orders)):
        expected = list(before)
        for t in range(n - 1):
            if t % 2 != (k + parity) % 2:
                continue
            tried[t] += 1
            if after[t] != before[t]:
                accepted[t] += 1
                expected[t], expected[t + 1] = before[t + 1], before[t]
        assert expected == list(after)
    return tried, accepted


def round_trips(orders):
    """Arrivals at the lowest temperature of systems that come from the highest.

    For every visit to the cold end the past of the system is read backwards, up to where it
    stood at either end.
    """
    count = 0
    for now, order in enumerate(orders):
        system = order[0]
        for past in reversed(orders[:now]):
            if past[0] == system:
                break
            if past[-1] == system:
                count += 1
                break
    return count

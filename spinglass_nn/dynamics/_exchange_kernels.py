"""Kernels of replica exchange for engines that pass temperatures, not configurations, around."""

from __future__ import annotations

import math
from typing import Any

from spinglass_nn._core.jit import kernel
from spinglass_nn._core.streams import uniform


@kernel
def exchange(
    energy: Any,
    order: Any,
    inverse_temperatures: Any,
    parity: int,
    state: Any,
    attempts: Any,
    accepts: Any,
) -> None:
    """Try to exchange neighbours t, t + 1 of one ladder, t = parity, parity + 2, ...

    ``order[t]`` is the system at temperature t and ``energy`` is by system. Accepted with
    probability min(1, exp((beta_t - beta_{t+1}) (E_t - E_{t+1}))), which keeps the joint
    distribution of the ladder.
    """
    for t in range(parity, order.shape[0] - 1, 2):
        gain = (inverse_temperatures[t] - inverse_temperatures[t + 1]) * (
            energy[order[t]] - energy[order[t + 1]]
        )
        u = uniform(state)  # always drawn, so that a stream's position depends on time alone
        attempts[t] += 1
        if gain >= 0 or u < math.exp(gain):
            order[t], order[t + 1] = order[t + 1], order[t]
            accepts[t] += 1


@kernel
def follow(order: Any, label: Any, labelled: Any, from_hot: Any) -> int:
    """Note where the systems of one ladder are; return the journeys hot - cold completed.

    ``label`` is by system: 0 if it has seen no end of the ladder yet, 1 if it was at the hot
    end last, 2 if at the cold one. Arriving at the cold end from the hot one completes half
    of a round trip; the other half, back to the hot end, happens as often.
    """
    n_temperatures = order.shape[0]
    completed = 0
    cold = order[0]
    if label[cold] == 1:
        completed = 1
    label[cold] = 2
    label[order[n_temperatures - 1]] = 1
    for t in range(n_temperatures):
        mark = label[order[t]]
        if mark > 0:
            labelled[t] += 1
            if mark == 1:
                from_hot[t] += 1
    return completed

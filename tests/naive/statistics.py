"""Statistics from their definitions, in plain loops."""

from __future__ import annotations

import math
from fractions import Fraction
from statistics import NormalDist


def autocovariance(chains, lag):
    """Mean product of deviations from the grand mean, over all pairs of one lag."""
    values = [x for chain in chains for x in chain]
    mean = sum(values) / len(values)
    total, n_pairs = 0.0, 0
    for chain in chains:
        for t in range(len(chain) - lag):
            total += (chain[t] - mean) * (chain[t + lag] - mean)
            n_pairs += 1
    return total / n_pairs


def bartlett(rho, lag_a, lag_b):
    """n times the covariance of two lags' rho, for rho given at lags 0, 1, ... and then zero."""

    def r(lag):
        return rho[abs(lag)] if abs(lag) < len(rho) else 0.0

    total = 0.0
    for k in range(1, 2 * len(rho) + lag_a + lag_b):
        a = r(k + lag_a) + r(k - lag_a) - 2 * r(k) * r(lag_a)
        b = r(k + lag_b) + r(k - lag_b) - 2 * r(k) * r(lag_b)
        total += a * b
    return total


def histogram(values, edges):
    """Counts below, in each bin (the last one closed), above."""
    counts = [0] * (len(edges) + 1)
    for value in values:
        slot = sum(1 for edge in edges if edge <= value)
        if value == edges[-1]:
            slot -= 1
        counts[slot] += 1
    return counts


def central_sums(values):
    """Mean and sums of the 2nd, 3rd and 4th powers of deviations, exactly."""
    exact = [Fraction(float(x)) for x in values]
    mean = sum(exact) / len(exact)
    return float(mean), [float(sum((x - mean) ** k for x in exact)) for k in (2, 3, 4)]


def nested_variances(data):
    """Variance components of samples x chains x blocks, by their definition."""
    n, m, b = len(data), len(data[0]), len(data[0][0])
    chain_means = [[sum(chain) / b for chain in sample] for sample in data]
    sample_means = [sum(means) / m for means in chain_means]

    def variance(numbers):
        mean = sum(numbers) / len(numbers)
        return sum((x - mean) ** 2 for x in numbers) / (len(numbers) - 1)

    blocks = sum(variance(chain) for sample in data for chain in sample) / (n * m)
    chains = sum(variance(means) for means in chain_means) / n
    samples = variance(sample_means)
    return [samples - chains / m, chains - blocks / b, blocks]


def line_at_zero(x, y, error):
    """Intercept and slope of a weighted straight line, with their errors."""
    w = [1 / e**2 for e in error]
    s = sum(w)
    sx = sum(wi * xi for wi, xi in zip(w, x, strict=True))
    sxx = sum(wi * xi * xi for wi, xi in zip(w, x, strict=True))
    sy = sum(wi * yi for wi, yi in zip(w, y, strict=True))
    sxy = sum(wi * xi * yi for wi, xi, yi in zip(w, x, y, strict=True))
    d = s * sxx - sx * sx
    return (
        (sxx * sy - sx * sxy) / d,
        (s * sxy - sx * sy) / d,
        math.sqrt(sxx / d),
        math.sqrt(s / d),
    )


def r_hat(chains):
    """Rank-normalised split R-hat of Vehtari et al. (2021), by its steps."""
    n = len(chains[0]) // 2
    halves = [list(chain[:n]) for chain in chains] + [list(chain[-n:]) for chain in chains]
    pooled = sorted(x for half in halves for x in half)
    middle = len(pooled) // 2
    median = (pooled[middle] + pooled[-middle - 1]) / 2
    folded = [[abs(x - median) for x in half] for half in halves]
    return max(_split_ratio(_normal_scores(halves)), _split_ratio(_normal_scores(folded)))


def _normal_scores(halves):
    pooled = [x for half in halves for x in half]

    def score(x):
        rank = sum(y < x for y in pooled) + (sum(y == x for y in pooled) + 1) / 2
        return NormalDist().inv_cdf((rank - 3 / 8) / (len(pooled) + 1 / 4))

    return [[score(x) for x in half] for half in halves]


def _split_ratio(halves):
    n, m = len(halves[0]), len(halves)
    means = [sum(half) / n for half in halves]
    grand = sum(means) / m
    between = n / (m - 1) * sum((x - grand) ** 2 for x in means)
    within = sum(
        sum((x - mean) ** 2 for x in half) / (n - 1)
        for half, mean in zip(halves, means, strict=True)
    )
    within /= m
    return math.sqrt(((n - 1) / n * within + between / n) / within)


def autocorrelation_window(chains, stretch=1.5):
    """The first lag that ends the sum of rho, and tau there, before any correction.

    Wolff's condition, exp(-W / s) < s / sqrt(W n) with s = ``stretch`` times the time of an
    exponential that has the tau found so far, or twice that of one for rho^2 where this is
    longer; and rho(W) below two of Bartlett's errors, for rho that ends there.
    """
    n = sum(len(chain) for chain in chains)
    rho = [autocovariance(chains, 0)]
    for lag in range(1, len(chains[0]) // 2 + 1):
        rho.append(autocovariance(chains, lag))
        tau, tau_of_squares = (
            0.5 + sum((r / rho[0]) ** k for r in rho[1:-1]) + (rho[-1] / rho[0]) ** k / 2
            for k in (1, 2)
        )
        slow = stretch * max(_decay_time(tau), 2 * _decay_time(tau_of_squares))
        quiet = (rho[-1] / rho[0]) ** 2 < 4 * 2 * tau_of_squares / n
        if math.exp(-lag / slow) < slow / math.sqrt(lag * n) and quiet:
            return lag, tau
    raise AssertionError("no window in half a chain")


def _decay_time(tau):
    """Of the exponential whose values at 0, 1, 2 ... sum to 1/2 + tau."""
    tau = max(tau, 0.5 + 1e-9)
    return 1 / math.log((2 * tau + 1) / (2 * tau - 1))


def jackknife(n_units, measure):
    """A number and its error: ``measure`` takes the places of the units it may use."""
    everyone = list(range(n_units))
    left = [measure([u for u in everyone if u != unit]) for unit in everyone]
    mean = math.fsum(left) / n_units
    spread = math.fsum((x - mean) ** 2 for x in left)
    return measure(everyone), math.sqrt((n_units - 1) / n_units * spread)

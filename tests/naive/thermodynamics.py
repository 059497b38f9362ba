"""Energy, heat capacity and free energy of a ladder, from their definitions.

Energies are (n_temperatures, n_replicas, n_records). Every number is computed again without
each unit in turn, and from the values themselves.
"""

from __future__ import annotations

import math

from scipy.interpolate import BPoly

ENOUGH = 16  # units


def units(energies):
    """For each temperature the lists of values that are left out in turn.

    Replicas, or equal blocks of them: as few as make 16 units, of two records or more, at the
    end of each replica.
    """
    n_replicas, n_records = len(energies[0]), len(energies[0][0])
    n_blocks = 1
    while n_replicas * n_blocks < ENOUGH and n_records // (n_blocks + 1) >= 2:
        n_blocks += 1
    size = n_records // n_blocks
    skipped = n_records - size * n_blocks
    return [
        [
            [float(x) for x in chain[skipped + b * size : skipped + (b + 1) * size]]
            for chain in chains
            for b in range(n_blocks)
        ]
        for chains in energies
    ]


def cumulants(values):
    """Mean, variance and third cumulant."""
    n = len(values)
    mean = math.fsum(values) / n
    return [mean, *(math.fsum((x - mean) ** k for x in values) / n for k in (2, 3))]


def integrals(temperatures, moments, n_derivatives):
    """Integral of the mean energy over beta between each temperature and the next.

    Of the polynomial with its value and derivatives at both: d<E>/dbeta is minus the variance,
    and the derivative of that the third cumulant.
    """
    found = []
    for k in range(len(temperatures) - 1):
        betas = [1 / float(temperatures[k + 1]), 1 / float(temperatures[k])]
        known = [
            [mean, -variance, third][: n_derivatives + 1]
            for mean, variance, third in (moments[k + 1], moments[k])
        ]
        found.append(float(BPoly.from_derivatives(betas, known).integrate(*betas)))
    return found


def curves(temperatures, moments):
    """Values at every temperature."""
    parts = integrals(temperatures, moments, 1)
    log_z = [-math.fsum(parts[k:]) for k in range(len(temperatures))]
    return {
        "energy": [m[0] for m in moments],
        "heat_capacity": [m[1] / t**2 for t, m in zip(temperatures, moments, strict=True)],
        "log_z": log_z,
        "entropy": [
            m[0] / t + value for t, m, value in zip(temperatures, moments, log_z, strict=True)
        ],
    }


def quadrature(temperatures, moments):
    """What one more derivative would change, interval by interval, added up in size."""
    pairs = zip(
        integrals(temperatures, moments, 1), integrals(temperatures, moments, 2), strict=True
    )
    changes = [abs(better - cubic) for cubic, better in pairs]
    return [math.fsum(changes[k:]) for k in range(len(temperatures))]


def with_errors(temperatures, energies):
    """Curves and their jackknife errors, by name, and the quadrature."""
    parts = units(energies)
    n = len(parts[0])

    def without(left_out):
        return [
            cumulants([x for u, unit in enumerate(each) if u != left_out for x in unit])
            for each in parts
        ]

    everything = without(None)
    found, left = curves(temperatures, everything), []
    for unit in range(n):
        left.append(curves(temperatures, without(unit)))
    errors = {}
    for name, values in found.items():
        errors[name] = []
        for k in range(len(values)):
            column = [one[name][k] for one in left]
            mean = math.fsum(column) / n
            spread = math.fsum((x - mean) ** 2 for x in column)
            errors[name].append(math.sqrt((n - 1) / n * spread))
    return found, errors, quadrature(temperatures, everything)

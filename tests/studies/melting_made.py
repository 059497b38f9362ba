"""Results of the study barney2024 built by hand, for tests of what is made of them."""

from __future__ import annotations

import numpy as np

import spinglass_nn as sg
from spinglass_nn.statistics import Estimate
from spinglass_nn.studies import (
    Growth,
    LayeredOverlaps,
    LazyControl,
    MeltingGrowth,
    MeltingNulls,
    MeltingRun,
    ModeRemoval,
    SpinReadings,
    StateCounts,
    UntrainedLayers,
)

KINDS = ("binarised", "relu")
N_SPINS = 1000  # order is a minimum below -0.01
STEPS = np.array([0, 1, 3, 10, 30, 50, 100, 300, 600, 1000])
EARLY = 50


def readings(temperature, minimum, n_outliers, largest=None):
    temperature = np.asarray(temperature, dtype=float)
    return SpinReadings(
        temperature=temperature,
        minimum=np.asarray(minimum, dtype=float),
        minimum_temperature=temperature,
        glass_temperature=np.ones_like(temperature),
        largest=2 * temperature if largest is None else np.asarray(largest, dtype=float),
        n_outliers=np.asarray(n_outliers, dtype=np.int64),
        leading_overlap=np.full_like(temperature, 0.9),
        n_spins=N_SPINS,
    )


def made_run(
    kind="relu", steps=STEPS, temperature=None, ordered_from=10, minimum=None, n_outliers=None
):
    """Runs that are ordered from a step on."""
    steps = np.asarray(steps)
    if temperature is None:
        temperature = np.where(steps < 10, 1.0, (np.maximum(steps, 10) / 10) ** 0.3)
        temperature = temperature * np.linspace(0.99, 1.01, 6)[:, None]
    n = len(temperature)
    if minimum is None:
        minimum = np.where(steps < ordered_from, 0.05, -0.2) * np.ones((n, 1))
    if n_outliers is None:
        n_outliers = np.round(np.log2(steps + 1)).astype(int) * np.ones((n, 1), dtype=int)
    net = sg.networks.MLP((4, 3, 2), bias=False)
    table = np.ones((n, steps.size))
    return MeltingRun(
        kind=kind,
        network=net,
        gain=1.0,
        critical_temperature=1.0,
        edge=2.0,
        steps=steps,
        epoch_steps=10,
        readings=readings(temperature, minimum, n_outliers),
        moved=np.ones((n, steps.size, 2)),
        train_loss=table,
        train_accuracy=table,
        test_loss=table,
        test_accuracy=table,
        kept=sg.training.Snapshots(np.array([0, EARLY]), np.ones((n, 2, net.n_parameters))),
        early_step=EARLY,
    )


def made_counts(kind="relu", early=1, last=1, n=6, converged=8):
    valid = np.tile([0, early, last], (n, 1))
    return StateCounts(
        kind=kind,
        steps=np.array([0, EARLY, 1000]),
        early_step=EARLY,
        n_starts=8,
        n_valid=valid,
        n_distinct=valid,
        n_trapped=np.tile([8, 0, 0], (n, 1)),
        n_converged=np.full((n, 3), converged),
        alignment=np.where(valid > 0, 0.95, np.nan),
        clamped=np.tile([3, 1, 1], (n, 1)),
        clamped_valid=np.zeros((n, 3), dtype=np.int64),
    )


def made_growth(r_squared=0.995, decades=2.0, early=0.2, late=0.2):
    fit = Growth(
        first=1.0,
        last=10.0**decades,
        amplitude=1.0,
        exponent=Estimate(0.2, 0.002),
        r_squared=Estimate(r_squared, 0.0005),
        shifted_exponent=Estimate(0.2, 0.01),
        shifted_r_squared=0.999,
        logarithm_r_squared=0.9,
        early_slope=Estimate(early, 0.001),
        late_slope=Estimate(late, 0.001),
    )
    return MeltingGrowth(KINDS, (fit, fit))


def made_removal(leading=0.7, random=0.88):
    spread = np.linspace(-0.01, 0.01, 6) * np.ones((2, 1))
    full = np.ones((2, 6))
    return ModeRemoval(
        kinds=KINDS,
        intact=0.9 + spread,
        leading=leading + spread[:, ::-1],
        bulk=0.9 + spread,
        random=random + spread,
        chance=0.1,
        temperature=3 * full,
        temperature_without=2 * full,
    )


def made_lazy(lazy=1.0, rich=2.0, accuracy=0.9, added=0):
    spread = np.linspace(0.999, 1.001, 6)
    return LazyControl(
        scales=np.array([0.1, 100.0]),
        initial=readings(np.ones((2, 6)), np.zeros((2, 6)), np.zeros((2, 6))),
        trained=readings(
            np.array([[rich], [lazy]]) * spread, np.zeros((2, 6)), [[3] * 6, [added] * 6]
        ),
        moved=np.ones((2, 6)),
        accuracy=accuracy * np.ones((2, 6)) * spread,
    )


def made_nulls():
    null = readings(np.ones(6), np.zeros(6), np.full(6, 2))
    return MeltingNulls(KINDS, (null, null), (null, null))


def made_untrained(ratio=1.0):
    spread = np.linspace(-0.004, 0.004, 10)
    return UntrainedLayers(
        widths=((500,) * 3, (700, 500)),
        variances=np.array([1.0, 2.0]),
        equal=(True, False),
        theory=np.array([1.2, 1.5]),
        dip=np.array([[1.2], [1.5]]) * (ratio + spread),
        minimum=np.full((2, 10), 0.02),
        n_crossing=np.zeros(2, dtype=np.int64),
        entropy=np.array([-0.1, -0.1]),
        replicon=np.array([-9.0, -9.0]),
    )


def made_overlaps(near=0.15, equilibrated=True):
    counts = np.ones(4)
    histogram = sg.dynamics.OverlapHistogram(
        0.5, np.linspace(-0.75, 0.75, 4), np.linspace(-1, 1, 5), counts / 2, counts / 100, 20
    )
    spread = np.linspace(-0.02, 0.02, 20)
    return LayeredOverlaps(
        names=("untrained", "one mode", *KINDS),
        n_spins=(200,) * 4,
        temperature=0.5,
        histograms=(histogram,) * 4,
        near_zero=(near + spread, np.full(5, 1e-3), np.full(6, 0.02), np.full(6, 0.02)),
        mean_square=(0.3 + spread, np.full(5, 0.7), np.full(6, 0.2), np.full(6, 0.2)),
        tests=(("energy passed",), ("energy passed",), (), ()),
        equilibrated=(equilibrated, True, False, False),
        swap_rate=np.full(4, 0.4),
    )


def made_results(**changes):
    """All that claims are decided from, as if everything the paper says were true."""
    results = {
        "untrained": made_untrained(),
        "overlaps": made_overlaps(),
        "growth": made_growth(),
        "nulls": made_nulls(),
        "removal": made_removal(),
        "lazy": made_lazy(),
    }
    for kind in KINDS:
        results[kind] = made_run(kind)
        results[f"{kind}-counts"] = made_counts(kind)
    return results | changes

"""TAP energies of networks with hidden order against parallel tempering."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from spinglass_nn import dynamics
from spinglass_nn.spins import instability, tap
from tests.spins.test_instability import random_layers


@pytest.mark.physics
@pytest.mark.parametrize("share", [0.6, 0.8])
def test_ordered_states_have_the_energy_of_tempering(share):
    """What TAP leaves out is no energy per spin: the whole difference does not grow with N."""
    n_spins, differences, energies = [], [], []
    for n in (32, 64, 128, 256):
        for seed in range(3):
            model = random_layers((n, n, n), spike=2.0, seed=seed)
            critical = instability.find(model).temperature
            ladder = critical * np.array([share, 0.9, 1.0, 1.15, 1.3])
            found = tap.solve(model, ladder[:1], schemes=["plain"], n_starts=8, rng=1)
            assert found.n_valid.tolist() == [[1]]
            sampled = dynamics.parallel_tempering(
                model, ladder, n_sweeps=20_000, n_replicas=8, rng=seed
            )
            n_spins.append(model.n_spins)
            energies.append(found.energy[0] / model.n_spins)
            differences.append(sampled.energy[0].mean * model.n_spins - found.energy[0])
    line = stats.linregress(n_spins, differences)
    assert abs(line.slope) < 4 * line.stderr
    assert line.stderr < 2e-3 * abs(np.mean(energies))  # a per cent would be seen

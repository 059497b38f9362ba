"""Whether sampling has forgotten where it began."""

from __future__ import annotations

import numpy as np

from spinglass_nn.errors import ParameterError
from spinglass_nn.io.resuming import written
from spinglass_nn.statistics import EquilibrationTest
from spinglass_nn.statistics.equilibrium import compared
from spinglass_nn.walks.posterior_results import PosteriorRun


def compare_starts(one: PosteriorRun, other: PosteriorRun) -> tuple[EquilibrationTest, ...]:
    """Compare mean energies of two runs that began at different kinds of points.

    Draws of the prior begin above the mean energy and trained solutions below it, so that the
    two come from opposite sides. Replicas are the units, those of one run in pairs with those
    of the other, by Student's t: with few of them only large differences are noticed, and the
    result says which. Run both with different seeds, and compare the time for which they ran
    with the autocorrelation time.

    Parameters
    ----------
    one, other : PosteriorRun
        Runs of one network on the same data, at the same temperatures with the same prior,
        two replicas or more in each.

    Returns
    -------
    tuple of EquilibrationTest
        One for each temperature. Many temperatures mean many chances to fail.

    Raises
    ------
    ParameterError
        If the runs differ in what must be equal, or there is one replica only.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [0, 1, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2))
    >>> solution = sg.training.train_replicas(net, data, n_epochs=20, rng=1).replicas[0]
    >>> settings = {"n_replicas": 4, "n_sweeps": 100, "n_tuning": 100}
    >>> cold = sg.walks.sample_posterior(net, data, start=solution, rng=2, **settings)
    >>> hot = sg.walks.sample_posterior(net, data, rng=3, **settings)
    >>> compare_starts(cold, hot)[0].passed
    True
    """
    pairs = {
        "network": one.network == other.network,
        "data": one.state.plan.data == other.state.plan.data,
        "temperatures": np.array_equal(one.temperatures, other.temperatures),
        "prior": written(one.state.plan.prior) == written(other.state.plan.prior),
        "n_replicas": one.energies.shape[1] == other.energies.shape[1],
    }
    different = [name for name, equal in pairs.items() if not equal]
    if different:
        raise ParameterError(f"runs must be alike in {', '.join(pairs)}, got different "
                             f"{different[0]}")  # fmt: skip
    if one.energies.shape[1] < 2:
        raise ParameterError("runs must have at least 2 replicas, got 1")
    return tuple(
        compared(f"energy from two starts at T = {t:g}", left.mean(axis=1), right.mean(axis=1))
        for t, left, right in zip(one.temperatures, one.energies, other.energies, strict=True)
    )

"""What is read off a network at one time: its critical temperature and its outliers."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP, Replica
from spinglass_nn.spins import LayeredIsing, bond_spectrum, instability
from spinglass_nn.typing import Float64Array, FloatArray, IntArray, ProgressLike


@result()
class SpinReadings:
    """Observables of several networks, each read as a spin model; arrays (...) of one shape.

    Parameters
    ----------
    temperature : array (...)
        T_c of the linear instability: the root, or where the minimum is.
    minimum, minimum_temperature : array (...)
        Least eigenvalue of the linearised TAP equations, and where.
    glass_temperature : array (...)
        T_g, of random couplings with the same mean squares.
    largest : array (...)
        Largest eigenvalue of the couplings.
    n_outliers : int64 array (...)
        Eigenvalues beyond the bulk of the untrained network.
    leading_overlap : array (...)
        Cosine of the direction that becomes unstable at T_c with the leading eigenvector; NaN
        if no eigenvalue is beyond the bulk.
    n_spins : int
        Of each network.
    """

    temperature: Float64Array
    minimum: Float64Array
    minimum_temperature: Float64Array
    glass_temperature: Float64Array
    largest: Float64Array
    n_outliers: IntArray
    leading_overlap: Float64Array
    n_spins: int

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """Where the eigenvalue is negative by more than random couplings may have it, (...)."""
        found: NDArray[np.bool_] = self.minimum <= -(self.n_spins ** (-2 / 3))
        return found

    @property
    def ratio(self) -> Float64Array:
        """T_c / T_g, (...)."""
        found: Float64Array = self.temperature / self.glass_temperature
        return found


def read(
    make: Callable[[int], LayeredIsing],
    edge: float,
    shape: tuple[int, ...],
    *,
    progress: ProgressLike = False,
    n_threads: int | None = None,
) -> SpinReadings:
    """Read models, in the order of an array of this shape.

    Parameters
    ----------
    make : callable
        Number to model, all of one size; made one after the other, as they may be large.
    edge : float
        Of the bulk of the untrained network.
    shape : tuple of int
        Of the arrays.
    progress, n_threads
        As everywhere.
    """
    n_models = math.prod(shape)
    with track(n_models, "reading networks as spins", progress) as tick:

        def one(number: int) -> tuple[float, ...]:
            model = make(number)
            found = instability.find(model)
            spectrum = bond_spectrum.find(model, edge=edge)
            n = spectrum.outliers.size
            cosine = abs(float(found.direction @ spectrum.vectors[0])) if n else np.nan
            tick(1)
            return (
                found.temperature, found.minimum, found.minimum_temperature,
                found.glass_temperature, found.largest_eigenvalue, n, cosine, model.n_spins,
            )  # fmt: skip

        columns = np.array(threads.run(one, range(n_models), n_threads)).T.reshape(-1, *shape)
    return SpinReadings(
        temperature=columns[0],
        minimum=columns[1],
        minimum_temperature=columns[2],
        glass_temperature=columns[3],
        largest=columns[4],
        n_outliers=columns[5].astype(np.int64),
        leading_overlap=columns[6],
        n_spins=int(columns[7].flat[0]),
    )


def spins_of(net: MLP, weights: FloatArray) -> LayeredIsing:
    """One flat vector of weights as a spin model."""
    return LayeredIsing.from_network(Replica(net, weights))

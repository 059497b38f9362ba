"""The Hessian of the loss at a point: trace, largest eigenvalues, and all of it if small."""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np
from scipy.sparse.linalg import ArpackNoConvergence, LinearOperator, eigsh

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.networks import MLP, Parameters, hessian_vector_product
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.statistics.estimate import Estimate, mean_estimate
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

MAX_DENSE = 2000  # parameters; 32 MB and as many Hessian-vector products
_CHUNK = 32


@result()
class Eigenvalues:
    r"""Largest eigenvalues of a Hessian and how exact they are.

    Parameters
    ----------
    values : array (n,)
        Largest first.
    residuals : array (n,)
        :math:`|H v - \lambda v|` for the unit vectors v: some eigenvalue of H lies within
        this of each value.
    vectors : array (n, n_parameters)
        Unit eigenvectors, one a row; their signs mean nothing.
    n_products : int
        Hessian-vector products taken.
    """

    values: Float64Array
    residuals: Float64Array
    vectors: Float64Array
    n_products: int


def hessian_trace(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    n_probes: int = 32,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Estimate:
    r"""Trace of the Hessian from random probes (Hutchinson's estimator).

    .. math:: \mathrm{tr}\, H = \langle v^T H v \rangle, \quad v_i = \pm 1

    Products are exact and in float64. For ReLU the Hessian is that of the smooth pieces;
    the kinks between them, where the gradient jumps, have no part in it.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point.
    data : Dataset
        The loss is the mean over all of it.
    n_probes : int
        At least 2. The error falls as one over its square root.
    rng : Generator, SeedSequence, int or None
        Seed; probe k is the same whatever ``n_probes`` is.
    n_threads : int, optional
        Probes run on this many threads, by default all cores. Results do not depend on it.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).

    Returns
    -------
    Estimate
        Mean and standard error over the probes.

    Raises
    ------
    ParameterError
        If there are fewer than 2 probes or several points.

    References
    ----------
    M. F. Hutchinson, Communications in Statistics: Simulation and Computation 19 (1990) 433.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> hessian_trace(net, np.zeros(4), data, n_probes=4, rng=0).mean
    2.0
    """
    n_probes = check.count(n_probes, "n_probes", minimum=2)
    point = _point(net, theta)
    seed = random.seed_of(rng)

    with track(n_probes, "Hessian trace", progress) as report:

        def measure(probe: int) -> float:
            generator = seed.generator(Stream.PROBES, probe)
            signs = generator.integers(0, 2, point.size, dtype=np.int8) * 2.0 - 1.0
            product = hessian_vector_product(net, point, signs, data, n_threads=1)
            report(1)
            return float(np.dot(signs, product))

        return mean_estimate(threads.run(measure, range(n_probes), n_threads))


def largest_eigenvalues(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    n: int = 1,
    tolerance: float = 1e-3,
    max_iterations: int = 100,
    rng: RNG = 0,
    n_threads: int | None = None,
) -> Eigenvalues:
    """Largest eigenvalues of the Hessian, by implicitly restarted Lanczos (ARPACK).

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point; products are taken in float64.
    data : Dataset
        The loss is the mean over all of it.
    n : int
        How many; largest algebraically, so that negative curvature comes last.
    tolerance : float
        Each residual is at most this times the largest eigenvalue in size.
    max_iterations : int
        Restarts before giving up; each takes about 20 products, more for many values.
    rng : Generator, SeedSequence, int or None
        Seed of the start vector. The default gives the same bits each time.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    Eigenvalues
        Values, residuals and vectors.

    Raises
    ------
    NotConverged
        If a residual is too large in the end; its ``last`` holds the values found so far.
    ParameterError
        If ``n`` is not below the number of parameters, or several points are given.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> largest_eigenvalues(net, np.zeros(4), data).values.round(6)
    array([2.])
    """
    point = _point(net, theta)
    n = check.count(n, "n")
    if n >= point.size:
        raise ParameterError(f"n must be below the {point.size} parameters, got {n}")
    tolerance = check.positive(tolerance, "tolerance")
    max_iterations = check.count(max_iterations, "max_iterations")
    n_products = 0

    def product(vector: Any) -> Float64Array:
        nonlocal n_products
        n_products += 1
        flat = np.ascontiguousarray(vector, dtype=np.float64).reshape(-1)
        found: Any = hessian_vector_product(net, point, flat, data, n_threads=n_threads)
        return np.asarray(found, dtype=np.float64)

    generator = random.seed_of(rng).generator(Stream.PROBES, 0, 1)
    values, vectors = _lanczos(product, point.size, n, tolerance, max_iterations, generator)
    order = np.argsort(values)[::-1]
    values, vectors = values[order], np.ascontiguousarray(vectors[:, order].T)
    pairs = zip(values, vectors, strict=True)
    residuals = np.array([np.linalg.norm(product(v) - value * v) for value, v in pairs])
    found = Eigenvalues(values, residuals, vectors, n_products)
    _check_converged(found, n, tolerance)
    return found


def _lanczos(
    product: Any,
    size: int,
    n: int,
    tolerance: float,
    max_iterations: int,
    generator: np.random.Generator,
) -> tuple[Float64Array, Float64Array]:
    """Pairs from ARPACK; those it has, where it does not converge."""
    start = generator.standard_normal(size)
    if not product(start).any():  # a random vector sees any Hessian but zero; ARPACK fails
        return np.zeros(n), np.linalg.qr(generator.standard_normal((size, n)))[0]
    operator: Any = LinearOperator((size, size), matvec=product, dtype=np.float64)
    options: dict[str, Any] = {"v0": start, "tol": tolerance / 2, "maxiter": max_iterations}
    if "rng" in inspect.signature(eigsh).parameters:  # SciPy 1.17: for inner restarts
        options["rng"] = generator
    try:
        values, vectors = eigsh(operator, k=n, which="LA", **options)
    except ArpackNoConvergence as error:
        values, vectors = error.eigenvalues, error.eigenvectors
    return np.asarray(values, dtype=np.float64), np.asarray(vectors, dtype=np.float64)


def _check_converged(found: Eigenvalues, n: int, tolerance: float) -> None:
    if len(found.values) < n:
        raise NotConverged(
            f"{n} eigenvalues must converge to {tolerance:g}, got {len(found.values)} after "
            f"{found.n_products} products; raise max_iterations or tolerance",
            found,
        )
    allowed = tolerance * float(np.abs(found.values).max())
    worst = float(found.residuals.max())
    if not worst <= allowed:
        raise NotConverged(
            f"residuals must be at most {allowed:.3g}, got {worst:.3g}; lower tolerance", found
        )


def dense_hessian(
    net: MLP, theta: Parameters, data: LabelledData, *, n_threads: int | None = None
) -> Float64Array:
    """The whole Hessian of a small network, one product per column.

    Parameters
    ----------
    net : MLP
        Architecture and loss, of at most 2000 parameters.
    theta : Replica or array (n_parameters,)
        One point; products are taken in float64.
    data : Dataset
        The loss is the mean over all of it.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    array (n_parameters, n_parameters)
        Symmetric to the last bit.

    Raises
    ------
    ParameterError
        If the network is larger, or several points are given.
    """
    if net.n_parameters > MAX_DENSE:
        raise ParameterError(
            f"net must have at most {MAX_DENSE} parameters for a dense Hessian, got "
            f"{net.n_parameters}; take hessian_trace or largest_eigenvalues"
        )
    point = _point(net, theta)
    matrix = np.empty((point.size, point.size))
    for low in range(0, point.size, _CHUNK):
        high = min(low + _CHUNK, point.size)
        columns = np.eye(high - low, point.size, low)
        points = np.tile(point, (high - low, 1))
        matrix[low:high] = hessian_vector_product(
            net, points, columns, data, n_threads=n_threads
        )
    return (matrix + matrix.T) / 2


def _point(net: MLP, theta: Parameters) -> Float64Array:
    """One parameter vector in float64."""
    rows, _ = as_rows(net, theta)
    if len(rows) != 1:
        raise ParameterError(f"theta must be one point, got {len(rows)} replicas")
    point: Float64Array = rows[0].astype(np.float64, copy=False)
    return point

"""Curvature of the loss at a point: its trace, its extreme eigenvalues, and all if small."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check, random
from spinglass_nn._core.lanczos import BoolArray, extreme_pairs
from spinglass_nn._core.progress import track
from spinglass_nn._core.random import Seed, Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import NotConverged, ParameterError
from spinglass_nn.networks import MLP, Curvature, Parameters
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.statistics.estimate import Estimate, mean_estimate
from spinglass_nn.typing import RNG, Float64Array, LabelledData, ProgressLike

MAX_DENSE = 2000  # parameters; 32 MB and as many products
BATCH = 8  # probes at a time
FEWEST = 16  # probes before an error is believed
_CHUNK = 32
_MOST = 4096
_SINGLE = 1e-5  # relative residuals below this are beyond float32
ENDS = ("top", "bottom", "both")


@result()
class Eigenvalues:
    r"""Extreme eigenvalues of a curvature matrix and how exact they are.

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
        Products of the matrix with a vector taken.
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
    n_probes: int | None = None,
    tolerance: float | None = None,
    n_deflated: int | None = None,
    matrix: str = "hessian",
    layer: int | None = None,
    rng: RNG = None,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> Estimate:
    r"""Trace of the Hessian from random probes (Hutchinson's estimator).

    .. math:: \mathrm{tr}\, H = \langle v^T H v \rangle, \quad v_i = \pm 1

    With a few large eigenvalues most of the noise is theirs. So ``n_deflated`` directions Q that
    hold them are found first, with as many products, and their part
    :math:`\mathrm{tr}\, Q^T H Q` taken exactly, with as many again; the probes see the rest
    (Hutch++). Products are exact, in the precision of ``theta``. For ReLU the Hessian is that
    of the smooth pieces; the kinks between them, where the gradient jumps, have no part in it.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point.
    data : Dataset
        The loss is the mean over all of it.
    n_probes : int, optional
        At least 2; 32 by default. The error falls as one over its square root. With
        ``tolerance``, the most that may be taken, 4096 by default.
    tolerance : float, optional
        Take probes, 8 at a time and at least 16, until the standard error is at most this
        times the mean.
    n_deflated : int, optional
        Directions taken out first; by default none, and 10 with ``tolerance``.
    matrix, layer : str, int, optional
        Which matrix, or which diagonal block; see `spinglass_nn.networks.Curvature`.
    rng : Generator, SeedSequence, int or None
        Seed; probe k is the same whatever ``n_probes`` is.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.
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
    NotConverged
        If the error is still too large in the end; its ``last`` holds the estimate.

    References
    ----------
    M. F. Hutchinson, Communications in Statistics: Simulation and Computation 19 (1990) 433;
    R. A. Meyer, C. Musco, C. Musco and D. P. Woodruff, arXiv:2010.09649.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> hessian_trace(net, np.zeros(4), data, n_probes=4, rng=0).mean
    2.0
    """
    most = 32 if tolerance is None else _MOST
    n_probes = check.count(most if n_probes is None else n_probes, "n_probes", minimum=2)
    curvature = Curvature(net, theta, data, matrix=matrix, layer=layer, n_threads=n_threads)
    if tolerance is not None:
        tolerance = check.positive(tolerance, "tolerance")
    if n_deflated is None:
        n_deflated = 0 if tolerance is None else min(10, curvature.size // 4)
    n_deflated = check.count(n_deflated, "n_deflated", minimum=0)
    if n_deflated > curvature.size:
        raise ParameterError(f"n_deflated must be at most {curvature.size}, got {n_deflated}")
    seed = random.seed_of(rng)
    directions, known = _deflated(curvature, n_deflated, seed)
    samples: list[float] = []
    with track(n_probes, "Hessian trace", progress) as report:
        while len(samples) < n_probes:
            batch = range(len(samples), min(len(samples) + BATCH, n_probes))
            samples += _probed(curvature, batch, directions, seed)
            report(len(batch))
            if tolerance is not None and len(samples) >= FEWEST:
                estimate = known + mean_estimate(samples)
                if estimate.error <= tolerance * abs(estimate.mean):
                    return estimate
    estimate = known + mean_estimate(samples)
    if tolerance is not None and estimate.error > tolerance * abs(estimate.mean):
        raise NotConverged(
            f"the error must be at most {tolerance:g} of the trace, got {estimate} after "
            f"{n_probes} probes; raise n_probes or tolerance",
            estimate,
        )
    return estimate


def _deflated(curvature: Curvature, n: int, seed: Seed) -> tuple[Float64Array, float]:
    """Directions (n, size) that hold the largest eigenvalues, and the trace in them."""
    if n == 0:
        return np.zeros((0, curvature.size)), 0.0
    generators = (seed.generator(Stream.PROBES, k, 2) for k in range(n))
    sketch = np.stack([g.standard_normal(curvature.size) for g in generators])
    q = np.linalg.qr(np.asarray(curvature.product(sketch), dtype=np.float64).T)[0].T
    return q, float(np.vdot(q, curvature.product(q)))


def _probed(
    curvature: Curvature, probes: range, directions: Float64Array, seed: Seed
) -> list[float]:
    """What each probe sees of the trace outside the directions."""
    signs = np.empty((len(probes), curvature.size))
    for row, probe in enumerate(probes):
        draw = seed.generator(Stream.PROBES, probe)
        signs[row] = draw.integers(0, 2, curvature.size, dtype=np.int8) * 2.0 - 1.0
    if len(directions):
        signs -= (signs @ directions.T) @ directions
    products = np.asarray(curvature.product(signs), dtype=np.float64)
    return [float(np.dot(v, hv)) for v, hv in zip(signs, products, strict=True)]


def largest_eigenvalues(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    n: int = 1,
    end: str = "top",
    tolerance: float = 1e-3,
    max_iterations: int = 100,
    matrix: str = "hessian",
    layer: int | None = None,
    rng: RNG = 0,
    n_threads: int | None = None,
) -> Eigenvalues:
    """Largest eigenvalues of the Hessian, or smallest, by thick-restart Lanczos.

    Largest algebraically: a large negative one is found at the other end. After all have
    converged the search goes on for 8 products from a new random vector, so that equal
    eigenvalues, of which one vector sees only one, are not passed over. In the end every pair
    is multiplied once more for its residual.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point. Products are in its precision, in float64 for tolerances below 1e-5.
    data : Dataset
        The loss is the mean over all of it.
    n : int
        How many, at each end.
    end : {"top", "bottom", "both"}
        The largest, the smallest (most negative), or both.
    tolerance : float
        Each residual, of the matrix in the precision of the products, is at most this times
        the largest eigenvalue in size.
    max_iterations : int
        Restarts before giving up; each takes up to about 100 products.
    matrix, layer : str, int, optional
        Which matrix, or which diagonal block; see `spinglass_nn.networks.Curvature`.
    rng : Generator, SeedSequence, int or None
        Seed of the start vector. The default gives the same bits each time.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    Eigenvalues
        Values, residuals and vectors; for both ends first those of the top.

    Raises
    ------
    NotConverged
        If a residual is too large in the end; its ``last`` holds the values found so far.
    ParameterError
        If ``n`` is not below the number of parameters, or several points are given.

    References
    ----------
    K. Wu and H. Simon, SIAM Journal on Matrix Analysis and Applications 22 (2000) 602.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> largest_eigenvalues(net, np.zeros(4), data, n=3).values.round(6)
    array([2. , 2. , 0.5])
    """
    check.choice(end, "end", ENDS)
    tolerance = check.positive(tolerance, "tolerance")
    max_iterations = check.count(max_iterations, "max_iterations")
    point = as_rows(net, theta)[0]
    if tolerance < _SINGLE:
        point = point.astype(np.float64, copy=False)
    curvature = Curvature(
        net, point[0] if len(point) == 1 else point, data,
        matrix=matrix, layer=layer, n_threads=n_threads,
    )  # fmt: skip
    n = check.count(n, "n")
    wanted = 2 * n if end == "both" else n
    if wanted >= curvature.size:
        raise ParameterError(f"n must be below the {curvature.size} parameters, got {n}")
    counts = (n if end != "top" else 0, n if end != "bottom" else 0)
    generator = random.seed_of(rng).generator(Stream.PROBES, 0, 1)
    pairs = extreme_pairs(
        curvature.product, curvature.size, counts, tolerance, max_iterations, generator
    )
    values, vectors = pairs.values[::-1], np.ascontiguousarray(pairs.vectors[::-1])
    products = np.asarray(curvature.product(vectors), dtype=np.float64)
    residuals = np.linalg.norm(products - values[:, None] * vectors, axis=1)
    found = Eigenvalues(values, residuals, vectors, pairs.n_products + len(values))
    _check_converged(found, pairs.converged[::-1], tolerance, pairs.norm)
    return found


def _check_converged(
    found: Eigenvalues, converged: BoolArray, tolerance: float, norm: float
) -> None:
    n, allowed = len(converged), tolerance * norm
    good = converged & (found.residuals <= allowed)
    if good.all():
        return
    last = Eigenvalues(
        found.values[good], found.residuals[good], found.vectors[good], found.n_products
    )
    raise NotConverged(
        f"{n} eigenvalues must converge to {tolerance:g}, got {int(good.sum())} after "
        f"{found.n_products} products (worst residual {found.residuals.max():.3g}, allowed "
        f"{allowed:.3g}); raise max_iterations or tolerance",
        last,
    )


def dense_hessian(
    net: MLP,
    theta: Parameters,
    data: LabelledData,
    *,
    matrix: str = "hessian",
    layer: int | None = None,
    n_threads: int | None = None,
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
    matrix, layer : str, int, optional
        Which matrix, or which diagonal block; see `spinglass_nn.networks.Curvature`.
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
    rows = as_rows(net, theta)[0].astype(np.float64, copy=False)
    curvature = Curvature(
        net, rows[0] if len(rows) == 1 else rows, data,
        matrix=matrix, layer=layer, n_threads=n_threads,
    )  # fmt: skip
    size = curvature.size
    if size > MAX_DENSE:
        raise ParameterError(
            f"net must have at most {MAX_DENSE} parameters for a dense Hessian, got "
            f"{size}; take hessian_trace or largest_eigenvalues"
        )
    full = np.empty((size, size))
    for low in range(0, size, _CHUNK):
        high = min(low + _CHUNK, size)
        full[low:high] = curvature.product(np.eye(high - low, size, low))
    return (full + full.T) / 2

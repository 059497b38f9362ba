"""Planes through parameter space: through three points, or along two directions."""

from __future__ import annotations

import itertools

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, random
from spinglass_nn._core.random import Stream
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.landscape.sharpness import unit_norms
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import RNG, Float64Array, FloatArray

SCALINGS = ("filter", "layer", "norm", "unit")


@result()
class Plane:
    r"""A grid on a plane, :math:`\theta(x, y) = \theta_0 + x\,u + y\,v`.

    Parameters
    ----------
    network : MLP
        Network whose parameters these are.
    origin : array (n_parameters,)
        The point :math:`\theta_0`, float32 or float64.
    directions : array (2, n_parameters)
        u and v, of any length; coordinates count their lengths.
    x, y : float64 arrays (nx,), (ny,)
        Coordinates of the grid, increasing.
    marks : float64 array (n_marks, 2)
        Coordinates of points worth a mark.
    mark_names : tuple of str
        Their names.
    name : str
        What the plane is called in figures.

    Raises
    ------
    ShapeError
        If something does not fit the network, or the names not the marks.
    ParameterError
        If coordinates do not increase.
    """

    network: MLP
    origin: FloatArray
    directions: FloatArray
    x: Float64Array
    y: Float64Array
    marks: Float64Array
    mark_names: tuple[str, ...] = ()
    name: str = "plane"

    def __post_init__(self) -> None:
        origin, n = np.asarray(self.origin), self.network.n_parameters
        dtype = origin.dtype if origin.dtype in (np.float32, np.float64) else np.float64
        marks = check.array(self.marks, "marks", shape=(None, 2))
        names = tuple(self.mark_names)
        if len(names) != len(marks):
            raise ShapeError(
                f"mark_names must hold {len(marks)} names, one for each of marks, "
                f"got {len(names)}"
            )
        checked = {
            "origin": check.array(origin, "origin", shape=(n,), dtype=dtype),
            "directions": check.array(self.directions, "directions", shape=(2, n), dtype=dtype),
            "x": _grid(self.x, "x"),
            "y": _grid(self.y, "y"),
            "marks": marks,
            "mark_names": names,
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    def __repr__(self) -> str:
        return f"<{self.name}: {self.x.size} x {self.y.size} points of {self.network}>"

    def at(self, x: float, y: float) -> Replica:
        """The point with given coordinates, in the precision of the origin."""
        x, y = check.number(x, "x"), check.number(y, "y")
        u, v = self.directions.astype(np.float64)
        return Replica(
            self.network, (self.origin + x * u + y * v).astype(self.origin.dtype, copy=False)
        )

    @property
    def distance(self) -> Float64Array:
        """Euclidean distance of every grid point from the origin, (ny, nx)."""
        u, v = self.directions.astype(np.float64)
        x, y = self.x[None, :], self.y[:, None]
        # no BLAS for so little work
        squares = x**2 * (u * u).sum() + 2 * x * y * (u * v).sum() + y**2 * (v * v).sum()
        distance: Float64Array = np.sqrt(np.maximum(squares, 0))
        return distance


def _grid(values: ArrayLike, name: str) -> Float64Array:
    """Coordinates of a grid along one axis."""
    grid: Float64Array = check.array(values, name, shape=(None,))
    if not grid.size or not (np.diff(grid) > 0).all():
        raise ParameterError(f"{name} must hold numbers that increase, got others")
    return grid


def plane_through(
    a: Replica,
    b: Replica,
    c: Replica,
    *,
    n_points: int = 51,
    margin: float = 0.2,
    names: tuple[str, str, str] = ("a", "b", "c"),
    name: str = "plane through three points",
) -> Plane:
    """The plane through three points, with Euclidean distances as coordinates.

    The origin is a; x points to b, and c lies at y > 0.

    Parameters
    ----------
    a, b, c : Replica
        Points of one network that do not lie on a line; they are marked.
    n_points : int
        Grid points along each side.
    margin : float
        How far the grid goes beyond the points, as a share of their spread.
    names : tuple of three str
        Names of the marks.
    name : str
        What the plane is called in figures.

    Returns
    -------
    Plane
        In float32 if all three points are.

    Raises
    ------
    ParameterError
        If the points belong to different networks or lie on a line.

    References
    ----------
    T. Garipov et al., Loss surfaces, mode connectivity, and fast ensembling of DNNs,
    NeurIPS 2018 (arXiv:1802.10026).
    """
    if not a.network == b.network == c.network:
        raise ParameterError(
            f"a, b and c must belong to one network, got {a.network}, {b.network} and "
            f"{c.network}"
        )
    n_points = check.count(n_points, "n_points", minimum=2)
    margin = check.non_negative(margin, "margin")
    start = a.weights.astype(np.float64)
    u, w = b.weights - start, c.weights - start
    length, reach = np.sqrt((u * u).sum()), np.sqrt((w * w).sum())
    u = u / (length or 1.0)
    across = (w * u).sum()
    v = w - across * u
    height = np.sqrt((v * v).sum())
    if not (length > 0 and height > 1e-6 * reach):  # float32 points lie on no line exactly
        raise ParameterError("a, b and c must not lie on a line")
    marks = np.array([[0.0, 0.0], [length, 0.0], [across, height]])
    low, high = marks.min(axis=0), marks.max(axis=0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    dtype = np.result_type(a.weights, b.weights, c.weights)
    return Plane(
        a.network,
        a.weights.astype(dtype),
        np.stack([u, v / height]).astype(dtype),
        np.linspace(low[0], high[0], n_points),
        np.linspace(low[1], high[1], n_points),
        marks,
        names,
        name,
    )


def plane(
    a: Replica,
    u: ArrayLike,
    v: ArrayLike,
    *,
    span: float | tuple[float, float] = 1.0,
    n_points: int = 51,
    orthogonal: bool = False,
    name: str = "plane",
) -> Plane:
    """The plane through a point along two directions, such as `random_direction` gives.

    Parameters
    ----------
    a : Replica
        The origin, which is marked.
    u, v : array (n_parameters,)
        Directions; they are not normalised.
    span : float or (float, float)
        From which to which coordinate on both axes; one number stands for both signs of it.
    n_points : int
        Grid points along each side; an odd number has the origin.
    orthogonal : bool
        Take from v its part along u, and restore its length.
    name : str
        What the plane is called in figures.

    Returns
    -------
    Plane
        In the precision of a.

    Raises
    ------
    ShapeError
        If a direction does not fit the network.
    ParameterError
        If the span is empty, or the directions are zero or parallel.
    """
    first = check.array(u, "u", shape=a.weights.shape)
    second = check.array(v, "v", shape=a.weights.shape)
    ends = (-span, span) if isinstance(span, (int, float)) else tuple(span)
    if len(ends) != 2:
        raise ParameterError(f"span must be a number or two, got {span!r}")
    low, high = (check.number(end, "span") for end in ends)
    if not low < high:
        raise ParameterError(f"span must go from a lower to a higher number, got {ends}")
    n_points = check.count(n_points, "n_points", minimum=2)
    squares = (first * first).sum(), (second * second).sum()
    between = (first * second).sum()
    if squares[0] * squares[1] - between**2 <= 1e-12 * squares[0] * squares[1]:
        raise ParameterError("u and v must be two different directions, not zero or parallel")
    if orthogonal:
        second = second - between / squares[0] * first
        second = second * np.sqrt(squares[1] / (second * second).sum())
    grid = np.linspace(low, high, n_points)
    origin = np.zeros((1, 2))
    return Plane(
        a.network, a.weights, np.stack([first, second]), grid, grid, origin, ("origin",), name
    )


def random_direction(
    a: Replica, *, scaling: str = "filter", index: int = 0, rng: RNG = None
) -> Float64Array:
    """A Gaussian direction, scaled to a point so that coordinates mean relative changes.

    Parameters
    ----------
    a : Replica
        The point.
    scaling : {"filter", "layer", "norm", "unit"}
        Every hidden or output unit (its input weights with its bias) gets the norm of the
        unit in ``a``; every layer that of the layer; the whole vector that of ``a``; or
        length 1. What is zero in ``a`` stays zero in the direction.
    index : int
        Which direction; those of one seed are independent.
    rng : Generator, SeedSequence, int or None
        Seed.

    Returns
    -------
    float64 array (n_parameters,)
        The direction.

    References
    ----------
    H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018
    (arXiv:1712.09913), there for filters of convolutions and without biases.
    """
    check.choice(scaling, "scaling", SCALINGS)
    index = check.count(index, "index", minimum=0)
    generator = random.seed_of(rng).generator(Stream.DIRECTIONS, index)
    direction: Float64Array = generator.standard_normal(a.network.n_parameters)
    point = a.weights.astype(np.float64)
    if scaling == "filter":
        return direction * unit_norms(a.network, point) / unit_norms(a.network, direction)
    if scaling == "layer":
        begin = 0
        for n_in, n_out in itertools.pairwise(a.network.sizes):
            size = (n_in + a.network.bias) * n_out
            part = direction[begin : begin + size]
            length = np.sqrt((point[begin : begin + size] ** 2).sum())
            part *= length / np.sqrt((part**2).sum())
            begin += size
        return direction
    length = np.sqrt((point**2).sum()) if scaling == "norm" else 1.0
    direction *= length / np.sqrt((direction**2).sum())
    return direction

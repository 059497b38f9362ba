"""Curvature matrices of the loss at a point, as operators that multiply many vectors at once."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check, threads
from spinglass_nn.errors import ParameterError, ShapeError
from spinglass_nn.networks import _blocks
from spinglass_nn.networks import _curvature_kernels as kernels
from spinglass_nn.networks._packing import BLOCK, MATRICES, RUN, Plan
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Parameters, as_rows
from spinglass_nn.typing import Float64Array, FloatArray, LabelledData

HELD_BYTES = 2**28  # activations and errors of the point that are kept between products


class Curvature:
    r"""A curvature matrix of the mean loss at one point, known by its products.

    With the outputs :math:`z_i(\theta)`, their Jacobian :math:`J_i`, and the gradient
    :math:`e_i` and Hessian :math:`B_i` of the loss :math:`\ell(z_i, y_i)` in the outputs:

    - ``"hessian"``: :math:`H = n^{-1} \sum_i (J_i^T B_i J_i + \sum_c e_{ic} \nabla^2 z_{ic})`;
    - ``"gauss_newton"``: :math:`G = n^{-1} \sum_i J_i^T B_i J_i`, without the network's own
      bends; never negative;
    - ``"fisher"``: :math:`F = n^{-1} \sum_i \langle g_i g_i^T \rangle_y` with the gradients
      :math:`g_i` of :math:`-\log p(y|x_i)` averaged over labels that the *network* draws. It is
      G for the cross-entropy (softmax) and the squared error (a Gaussian of unit variance);
    - ``"empirical_fisher"``: :math:`n^{-1} \sum_i g_i g_i^T` with the labels of the *data*, the
      second moment of the gradients per sample. It is not an estimate of the Fisher matrix.

    Activations and errors at the point are found once and kept, if they take no more than
    256 MiB; products then cost two passes over the data instead of three. For ReLU the Hessian
    is that of the smooth pieces; the kinks between them have no part in it.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    theta : Replica or array (n_parameters,)
        One point. Products are in its precision; sums over samples are kept in float64.
    data : Dataset
        The loss is the mean over all of it.
    matrix : {"hessian", "gauss_newton", "fisher", "empirical_fisher"}
        Which matrix.
    layer : int, optional
        Only the diagonal block of this layer's parameters, weights and biases; from 0.
    n_threads : int, optional
        Default: all cores. Results do not depend on it.

    Raises
    ------
    ParameterError
        If there are several points, ``matrix`` is unknown, there is no such layer, or the
        Fisher matrix of the squared hinge is asked for, which is no log-likelihood.

    References
    ----------
    B. A. Pearlmutter, Neural Computation 6 (1994) 147; N. N. Schraudolph, Neural Computation
    14 (2002) 1723; J. Martens, arXiv:1412.1193.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> curvature = sg.networks.Curvature(net, np.zeros(4), data)
    >>> curvature.product(np.eye(4)).diagonal()
    array([0.5, 2. , 0.5, 2. ])
    """

    def __init__(
        self,
        net: MLP,
        theta: Parameters,
        data: LabelledData,
        *,
        matrix: str = "hessian",
        layer: int | None = None,
        n_threads: int | None = None,
    ) -> None:
        rows, _ = as_rows(net, theta)
        if len(rows) != 1:
            raise ParameterError(f"theta must be one point, got {len(rows)} replicas")
        check.choice(matrix, "matrix", MATRICES)
        if matrix == "fisher" and net.loss == "squared_hinge":
            raise ParameterError(
                "matrix must not be 'fisher' for the squared hinge, which is no log-likelihood;"
                " take 'gauss_newton'"
            )
        self._net, self._matrix, self._n_threads = net, matrix, n_threads
        self._span = _span(net, layer)
        self._engine = Engine(net, rows[0], data, matrix, hold=True)

    def __repr__(self) -> str:
        return f"<{self._matrix} of {self._net}, {self.size} x {self.size}, {self.dtype}>"

    @property
    def size(self) -> int:
        """Rows of the matrix."""
        return int(self._span.stop - self._span.start)

    @property
    def dtype(self) -> np.dtype[Any]:
        """Precision of the products."""
        return self._engine.plan.dtype

    def product(self, vectors: NDArray[Any]) -> FloatArray:
        """Multiply one vector or many.

        Parameters
        ----------
        vectors : array (size,) or (k, size)
            One vector a row; several together cost less than one by one, and give the same
            bits.

        Returns
        -------
        array, shape of ``vectors``
            The products, one a row.

        Raises
        ------
        ShapeError
            If the last axis does not fit.
        """
        given = check.array(vectors, "vectors", dtype=self.dtype)
        if given.ndim not in (1, 2) or given.shape[-1] != self.size:
            raise ShapeError(
                f"vectors must have shape ({self.size},) or (k, {self.size}), got {given.shape}"
            )
        rows = np.atleast_2d(given)
        if self.size < self._net.n_parameters:
            rows = np.zeros((len(rows), self._net.n_parameters), dtype=self.dtype)
            rows[:, self._span] = given
        products = self._engine.products(rows, self._n_threads)[:, self._span]
        return products.reshape(given.shape)


def _span(net: MLP, layer: int | None) -> slice:
    """The parameters of a layer, or all of them."""
    if layer is None:
        return slice(0, net.n_parameters)
    layer = check.count(layer, "layer", minimum=0)
    if layer >= net.n_layers:
        raise ParameterError(f"layer must be below {net.n_layers} for {net}, got {layer}")
    pairs = itertools.pairwise(net.sizes)
    ends = np.cumsum([0, *(n_out * (n_in + net.bias) for n_in, n_out in pairs)])
    return slice(int(ends[layer]), int(ends[layer + 1]))


class _Rooms:
    """Memory for products of ``k`` vectors at once, to be used again."""

    def __init__(self, plan: Plan, n_segments: int, k: int) -> None:
        n_sums = k * plan.n_sums
        self.k = k
        self.totals = threads.Lent(lambda: np.empty((n_segments, n_sums)))
        self.blocks = threads.Lent(lambda: (plan.scratch(k), np.empty(n_sums, plan.dtype)))


class Engine:
    """Products at one point; with ``hold`` what belongs to the point alone is kept."""

    def __init__(
        self, net: MLP, theta: FloatArray, data: LabelledData, matrix: str, *, hold: bool
    ) -> None:
        if net.activation == "sign":
            raise ParameterError(
                "net must have an activation with a derivative for curvature, got 'sign'"
            )
        self.plan = Plan(net, theta.dtype)
        self._theta = np.ascontiguousarray(theta)
        self._layout, self._matrix = net.layout, MATRICES[matrix]
        self._source = _blocks.source(net, data, theta.dtype)
        self._weights = self.plan.weights(self._theta)
        per_sample = 3 * sum(net.sizes[1:]) * theta.dtype.itemsize
        self._hold = hold and per_sample * self._source.n_samples <= HELD_BYTES
        self._points: dict[int, kernels.Point] = {}
        self._rooms: dict[int, _Rooms] = {}

    def products(self, vectors: FloatArray, n_threads: int | None) -> FloatArray:
        """Products (k, n_parameters); the same for any grouping and number of threads."""
        out = np.empty(vectors.shape, dtype=self.plan.dtype)
        segments = self._source.segments()
        for low, high in self.plan.groups(len(vectors)):
            packed, k = self.plan.vectors(vectors[low:high]), high - low
            rooms = self._rooms.setdefault(k, _Rooms(self.plan, len(segments), k))
            with rooms.totals.one() as totals:

                def work(
                    number: int,
                    packed: kernels.Vectors = packed,
                    rooms: _Rooms = rooms,
                    totals: Float64Array = totals,
                ) -> None:
                    self._segment(segments[number], packed, rooms, totals[number])

                threads.run(work, range(len(segments)), n_threads)
                total = np.add.reduce(totals)
            out[low:high] = self.plan.unpacked(total, k) / self._source.n_samples
        return out

    def _segment(
        self,
        segment: tuple[int, int],
        packed: kernels.Vectors,
        rooms: _Rooms,
        total: Float64Array,
    ) -> None:
        """Products summed over a segment, as the kernels leave them."""
        total[:] = 0
        with rooms.blocks.one() as (scratch, sums):
            for start in range(*segment, RUN):
                stop = min(start + RUN, segment[1])
                inputs = self._inputs(start, stop)
                point = self._points.get(start) or self._prepared(start, stop, inputs)
                sums[:] = 0
                kernels.add_products(
                    self._layout, self._matrix, self.plan.table, self._weights, packed, rooms.k,
                    inputs.reshape(-1), point, scratch, BLOCK, sums,
                )  # fmt: skip
                total += sums

    def _inputs(self, start: int, stop: int) -> FloatArray:
        rows = np.ascontiguousarray(self._source.inputs[start:stop], dtype=self.plan.dtype)
        rows.flags.writeable = False  # a view or a copy; so kernels are compiled for one kind
        return rows

    def _prepared(self, start: int, stop: int, inputs: FloatArray) -> kernels.Point:
        """The samples as seen from the point; what is kept is computed in float64.

        Of units within rounding of their kink it is then known on which side they are, and one
        unit of one sample on the wrong side may be most of the error of an eigenpair.
        """
        dtype = np.dtype(np.float64) if self._hold else self.plan.dtype
        point = self.plan.point(stop - start, dtype)
        labels = self._source.labels[start:stop]
        targets = self._source.targets[start:stop].astype(dtype, copy=False)
        theta, inputs = (a.astype(dtype, copy=False) for a in (self._theta, inputs))
        for values in (inputs, labels, targets):
            values.flags.writeable = False
        kernels.prepare(theta, self._layout, inputs, labels, targets, point)
        if self._hold:
            point = kernels.Point(*(a.astype(self.plan.dtype, copy=False) for a in point))
            self._points[start] = point
        return point

"""The Fisher-Rao norm: how much the outputs change when all parameters grow together."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from spinglass_nn._core import check
from spinglass_nn.networks import MLP, Curvature, Parameters
from spinglass_nn.networks.parameters import as_rows
from spinglass_nn.typing import LabelledData

MATRICES = ("fisher", "empirical_fisher", "gauss_newton")


def fisher_rao_norm(
    net: MLP,
    points: Parameters,
    data: LabelledData,
    *,
    matrix: str = "fisher",
    n_threads: int | None = None,
) -> Any:
    r"""Length of the parameter vector in the metric of the Fisher matrix.

    .. math:: |\theta|_{fr} = \sqrt{\theta^T F\, \theta}

    Rescaling units leaves it alone, with biases or without: the outputs change equally along
    both vectors. For L weight layers of ReLU units without biases
    :math:`\sum_j \theta_j\, \partial f / \partial \theta_j = L f` (Euler), and with the
    empirical Fisher matrix the square is
    :math:`L^2 \langle (\nabla_f \ell \cdot f)^2 \rangle` over the samples.

    Parameters
    ----------
    net : MLP
        Architecture and loss.
    points : Replica, Replicas, or array (n_parameters,) or (n_replicas, n_parameters)
        Where.
    data : Dataset
        The Fisher matrix is a mean over all of it.
    matrix : {"fisher", "empirical_fisher", "gauss_newton"}
        Labels drawn by the network, those of the data, or the Gauss-Newton matrix, which the
        squared hinge has instead; see `spinglass_nn.networks.Curvature`.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.

    Returns
    -------
    float or array (n_replicas,)
        In float64.

    Raises
    ------
    ParameterError
        If ``matrix`` is unknown, or the Fisher matrix of the squared hinge is asked for.

    References
    ----------
    T. Liang, T. Poggio, A. Rakhlin and J. Stokes, Fisher-Rao metric, geometry, and complexity
    of neural networks, AISTATS 2019 (arXiv:1711.01530).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 2.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 2), loss="squared_error", bias=False)
    >>> fisher_rao_norm(net, np.array([0.0, 1.0, 0.0, 0.0]), data) ** 2  # an element of F
    2.0000000000000004
    """
    check.choice(matrix, "matrix", MATRICES)
    rows, single = as_rows(net, points)
    norms = np.empty(len(rows))
    for k, row in enumerate(rows.astype(np.float64, copy=False)):
        curvature = Curvature(net, row, data, matrix=matrix, n_threads=n_threads)
        norms[k] = math.sqrt(max(float(row @ curvature.product(row)), 0.0))
    return float(norms[0]) if single else norms

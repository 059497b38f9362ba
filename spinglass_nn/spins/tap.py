"""The equations of Thouless, Anderson and Palmer for one given model of pairs of spins.

With the reaction (Onsager) term of each site, as trained couplings are not independent. Energies
are of the whole system. How solutions are looked for is this package's choice; see the physics
page on layers for what goes wrong otherwise.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse.linalg import LinearOperator

from spinglass_nn._core import check
from spinglass_nn.errors import DataError
from spinglass_nn.spins import _tap_equations as equations
from spinglass_nn.spins import models
from spinglass_nn.spins._tap_run import sensitivity, solve
from spinglass_nn.spins.bond_matrix import BondMatrix, bonds_of, check_rows
from spinglass_nn.spins.models import PairModel
from spinglass_nn.spins.tap_solutions import TAPSensitivity, TAPSolutions
from spinglass_nn.typing import Float64Array

__all__ = [
    "TAPSensitivity",
    "TAPSolutions",
    "energy",
    "free_energy",
    "hessian",
    "hessian_operator",
    "plefka_index",
    "residual",
    "sensitivity",
    "solve",
]


def free_energy(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> Float64Array:
    r"""TAP free energy of the whole system.

    .. math:: F = -\tfrac12 \sum_{ij} J_{ij} m_i m_j - \sum_i h_i m_i
        - \tfrac{\beta}{4} \sum_{ij} J_{ij}^2 (1 - m_i^2)(1 - m_j^2)
        + T \sum_i \sum_\pm \tfrac{1 \pm m_i}{2} \ln \tfrac{1 \pm m_i}{2}

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model.
    magnetizations : array (..., n_spins)
        Between -1 and 1.
    temperature : float
        T.

    Returns
    -------
    array (...)
        F, one a configuration.

    Raises
    ------
    DataError
        If a magnetization is beyond ±1.

    References
    ----------
    .. [1] D. J. Thouless, P. W. Anderson and R. G. Palmer, Phil. Mag. 35, 593 (1977).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.SherringtonKirkpatrick(100, rng=1)
    >>> bool(free_energy(model, np.zeros(100), 2.0) < -200 * np.log(2))
    True
    """
    bonds, rows, beta, lead = _given(model, magnetizations, temperature)
    return equations.free_energy(bonds, rows, beta).reshape(lead)


def energy(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> Float64Array:
    r"""TAP energy of the whole system, :math:`\partial(\beta F) / \partial\beta` at fixed m.

    .. math:: U = -\tfrac12 \sum_{ij} J_{ij} m_i m_j - \sum_i h_i m_i
        - \tfrac{\beta}{2} \sum_{ij} J_{ij}^2 (1 - m_i^2)(1 - m_j^2)

    Parameters
    ----------
    model, magnetizations, temperature : PairModel, array (..., n_spins), float
        As of `free_energy`.

    Returns
    -------
    array (...)
        U, one a configuration; the energy of the state where m solves the equations.
    """
    bonds, rows, beta, lead = _given(model, magnetizations, temperature)
    return equations.energy(bonds, rows, beta).reshape(lead)


def residual(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> Float64Array:
    r"""What is left of the TAP equations, the gradient of :math:`\beta F`.

    .. math:: g_i = \mathrm{artanh}\, m_i - \beta h_i - \beta \sum_j J_{ij} m_j
        + \beta^2 m_i \sum_j J_{ij}^2 (1 - m_j^2)

    Parameters
    ----------
    model, magnetizations, temperature : PairModel, array (..., n_spins), float
        As of `free_energy`; magnetizations within ±1.

    Returns
    -------
    array (..., n_spins)
        Zero at a solution.
    """
    bonds, rows, beta, _ = _given(model, magnetizations, temperature, inside=True)
    left = np.arctanh(rows) - equations.Equations(bonds, beta).argument(rows)
    return left.reshape(np.shape(magnetizations))


def hessian(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> Float64Array:
    r"""Second derivatives of :math:`\beta F`, for small systems.

    .. math:: H_{ij} = \delta_{ij} \bigl[ (1 - m_i^2)^{-1} + \beta^2 \sum_l J_{il}^2 (1 - m_l^2)
        \bigr] - \beta J_{ij} - 2 \beta^2 m_i J_{ij}^2 m_j

    Parameters
    ----------
    model, temperature : PairModel, float
        As of `free_energy`.
    magnetizations : array (n_spins,)
        Within ±1, one configuration.

    Returns
    -------
    array (n_spins, n_spins)
        H; see `hessian_operator` for large systems.
    """
    operator = hessian_operator(model, magnetizations, temperature)
    n = operator.shape[0]
    models.refuse_if_larger(8.0 * n * n, f"the Hessian of {n} spins")
    found = operator @ np.eye(n)
    symmetric: Float64Array = (found + found.T) / 2
    return symmetric


def hessian_operator(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> LinearOperator:
    """The Hessian of `hessian` as SciPy's solvers take it.

    Parameters
    ----------
    model, magnetizations, temperature : PairModel, array (n_spins,), float
        As of `hessian`.

    Returns
    -------
    LinearOperator (n_spins, n_spins)
        Products with a vector and with matrices of columns.
    """
    bonds = bonds_of(model)
    m = check.array(magnetizations, "magnetizations", shape=(bonds.n_spins,))
    bonds, rows, beta, _ = _given(bonds, m, temperature, inside=True)
    diagonal = 1 / ((1 - m) * (1 + m))
    change = equations.Equations(bonds, beta).change

    def product(columns: Float64Array) -> Float64Array:
        vectors = columns.T.reshape(-1, m.size)
        image: Float64Array = diagonal * vectors - change(rows, vectors)
        return image.T.reshape(columns.shape)

    return LinearOperator(
        (m.size, m.size), dtype=np.float64, matvec=product, matmat=product, rmatvec=product
    )


def plefka_index(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float
) -> Float64Array:
    r"""Spectral radius of :math:`\beta^2 J_{ij}^2 (1 - m_j^2)^2`.

    The expansion that leads to the TAP free energy converges below 1 [1]_; for the model of
    Sherrington and Kirkpatrick this is :math:`\beta^2 (1 - 2 q_2 + q_4) < 1`, and for m = 0 on
    random couplings :math:`T_c^2 / T^2`.

    Parameters
    ----------
    model, magnetizations, temperature : PairModel, array (..., n_spins), float
        As of `free_energy`.

    Returns
    -------
    array (...)
        One index a configuration.

    Raises
    ------
    NotConverged
        If Lanczos iterations did not reach a relative 1e-6.

    References
    ----------
    .. [1] T. Plefka, J. Phys. A 15, 1971 (1982).
    """
    bonds, rows, beta, lead = _given(model, magnetizations, temperature)
    radius = np.array([equations.plefka(bonds, row, beta) for row in rows])
    return radius.reshape(lead)


def _given(
    model: PairModel | BondMatrix, magnetizations: ArrayLike, temperature: float,
    inside: bool = False,
) -> tuple[BondMatrix, Float64Array, float, tuple[int, ...]]:  # fmt: skip
    """Checked arguments: bonds, rows, beta and leading axes."""
    bonds = bonds_of(model)
    m = check_rows(magnetizations, bonds.n_spins, "magnetizations")
    beta = 1 / check.positive(temperature, "temperature")
    largest = float(np.abs(m).max(initial=0.0))
    if largest > 1 or (inside and largest == 1):
        wanted = "lie within ±1" if inside else "not be beyond ±1"
        raise DataError(f"magnetizations must {wanted}, got {largest:.17g} in size")
    return bonds, m.reshape(-1, bonds.n_spins), beta, m.shape[:-1]

"""Where the trivial state of one given model becomes unstable: its own critical temperature.

The equations of Thouless, Anderson and Palmer linearised at m = 0 read A(beta) m = 0 with
A = 1 + beta^2 diag(a) - beta J and a_i = sum_j J_ij^2, after Barney, Winer and Galitski,
arXiv:2408.06421. For random weights the lowest eigenvalue of A only touches zero in the limit
of many spins; for trained ones it crosses.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike

from spinglass_nn._core import check, threads
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, NotConverged, ParameterError
from spinglass_nn.spins._stability import Curve
from spinglass_nn.spins.bond_matrix import BondMatrix, bonds_of
from spinglass_nn.spins.models import PairModel
from spinglass_nn.typing import RNG, Float64Array

_FARTHEST = 2.0  # the scan goes down to T_g over this, and on while the curve falls
_ROUGH = 1e-3  # of the largest eigenvalue of J, in units of T_g


@result()
class Instability:
    r"""Critical temperature of one model by the linear instability of m = 0.

    Parameters
    ----------
    temperature : float
        T_c: the highest temperature at which the lowest eigenvalue of A is zero, or, if it
        never is, the one at which it is least.
    status : {"cross", "touch"}
        Whether the eigenvalue becomes negative or has a positive minimum.
    minimum, minimum_temperature : float
        The least value in the range searched, and where.
    glass_temperature : float
        :math:`T_g = \sqrt{\rho(J \circ J)}`, the transition of random couplings with these
        mean squares.
    ratio : float
        T_c / T_g; one in the glass.
    largest_eigenvalue : float
        Of J, an upper bound to T_c.
    direction : array (n_spins,)
        Eigenvector of A at T_c, of length 1: the order that sets in.
    residual : float
        :math:`|A v - \lambda v|` there.
    converged : bool
        Whether the residual is within the tolerance.
    n_products : int
        Products with J.
    """

    temperature: float
    status: str
    minimum: float
    minimum_temperature: float
    glass_temperature: float
    ratio: float
    largest_eigenvalue: float
    direction: Float64Array
    residual: float
    converged: bool
    n_products: int

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    @property
    def marginal(self) -> bool:
        """Whether it crosses by no more than finite samples of random couplings may.

        Their minima scatter by N^(-2/3), and of samples of 500 to 2000 spins one in twenty is
        negative by a little; T_c, the root, is then some per cent above the minimum.
        """
        least = self.direction.size ** (-2 / 3)
        return self.status == "cross" and self.minimum > -least

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        how = (
            f"the trivial state becomes unstable at T_c = {self.temperature:.5g}"
            if self.status == "cross"
            else f"the trivial state comes nearest to an instability at T_c = "
            f"{self.temperature:.5g}, with an eigenvalue of {self.minimum:.3g}"
        )
        hair = " by a hair, as random couplings may" if self.marginal else ""
        doubt = "" if self.converged else f" (not converged: residual {self.residual:.2g})"
        return f"{how}: {self.status}{hair}, T_c / T_g = {self.ratio:.4g}{doubt}"


@result()
class StabilityCurve:
    """Lowest eigenvalue of A = 1 + beta^2 diag(a) - beta J against temperature.

    Parameters
    ----------
    temperatures : array (n_temperatures,)
        As given.
    values : array (n_temperatures,)
        Lowest eigenvalues.
    slopes : array (n_temperatures,)
        Their derivatives with respect to beta.
    residuals : array (n_temperatures,)
        Of the eigenvectors; a value is off by about the square.
    n_products : int
        Products with J.
    """

    temperatures: Float64Array
    values: Float64Array
    slopes: Float64Array
    residuals: Float64Array
    n_products: int


def find(
    model: PairModel | BondMatrix, *, tolerance: float = 1e-5, rng: RNG = 0
) -> Instability:
    r"""Critical temperature of one given model from the instability of m = 0.

    The lowest eigenvalue of :math:`A(\beta) = 1 + \beta^2 \mathrm{diag}(a) - \beta J` is
    followed upward in beta from :math:`1/\lambda_{\max}(J)`, below which it is positive. Where
    it becomes negative, T_c is the root ("cross"); if it has only positive minima, T_c is at
    the lowest of them ("touch"), as for random couplings, where it is (1 - beta)^2 in the limit.
    At low temperature A is positive again; that second root is an artefact and never returned.
    Fields are left out.

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model.
    tolerance : float
        Of the residual at T_c.
    rng : Generator, SeedSequence, int or None
        Seed of the first vector; the result depends on it within the tolerance only.

    Returns
    -------
    Instability
        T_c with its status, T_g and what bears them out.

    Raises
    ------
    ParameterError
        If the model is none of pairs, or the tolerance is not positive.
    DataError
        If no spins are coupled.

    References
    ----------
    .. [1] R. Barney, M. Winer and V. Galitski, arXiv:2408.06421 (2024).

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> spins = np.ones(50)
    >>> model = sg.spins.LayeredIsing.from_weights([0.05 * np.outer(spins, spins)])
    >>> found = find(model)  # a ferromagnet of two layers, T_c = 2.5 but for 1/N
    >>> found.status, round(found.temperature, 3)
    ('cross', 2.449)
    """
    tolerance = check.positive(tolerance, "tolerance")
    bonds = bonds_of(model)
    if not bonds.row_squares.any():
        raise DataError("model must have couplings, got none but zeros")
    with threads.one_blas_thread():
        glass = math.sqrt(bonds.squares_radius())
        values = Curve(bonds, rng)
        largest = values.largest(_ROUGH * glass)
        first = 1 / largest if values.slope(1 / largest) < 0 else 0.25 / largest  # a few spins
        at, lowest = values.critical(first, max(_FARTHEST / glass, 2 * first), tolerance)
    status = "cross" if lowest.value < 0 else "touch"
    temperature = 1 / at.beta
    return Instability(
        temperature=temperature,
        status=status,
        minimum=lowest.value,
        minimum_temperature=1 / lowest.beta,
        glass_temperature=glass,
        ratio=temperature / glass,
        largest_eigenvalue=largest,
        direction=at.vector,
        residual=at.residual,
        converged=at.residual <= tolerance,
        n_products=values.space.n_products,
    )


def curve(
    model: PairModel | BondMatrix,
    temperatures: ArrayLike,
    *,
    tolerance: float = 1e-3,
    rng: RNG = 0,
) -> StabilityCurve:
    """Lowest eigenvalue of the linearised equations of `find` on a grid of temperatures.

    Parameters
    ----------
    model : PairModel or BondMatrix
        The model.
    temperatures : array (n_temperatures,)
        Positive, in any order.
    tolerance : float
        Of the residuals; eigenvalues are good to about its square over the gap.
    rng : Generator, SeedSequence, int or None
        Seed of the first vector; the result depends on it within the tolerance only.

    Returns
    -------
    StabilityCurve
        Values with slopes and residuals.

    Raises
    ------
    ParameterError
        If a temperature or the tolerance is not positive.
    NotConverged
        If a residual stays too large.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> model = sg.spins.SherringtonKirkpatrick(200, rng=1)
    >>> sg.spins.instability.curve(model, [2.0, 1.0]).values.round(2).tolist()
    [0.3, 0.1]
    """
    tolerance = check.positive(tolerance, "tolerance")
    given = checked_temperatures(temperatures)
    bonds = bonds_of(model)
    with threads.one_blas_thread():
        values = Curve(bonds, rng)
        points = {k: values.at(1 / given[k], tolerance) for k in np.argsort(-given)}
    found = [points[k] for k in range(given.size)]
    made = StabilityCurve(
        temperatures=given,
        values=np.array([point.value for point in found]),
        slopes=np.array([point.slope for point in found]),
        residuals=np.array([point.residual for point in found]),
        n_products=values.space.n_products,
    )
    if not (made.residuals <= tolerance).all():
        raise NotConverged(
            f"residuals must be at most {tolerance:g}, got {made.residuals.max():.2g}", made
        )
    return made


def checked_temperatures(temperatures: ArrayLike) -> Float64Array:
    """Positive temperatures (n_temperatures,), at least one."""
    given: Float64Array = np.atleast_1d(check.array(temperatures, "temperatures"))
    if given.ndim != 1 or not given.size or (given <= 0).any():
        raise ParameterError(
            f"temperatures must be a list of positive numbers, got {temperatures!r}"
        )
    return given

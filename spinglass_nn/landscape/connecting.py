"""Curves between two points with a few free control points, and what training them returns."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import comb

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.curves import LossCurve
from spinglass_nn.landscape.paths import Path
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, FloatArray

KINDS = ("bezier", "polygon")


@result()
class CurveState:
    """Where the training of a curve is; hand it back as ``state=`` to go on to the same bits.

    Parameters
    ----------
    network : MLP
        The network.
    controls : array (n_bends + 2, n_parameters)
        Control points, ends among them.
    slots : array (n_slots, n_bends x n_parameters)
        The optimizer's memory.
    n_steps : int
        Steps done.
    epoch_losses : array (n_epochs,)
        Mean loss of the minibatches of every whole epoch.
    under_way : float
        Summed loss of the samples seen in the epoch that is not at its end.
    settings : dict
        What must be the same when the run goes on.
    """

    network: MLP
    controls: FloatArray
    slots: FloatArray
    n_steps: int
    epoch_losses: Float64Array
    under_way: float
    settings: dict[str, Any]

    def __repr__(self) -> str:
        return f"<state of a curve of {self.network} after {self.n_steps} steps>"


@result()
class ConnectingCurve:
    r"""A trained curve :math:`\phi(t) = \sum_j c_j(t)\, w_j` between two points.

    Its highest loss is an upper bound on the barrier between the ends, and so is that of any
    path; it is taken at the points of ``curve``, between which it may be a little higher.

    Parameters
    ----------
    network : MLP
        The network.
    kind : {"bezier", "polygon"}
        The coefficients c, see `curve_coefficients`.
    controls : array (n_bends + 2, n_parameters)
        Control points w; the first and the last are the ends.
    curve : LossCurve
        Loss and accuracy at equally spaced t; its ``mean_by_length`` is the mean over the
        length of the curve.
    epoch_losses : array (n_epochs,)
        Mean loss of the minibatches of each epoch, at random t.
    state : CurveState
        Hand it back as ``state=`` to train on.
    """

    network: MLP
    kind: str
    controls: FloatArray
    curve: LossCurve
    epoch_losses: Float64Array
    state: CurveState

    def __repr__(self) -> str:
        loss = self.curve.loss
        return (
            f"<{self.curve.name} with {self.n_bends} bends after {self.epoch_losses.size} "
            f"epochs: highest loss {loss.max():.4g}, mean {loss.mean():.4g}, "
            f"barrier {self.curve.barrier:.4g}>"
        )

    @property
    def n_bends(self) -> int:
        """Control points between the ends."""
        return len(self.controls) - 2

    def at(self, t: float) -> Replica:
        """The point of the curve at t, from 0 to 1."""
        coefficients = curve_coefficients(
            self.kind, check.within(t, "t", 0, 1), len(self.controls)
        )
        return Replica(self.network, mixed(coefficients, self.controls))

    def path(self, n_points: int = 61) -> Path:
        """Straight legs between points of the curve at equally spaced t, and those points.

        Parameters
        ----------
        n_points : int
            Points, each a node; they take n_points x n_parameters numbers.

        Returns
        -------
        Path
            ``n_points - 1`` legs.
        """
        n_points = check.count(n_points, "n_points", minimum=2)
        t = np.linspace(0, 1, n_points)
        nodes = [
            mixed(row, self.controls)
            for row in curve_coefficients(self.kind, t, len(self.controls))
        ]
        return Path(self.network, np.stack(nodes), np.arange(float(n_points)), self.curve.name)


def curve_coefficients(kind: str, t: ArrayLike, n_controls: int) -> Float64Array:
    r"""How much of every control point is in the points of a curve.

    With K control points, a Bezier curve has the Bernstein polynomials
    :math:`\binom{K-1}{j} t^j (1-t)^{K-1-j}`, a polygonal chain
    :math:`\max(0, 1 - |(K-1) t - j|)`.

    Parameters
    ----------
    kind : {"bezier", "polygon"}
        Which curve.
    t : float or array (...)
        Where, from 0 to 1.
    n_controls : int
        K, ends among them.

    Returns
    -------
    array (..., n_controls)
        Not negative; they sum to one.

    References
    ----------
    Garipov et al. 2018 (arXiv:1802.10026).

    Examples
    --------
    >>> curve_coefficients("bezier", 0.5, 3)
    array([0.25, 0.5 , 0.25])
    """
    check.choice(kind, "kind", KINDS)
    last = check.count(n_controls, "n_controls", minimum=2) - 1
    where = check.array(t, "t").reshape(np.shape(t))
    if not ((where >= 0) & (where <= 1)).all():
        raise ParameterError(f"t must lie in [0, 1], got {where.min():g} to {where.max():g}")
    where, j = where[..., None], np.arange(last + 1)
    if kind == "polygon":
        return np.maximum(0.0, 1.0 - np.abs(where * last - j))
    found: Float64Array = comb(last, j) * where**j * (1 - where) ** (last - j)
    return found


def mixed(coefficients: Float64Array, controls: FloatArray) -> FloatArray:
    """One mixture of the control points, in their precision."""
    total = np.zeros(controls.shape[1])
    for c, control in zip(coefficients, controls, strict=True):
        if c:
            total += c * control
    return total.astype(controls.dtype)

"""How a walk proposes its next point: all parameters at once, or one part of them.

A kind of move divides the parameters into parts. Either all parts move, each by a share of the
step that its norm at the start sets, or one part, drawn at random, moves alone.
"""

from __future__ import annotations

import itertools
from abc import ABC, abstractmethod
from typing import ClassVar

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP
from spinglass_nn.typing import IntArray


class Move(ABC):
    """A kind of move; its proposals do not depend on where the walker is, and are symmetric.

    Attributes
    ----------
    alone : bool
        Whether one part moves at a time. The loss of such a move is found from what the last
        one left, not from scratch.
    on_sphere : bool
        Whether the move may be scaled back to the starting norm.
    """

    __slots__ = ()
    alone: ClassVar[bool] = False
    on_sphere: ClassVar[bool] = False

    @abstractmethod
    def parts(self, net: MLP) -> IntArray:
        """Number of the part that each parameter belongs to.

        Parameters
        ----------
        net : MLP
            The network walked with.

        Returns
        -------
        int64 array (n_parameters,)
            From 0 to the number of parts less one.
        """


@result()
class Isotropic(Move):
    r"""All parameters move, in a direction without preference.

    .. math:: \theta' = \theta + r\, g / |g|, \qquad g \sim N(0, 1)^N

    Every move has the length r.
    """

    on_sphere = True

    def parts(self, net: MLP) -> IntArray:
        """All in one."""
        return np.zeros(net.n_parameters, dtype=np.int64)


@result()
class PerLayer(Move):
    r"""All parameters move, each layer in proportion to its norm at the start.

    .. math:: \theta'_l = \theta_l + r\, \frac{|\theta_l(0)|}{|\theta(0)|}\, \frac{g_l}{|g_l|}

    A layer is its weights and biases together. Every move has the length r, and
    :math:`r / |\theta(0)|` is what it is in units of any layer's norm: the excursion of the
    walk is that of each layer. A layer that is zero at the start stays zero. Norms are those
    of the start, not of the point reached, so that Metropolis keeps detailed balance.

    Examples
    --------
    >>> PerLayer().parts(MLP(sizes=(2, 1, 2)))
    array([0, 0, 0, 1, 1, 1, 1])
    """

    def parts(self, net: MLP) -> IntArray:
        """One for each layer."""
        sizes = [
            n_out * (n_in + bool(net.bias)) for n_in, n_out in itertools.pairwise(net.sizes)
        ]
        return np.repeat(np.arange(net.n_layers, dtype=np.int64), sizes)


@result()
class PerUnit(Move):
    r"""All parameters move, each unit in proportion to its norm at the start.

    As `PerLayer`, with units for layers: a part is the weights into one hidden or output unit
    and its bias. It is the filter-normalised direction of Li et al., drawn at every step.

    References
    ----------
    H. Li et al., Visualizing the loss landscape of neural nets, NeurIPS 2018
    (arXiv:1712.09913), there for filters of convolutions and without biases.

    Examples
    --------
    >>> PerUnit().parts(MLP(sizes=(2, 1, 2)))
    array([0, 0, 0, 1, 2, 1, 2])
    """

    def parts(self, net: MLP) -> IntArray:
        """One for each unit, with its bias."""
        found: list[IntArray] = []
        begin = 0
        for n_in, n_out in itertools.pairwise(net.sizes):
            units = np.arange(begin, begin + n_out, dtype=np.int64)
            found += [np.repeat(units, n_in), *([units] if net.bias else [])]
            begin += n_out
        return np.concatenate(found)


@result()
class OneUnit(Move):
    r"""The weights into one unit and its bias move; which unit is drawn at each step.

    .. math:: \theta'_j = \theta_j + r\, g / \sqrt{n_j}, \qquad g \sim N(0, 1)^{n_j}

    j is any hidden or output unit, each with equal probability, so that every parameter is
    reached and Metropolis samples the whole space; :math:`n_j` counts its weights and bias.
    r is the root mean square length of a move. Weights out of a unit move with the units
    they lead to.
    """

    alone = True

    def parts(self, net: MLP) -> IntArray:
        """One for each unit, with its bias."""
        return PerUnit().parts(net)


@result()
class OneWeight(Move):
    r"""One parameter moves; which one is drawn at each step.

    .. math:: \theta'_k = \theta_k + r\, g, \qquad g \sim N(0, 1)

    k is any weight or bias, each with equal probability. r is the root mean square length of
    a move; a Gaussian length, not r itself, lets the walk reach every value.
    """

    alone = True

    def parts(self, net: MLP) -> IntArray:
        """Each for itself."""
        return np.arange(net.n_parameters, dtype=np.int64)


ISOTROPIC = Isotropic()

"""Affine families: thousands of mixtures of a few points, none of which is ever held."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.landscape.curves import check_network, data_sets, means
from spinglass_nn.networks import _affine, _blocks
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.typing import Float64Array, FloatArray, LabelledData, ProgressLike


@result()
class AffineFamily:
    r"""Mixtures of parameter vectors, :math:`\theta_p = \sum_k c_{pk} v_k`.

    Averages of m solutions have them as vectors and rows of weights that sum to one; a plane
    has a point and two directions, with rows (1, x, y); interpolations between permuted
    copies have the copies.

    Parameters
    ----------
    network : MLP
        Network whose parameters the vectors are.
    vectors : array (n_vectors, n_parameters)
        Points or directions, float32 or float64.
    coefficients : float64 array (n_points, n_vectors)
        One mixture a row; zeros cost nothing.
    name : str
        What the family is called.

    Raises
    ------
    ShapeError
        If the vectors do not fit the network or the coefficients not the vectors.
    ParameterError
        If there is no vector or no point.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(2, 3, 2))
    >>> solutions = sg.networks.initialize(net, n_replicas=3, rng=0)
    >>> weights = np.random.default_rng(0).dirichlet(np.ones(3), size=1000)
    >>> AffineFamily(net, solutions.weights, weights, name="averages")
    <averages: 1000 mixtures of 3 vectors of MLP(2-3-2, relu, cross_entropy)>
    """

    network: MLP
    vectors: FloatArray
    coefficients: Float64Array
    name: str = "affine family"

    def __post_init__(self) -> None:
        vectors = np.asarray(self.vectors)
        dtype = vectors.dtype if vectors.dtype in (np.float32, np.float64) else np.float64
        shape = (None, self.network.n_parameters)
        vectors = check.array(vectors, "vectors", shape=shape, dtype=dtype)
        shape = (None, len(vectors))
        coefficients = check.array(self.coefficients, "coefficients", shape=shape)
        if not coefficients.size:
            raise ParameterError(
                f"coefficients must hold at least one point and one vector, "
                f"got shape {coefficients.shape}"
            )
        object.__setattr__(self, "vectors", vectors)
        object.__setattr__(self, "coefficients", coefficients)

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {len(self)} mixtures of {len(self.vectors)} vectors "
            f"of {self.network}>"
        )

    def __len__(self) -> int:
        return int(self.coefficients.shape[0])

    def at(self, index: int) -> Replica:
        """The point with a number, as a replica in the precision of the vectors."""
        weights = np.zeros(self.network.n_parameters)
        for c, vector in zip(self.coefficients[index], self.vectors, strict=True):
            weights += c * vector
        return Replica(self.network, weights.astype(self.vectors.dtype))


@result()
class FamilyLosses:
    """Loss and accuracy at the points of an affine family.

    Parameters
    ----------
    loss, accuracy : float64 arrays (n_points,)
        On the data; the accuracy is NaN for regression.
    test_loss, test_accuracy : float64 arrays (n_points,) or None
        On the held-out data; None if there are none.
    name : str
        What the family is called.
    """

    loss: Float64Array
    accuracy: Float64Array
    test_loss: Float64Array | None = None
    test_accuracy: Float64Array | None = None
    name: str = "affine family"


def family_losses(
    net: MLP,
    data: LabelledData,
    family: AffineFamily,
    *,
    test: bool = True,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> FamilyLosses:
    """Loss and accuracy at every point of an affine family, on all samples.

    First-layer sums are mixtures of those of the vectors, which are computed once, and once
    for a hidden unit that stands in several of them.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    family : AffineFamily
        Where to look; float32 vectors are evaluated in float32.
    test : bool
        Also on ``data.test``, if there is one.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.

    Returns
    -------
    FamilyLosses
        Equal to `spinglass_nn.networks.evaluate` at each point, to rounding.

    Raises
    ------
    ParameterError
        If the family belongs to another network.
    ShapeError
        If the data do not fit the network.
    """
    check_network(net, family.network, family.name)
    sets = data_sets(data, test)
    sources = [_blocks.source(net, one, family.vectors.dtype) for one in sets]
    terms = _affine.from_matrix(family.coefficients)
    sums = _affine.sums(
        net, family.vectors, terms, sources, n_threads, progress=progress, title=family.name
    )
    found = means(sums, sources)
    held_out = len(found) > 1
    return FamilyLosses(
        found[0, :, 0].copy(),
        found[0, :, 1].copy(),
        found[1, :, 0].copy() if held_out else None,
        found[1, :, 1].copy() if held_out else None,
        family.name,
    )

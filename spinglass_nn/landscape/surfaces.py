"""Loss and accuracy on a plane."""

from __future__ import annotations

import numpy as np

from spinglass_nn._core.results import result
from spinglass_nn.landscape.families import AffineFamily, family_losses
from spinglass_nn.landscape.planes import Plane
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike


@result()
class LossSurface:
    """Loss and accuracy on the grid of a plane; rows are y, columns x.

    Parameters
    ----------
    x, y : float64 arrays (nx,), (ny,)
        Coordinates, in lengths of the two directions.
    distance : float64 array (ny, nx)
        Euclidean distance from the origin of the plane.
    loss, accuracy : float64 arrays (ny, nx)
        On the data; the accuracy is NaN for regression.
    test_loss, test_accuracy : float64 arrays (ny, nx) or None
        On the held-out data; None if there are none.
    marks : float64 array (n_marks, 2)
        Coordinates of points worth a mark.
    mark_names : tuple of str
        Their names.
    name : str
        What the plane is called.
    """

    x: Float64Array
    y: Float64Array
    distance: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    test_loss: Float64Array | None
    test_accuracy: Float64Array | None
    marks: Float64Array
    mark_names: tuple[str, ...]
    name: str

    def __repr__(self) -> str:
        return (
            f"<{self.name}: {self.x.size} x {self.y.size} points, "
            f"loss {self.loss.min():.4g} to {self.loss.max():.4g}>"
        )

    @property
    def lowest(self) -> tuple[float, float]:
        """Coordinates (x, y) of the grid point with the smallest loss."""
        row, column = np.unravel_index(int(np.nanargmin(self.loss)), self.loss.shape)
        return float(self.x[column]), float(self.y[row])


def loss_surface(
    net: MLP,
    data: LabelledData,
    plane: Plane,
    *,
    test: bool = True,
    n_threads: int | None = None,
    progress: ProgressLike = False,
) -> LossSurface:
    """Loss and accuracy at every grid point of a plane, on all samples.

    The first layer costs three products for all points together, so 51 x 51 points of a
    784-32-10 network cost about as much as 70 losses.

    Parameters
    ----------
    net : MLP
        Network, with the loss to take.
    data : Dataset
        Samples.
    plane : Plane
        Where to look; float32 planes are evaluated in float32.
    test : bool
        Also on ``data.test``, if there is one.
    n_threads : int, optional
        Default: all cores. The result does not depend on it.
    progress : bool or callable
        False for silence, True for a bar, or a callable ``(done, total, description)``.

    Returns
    -------
    LossSurface
        Equal to `spinglass_nn.networks.evaluate` at each point, to rounding.

    Raises
    ------
    ParameterError
        If the plane belongs to another network.
    ShapeError
        If the data do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> data = sg.datasets.from_arrays([[0.0, 1.0], [1.0, 0.0]], [0, 1])
    >>> net = sg.networks.MLP(sizes=(2, 4, 2))
    >>> a, b, c = sg.networks.initialize(net, n_replicas=3, rng=0)
    >>> through = sg.landscape.plane_through(a, b, c, n_points=11)
    >>> loss_surface(net, data, through).loss.shape
    (11, 11)
    """
    x, y = np.meshgrid(plane.x, plane.y)
    family = AffineFamily(
        plane.network,
        np.concatenate([plane.origin[None], plane.directions]),
        np.stack([np.ones(x.size), x.ravel(), y.ravel()], axis=1),
        plane.name,
    )
    found = family_losses(net, data, family, test=test, n_threads=n_threads, progress=progress)
    return LossSurface(
        plane.x.copy(),
        plane.y.copy(),
        plane.distance,
        found.loss.reshape(x.shape),
        found.accuracy.reshape(x.shape),
        None if found.test_loss is None else found.test_loss.reshape(x.shape),
        None if found.test_accuracy is None else found.test_accuracy.reshape(x.shape),
        plane.marks.copy(),
        plane.mark_names,
        plane.name,
    )

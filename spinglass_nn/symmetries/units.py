"""Hidden units that do no work, and the network without them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.networks import _blocks, _kernels
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.networks.parameters import Replica
from spinglass_nn.symmetries._reduction import Reduction, constant, duplicates, silent
from spinglass_nn.typing import IntArray, LabelledData

Marks = NDArray[np.bool_]


@result()
class UnitReport:
    """Which hidden units do no work, layer by layer, and what is left without them.

    Units of the network as it was given are marked; a unit may have several marks. What
    depends on removed units only is removed in turn, so that more may go than are marked.

    Parameters
    ----------
    never_fires, always_fires : tuple over hidden layers of bool arrays (units,)
        Units of ReLU whose input is never, or always, above zero on the data: nothing, or
        linear there. All False without data, or for other activations.
    constant : tuple over hidden layers of bool arrays (units,)
        Zero input weights, with a bias or without.
    silent : tuple over hidden layers of bool arrays (units,)
        Zero output weights, or zero inputs and bias: no effect on anything.
    duplicate_of : tuple over hidden layers of int64 arrays (units,)
        The first unit with the same input weights and bias, up to a scale that the
        activation lets through (ReLU: positive; identity: any; tanh: a sign); -1 where the
        unit itself is the first.
    kept : tuple over hidden layers of int64 arrays
        Units that remain in ``reduced``, in order.
    reduced : Replica
        The network of those units. A layer without any keeps one unit with zero weights.
    """

    never_fires: tuple[Marks, ...]
    always_fires: tuple[Marks, ...]
    constant: tuple[Marks, ...]
    silent: tuple[Marks, ...]
    duplicate_of: tuple[IntArray, ...]
    kept: tuple[IntArray, ...]
    reduced: Replica

    @property
    def n_units(self) -> int:
        """Hidden units in all."""
        return sum(marks.size for marks in self.silent)

    @property
    def n_effective(self) -> int:
        """Hidden units that do work."""
        return sum(units.size for units in self.kept)

    @property
    def sentence(self) -> str:
        """The report in words."""
        never, always, constant, silent = (
            sum(int(marks.sum()) for marks in layers)
            for layers in (self.never_fires, self.always_fires, self.constant, self.silent)
        )
        copies = sum(int((of >= 0).sum()) for of in self.duplicate_of)
        return (
            f"{self.n_effective} of {self.n_units} hidden units do work: {never} never fire "
            f"and {always} always do, {constant} are constant, {silent} have no effect, "
            f"{copies} duplicate another"
        )

    def __str__(self) -> str:
        return self.sentence

    def __repr__(self) -> str:
        return f"<{self.sentence}>"


def unit_report(
    replica: Replica, *, data: LabelledData | None = None, tolerance: float = 1e-12
) -> UnitReport:
    r"""Find hidden units that do no work, and the smaller network that does the same.

    - Units that never fire on the data are removed: the function is the same *on these data*.
    - Units without effect are removed, constant ones join the biases of the next layer,
      duplicates :math:`(w_j, b_j) = c\,(w_i, b_i)` join their original,
      :math:`a_{\cdot i} \to a_{\cdot i} + c\, a_{\cdot j}`: the function is the same everywhere.

    Units that always fire are counted, and stay.

    Parameters
    ----------
    replica : Replica
        Point of any network.
    data : Dataset, optional
        Inputs on which units may fire; without, nothing is said about firing.
    tolerance : float
        Relative size of weights, and of differences of directions, that count as zero. About
        1e-6 for weights in single precision.

    Returns
    -------
    UnitReport
        Marks, units kept and the reduced network; ``.sentence`` says it in words.

    Raises
    ------
    ParameterError
        If the tolerance is not a number from 0 to 1, or units are signs, which do work
        whatever their weights are.
    ShapeError
        If the data do not fit the network.

    Examples
    --------
    >>> import spinglass_nn as sg
    >>> net = sg.networks.MLP(sizes=(2, 3, 2))
    >>> theta = sg.networks.initialize(net, rng=0)[0]
    >>> theta.layers[0].weight[2] = 2 * theta.layers[0].weight[0]
    >>> theta.layers[0].bias[2] = 2 * theta.layers[0].bias[0]
    >>> found = unit_report(theta)
    >>> found.duplicate_of, found.reduced.network.sizes
    ((array([-1, -1,  0]),), (2, 2, 2))
    """
    network = replica.network
    if network.activation == "sign":
        raise ParameterError(
            f"replica must belong to a network whose units can be idle, got {network}"
        )
    tolerance = check.within(tolerance, "tolerance", 0, 1)
    never, always = _firing(replica, data)
    work = Reduction.of(replica, tolerance)
    layers = range(len(network.hidden_sizes))
    marks = [(constant(work, k), silent(work, k), duplicates(work, k)[0]) for k in layers]
    work.run(never)
    return UnitReport(
        never_fires=never,
        always_fires=always,
        constant=tuple(mark[0] for mark in marks),
        silent=tuple(mark[1] for mark in marks),
        duplicate_of=tuple(mark[2] for mark in marks),
        kept=tuple(work.kept),
        reduced=work.replica(),
    )


def _firing(
    replica: Replica, data: LabelledData | None
) -> tuple[tuple[Marks, ...], tuple[Marks, ...]]:
    """Units that never fire on the data, and those that always do."""
    network: MLP = replica.network
    if data is None or network.activation != "relu":
        nothing = tuple(np.zeros(size, dtype=bool) for size in network.hidden_sizes)
        return nothing, tuple(marks.copy() for marks in nothing)
    theta: Any = replica.weights.astype(np.float64)
    source = _blocks.source(network, data, np.dtype(np.float64))
    space, layout = np.empty(_blocks.workspace_size(network)), network.layout
    counts = [np.zeros(size, dtype=np.int64) for size in network.hidden_sizes]
    for block in source.blocks(0, source.n_samples):
        _kernels.forward(theta, layout, block.inputs, space)
        for k, count in enumerate(counts):
            view = _kernels.activation_view(space, layout.sizes, k, len(block.inputs))
            count += (view > 0).sum(axis=0)
    return (
        tuple(count == 0 for count in counts),
        tuple(count == source.n_samples for count in counts),
    )

"""Layers of spins with couplings between neighbouring layers: a network read as a Hamiltonian."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError, ShapeError
from spinglass_nn.spins import layered_theory, models
from spinglass_nn.spins.graphs import IsingGraph
from spinglass_nn.typing import Float64Array, WeightLayers

SCALES = ("raw", "unit-row", "layer")


@result()
class LayeredIsing(models.PairInteraction):
    r"""A chain of layers of spins, coupled from each layer to the next.

    .. math:: H = -\sum_{k=1}^{L} \sum_{ij} W^{(k)}_{ij}\, s^{(k)}_i s^{(k-1)}_j
                  - \sum_i h_i s_i

    Every unit of a network, inputs and outputs included, is a spin and every weight a
    coupling, after Barney, Winer and Galitski, arXiv:2408.06421. Energies are of the whole
    system, in the units of the weights as they are here. Make one with `from_weights`.

    Parameters
    ----------
    weights : tuple of arrays (n_{k+1}, n_k)
        Couplings (outputs, inputs) between layer k and layer k + 1, taken as they are.
    fields : array (n_spins,), optional
        External fields, layer after layer; none by default.
    scale : {"raw", "unit-row", "layer"}
        How the weights were scaled, for the record.
    factors : tuple of float, optional
        What each matrix was divided by, for the record; ones by default.

    Raises
    ------
    ShapeError
        If there is no matrix, or they do not chain.
    DataError
        If a number is NaN or infinite, or a matrix is zero.

    Examples
    --------
    >>> model = LayeredIsing.from_weights([np.ones((3, 4)), np.ones((2, 3))])
    >>> model
    <layered Ising model: 4-3-2 spins, raw>
    >>> model.energy(np.ones(9))
    -18.0
    """

    weights: tuple[Float64Array, ...]
    fields: Float64Array = None  # type: ignore[assignment]  # zeros below
    scale: str = "raw"
    factors: tuple[float, ...] = None  # type: ignore[assignment]  # ones below

    def __post_init__(self) -> None:
        weights = _checked_weights(self.weights)
        n_spins = weights[0].shape[1] + sum(len(w) for w in weights)
        fields = np.zeros(n_spins) if self.fields is None else self.fields
        fields = check.array(fields, "fields", shape=(n_spins,))
        check.choice(self.scale, "scale", SCALES)
        given = (1.0,) * len(weights) if self.factors is None else tuple(self.factors)
        if len(given) != len(weights):
            raise ShapeError(f"factors must be {len(weights)}, one a matrix, got {len(given)}")
        factors = tuple(check.positive(f, f"factors[{k}]") for k, f in enumerate(given))
        object.__setattr__(self, "weights", tuple(models.frozen(w) for w in weights))
        object.__setattr__(self, "fields", models.frozen(fields))
        object.__setattr__(self, "factors", factors)

    @classmethod
    def from_weights(
        cls,
        weights: Sequence[ArrayLike],
        biases: Sequence[ArrayLike | None] | None = None,
        scale: str = "raw",
    ) -> LayeredIsing:
        """Read the weights of a network as couplings and its biases as fields.

        Parameters
        ----------
        weights : sequence of arrays (n_{k+1}, n_k)
            Weight matrices (outputs, inputs), from the inputs to the outputs.
        biases : sequence of arrays (n_{k+1},) or None, optional
            Fields on layers 1, 2, ...; inputs have none.
        scale : {"raw", "unit-row", "layer"}
            ``"raw"``: as they are. ``"unit-row"``: all divided by the one number that is the
            critical temperature of random weights of the same mean squares, so that
            temperatures of different networks compare and random ones freeze at T = 1.
            ``"layer"``: each matrix by its own number, after which its mean square is
            1/n_inputs. A bias is divided by the number of its matrix.

        Returns
        -------
        LayeredIsing
            With what was divided by in ``factors``.

        Raises
        ------
        ShapeError
            If matrices or biases do not chain; the message names the layer.
        DataError
            If a number is NaN or infinite, or a matrix is zero.
        """
        check.choice(scale, "scale", SCALES)
        matrices = _checked_weights(weights)
        factors = _factors(matrices, scale)
        fields = [np.zeros(matrices[0].shape[1])]
        for k, bias in enumerate(_checked_biases(biases, matrices)):
            fields.append(bias / factors[k])
        scaled = tuple(w / f for w, f in zip(matrices, factors, strict=True))
        return cls(scaled, np.concatenate(fields), scale, factors)

    @classmethod
    def from_network(
        cls, replica: WeightLayers, scale: str = "raw", *, fields: bool = True
    ) -> LayeredIsing:
        """Read one network, trained here or loaded from file, as a spin model.

        Parameters
        ----------
        replica : Replica
            Anything whose ``layers`` have a ``weight`` (outputs, inputs) and a ``bias``.
        scale : {"raw", "unit-row", "layer"}
            See `from_weights`.
        fields : bool
            Whether biases are external fields; else they are left out, and all spins may be
            turned over.

        Returns
        -------
        LayeredIsing
            The model.

        Raises
        ------
        DataError
            If there are no layers (one of several replicas has to be chosen), a number is not
            finite, or a matrix is zero.

        Examples
        --------
        >>> import spinglass_nn as sg
        >>> net = sg.networks.MLP(sizes=(4, 3, 2))
        >>> LayeredIsing.from_network(sg.networks.initialize(net, rng=0)[0])
        <layered Ising model: 4-3-2 spins, raw, with fields>
        """
        layers = tuple(replica.layers) if isinstance(replica, WeightLayers) else ()
        if not layers or any(np.ndim(layer.weight) != 2 for layer in layers):
            raise DataError(
                f"replica must be one network with layers, got {type(replica).__name__}"
            )
        biases = [layer.bias if fields else None for layer in layers]
        return cls.from_weights([layer.weight for layer in layers], biases, scale)

    def __repr__(self) -> str:
        field = ", with fields" if self.fields.any() else ""
        sizes = "-".join(map(str, self.sizes))
        return f"<layered Ising model: {sizes} spins, {self.scale}{field}>"

    @property
    def sizes(self) -> tuple[int, ...]:
        """Spins of each layer, from the inputs to the outputs."""
        return (self.weights[0].shape[1], *(len(w) for w in self.weights))

    @property
    def n_spins(self) -> int:
        """Number of spins in all."""
        return sum(self.sizes)

    @property
    def n_bonds(self) -> int:
        """Number of couplings, zeros included."""
        return sum(w.size for w in self.weights)

    @property
    def gains(self) -> tuple[float, ...]:
        """Root mean square of each matrix times the root of its number of inputs.

        Random weights with these gains are what `layered_theory` compares this model with.
        """
        return _gains(self.weights)

    @property
    def layer_slices(self) -> tuple[slice, ...]:
        """Where each layer stands among the spins."""
        ends = np.cumsum((0, *self.sizes)).tolist()
        return tuple(slice(a, b) for a, b in itertools.pairwise(ends))

    def layers(self, spins: NDArray[Any]) -> tuple[NDArray[Any], ...]:
        """Views of configurations, layer by layer.

        Parameters
        ----------
        spins : array (..., n_spins)
            Configurations.

        Returns
        -------
        tuple of arrays (..., n_k)
            Views, not copies.
        """
        if np.ndim(spins) == 0 or np.shape(spins)[-1] != self.n_spins:
            raise ShapeError(
                f"spins must have shape (..., {self.n_spins}), got {np.shape(spins)}"
            )
        return tuple(spins[..., part] for part in self.layer_slices)

    def matrix(self) -> Float64Array:
        """The bond matrix (n_spins, n_spins): weights beside a diagonal of zero blocks."""
        n = self.n_spins
        models.refuse_if_larger(8.0 * n * n, f"the dense matrix of {n} spins")
        full = np.zeros((n, n))
        for (lower, upper), w in zip(
            itertools.pairwise(self.layer_slices), self.weights, strict=True
        ):
            full[upper, lower] = w
            full[lower, upper] = w.T
        return full

    def graph(self) -> IsingGraph:
        """The same model as a graph; weights of zero are no bonds."""
        i, j, couplings = [], [], []
        starts = [part.start for part in self.layer_slices]
        for k, w in enumerate(self.weights):
            rows, columns = np.nonzero(w)
            i.append(rows + starts[k + 1])
            j.append(columns + starts[k])
            couplings.append(w[rows, columns])
        return IsingGraph.from_arrays(
            np.concatenate(i), np.concatenate(j), np.concatenate(couplings),
            self.n_spins, self.fields,
        )  # fmt: skip

    def _interaction(self, block: Float64Array) -> Float64Array:
        total = np.zeros_like(block)
        for (lower, upper), w in zip(
            itertools.pairwise(self.layer_slices), self.weights, strict=True
        ):
            total[:, upper] += block[:, lower] @ w.T
            total[:, lower] += block[:, upper] @ w
        return total


def _checked_weights(weights: Sequence[ArrayLike]) -> tuple[Float64Array, ...]:
    given = tuple(weights)
    if not given:
        raise ShapeError("weights must hold at least one matrix, got none")
    matrices = tuple(
        check.array(w, f"weights[{k}]", shape=(None, None)) for k, w in enumerate(given)
    )
    for k, w in enumerate(matrices):
        if k and w.shape[1] != len(matrices[k - 1]):
            raise ShapeError(
                f"weights[{k}] must have shape (outputs, {len(matrices[k - 1])}) to follow "
                f"weights[{k - 1}] of {matrices[k - 1].shape}, got {w.shape}"
            )
        if not w.any():
            raise DataError(f"weights[{k}] must not be all zero: its layers would not interact")
    return matrices


def _checked_biases(
    biases: Sequence[ArrayLike | None] | None, matrices: tuple[Float64Array, ...]
) -> list[Float64Array]:
    given = [None] * len(matrices) if biases is None else list(biases)
    if len(given) != len(matrices):
        raise ParameterError(
            f"biases must be {len(matrices)}, one a weight matrix, got {len(given)}"
        )
    return [
        np.zeros(len(w)) if b is None else check.array(b, f"biases[{k}]", shape=(len(w),))
        for k, (b, w) in enumerate(zip(given, matrices, strict=True))
    ]


def _factors(matrices: tuple[Float64Array, ...], scale: str) -> tuple[float, ...]:
    """What to divide each matrix by."""
    gains = _gains(matrices)
    if scale == "layer":
        return gains
    if scale == "unit-row":
        widths = (matrices[0].shape[1], *(len(w) for w in matrices))
        return (layered_theory.critical_temperature(widths, gains),) * len(matrices)
    return (1.0,) * len(matrices)


def _gains(matrices: tuple[Float64Array, ...]) -> tuple[float, ...]:
    return tuple(math.sqrt(float(np.mean(w * w)) * w.shape[1]) for w in matrices)

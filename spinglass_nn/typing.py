"""Type aliases and protocols shared by all rooms."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Protocol, TypeAlias, runtime_checkable

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating[Any]]
Float64Array: TypeAlias = NDArray[np.float64]
IntArray: TypeAlias = NDArray[np.int64]
RNG: TypeAlias = "np.random.Generator | np.random.SeedSequence | int | None"
ProgressLike: TypeAlias = "bool | Callable[[int, int, str], None]"
PathType: TypeAlias = "str | PathLike[str]"


@runtime_checkable
class LabelledData(Protocol):
    """What a network needs of a data set: inputs, and labels or real targets.

    Attributes
    ----------
    inputs : array (n_samples, n_inputs)
        One sample a row.
    labels : integer array (n_samples,) or None
        Classes ``0 ... n_classes - 1``; None for regression.
    targets : array (n_samples, n_outputs) or None
        Real targets; None for classification.
    n_classes : int or None
        Number of classes; None for regression.
    """

    @property
    def inputs(self) -> FloatArray: ...  # noqa: D102

    @property
    def labels(self) -> IntArray | None: ...  # noqa: D102

    @property
    def targets(self) -> FloatArray | None: ...  # noqa: D102

    @property
    def n_classes(self) -> int | None: ...  # noqa: D102


@runtime_checkable
class WeightLayer(Protocol):
    """The weights into one layer of units, and their biases."""

    @property
    def weight(self) -> FloatArray: ...  # noqa: D102

    @property
    def bias(self) -> FloatArray | None: ...  # noqa: D102


@runtime_checkable
class WeightLayers(Protocol):
    """What a spin model needs of a network: its layers, from the inputs to the outputs."""

    @property
    def layers(self) -> Sequence[WeightLayer]: ...  # noqa: D102

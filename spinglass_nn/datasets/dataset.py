"""The noun of this room: inputs with labels or real targets, and what they are called."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core.results import result
from spinglass_nn.errors import DataError, ParameterError
from spinglass_nn.typing import FloatArray, IntArray


@result()
class Dataset:
    """Samples with labels (classification) or real targets (regression); arrays read-only.

    Make one with `from_arrays`, which checks everything, or with a loader.

    Parameters
    ----------
    inputs : array (n_samples, n_inputs)
        One sample a row, float32 or float64.
    labels : int64 array (n_samples,) or None
        Classes ``0 ... n_classes - 1``.
    targets : array (n_samples, n_outputs) or None
        Real targets, where there are no labels.
    n_classes : int or None
        Number of classes; None for regression.
    name : str
        What the data are called in reports.
    image_shape : tuple of int or None
        Shape of one sample as an image, such as ``(28, 28)``.
    test : Dataset or None
        Held-out data that belong to these.
    preprocessing : str
        What was done to the inputs, in words and numbers; empty if nothing is known of.
    """

    inputs: FloatArray
    labels: IntArray | None
    targets: FloatArray | None = None
    n_classes: int | None = None
    name: str = "user data"
    image_shape: tuple[int, ...] | None = None
    test: Dataset | None = None
    preprocessing: str = ""

    @property
    def n_samples(self) -> int:
        """Number of samples."""
        return int(self.inputs.shape[0])

    @property
    def n_inputs(self) -> int:
        """Dimension of one sample."""
        return int(self.inputs.shape[1])

    def __len__(self) -> int:
        return self.n_samples

    def __repr__(self) -> str:
        kind = f"{self.n_classes} classes" if self.labels is not None else "regression"
        held_out = f", {self.test.n_samples} held out" if self.test is not None else ""
        return f"<{self.name}: {self.n_samples} x {self.n_inputs}, {kind}{held_out}>"

    def __post_init__(self) -> None:
        for name in ("inputs", "labels", "targets"):
            values = getattr(self, name)
            if isinstance(values, np.ndarray) and values.flags.writeable:
                view = values.view()  # the caller's own array stays as it was
                view.flags.writeable = False
                object.__setattr__(self, name, view)

    def take(self, indices: ArrayLike) -> Dataset:
        """Chosen samples, in the order asked for; the test set stays.

        Parameters
        ----------
        indices : integer array (n,) or bool array (n_samples,)
            Which samples; an index may occur twice, and negative ones count from the end.

        Returns
        -------
        Dataset
            Copies of those rows.

        Raises
        ------
        ParameterError
            If the indices are neither integers nor a mask, or one is out of range.
        DataError
            If nothing is left.

        Examples
        --------
        >>> from spinglass_nn.datasets import digits
        >>> digits().take([0, 1, 2])
        <digits (8x8): 3 x 64, 10 classes, 360 held out>
        """
        chosen = _indices(indices, self.n_samples)
        return replace(
            self,
            inputs=self.inputs[chosen],
            labels=None if self.labels is None else self.labels[chosen],
            targets=None if self.targets is None else self.targets[chosen],
        )


def _indices(indices: ArrayLike, n_samples: int) -> NDArray[np.intp]:
    """Indices or a mask as checked indices."""
    given: NDArray[Any] = np.asarray(indices)
    if given.ndim != 1 or (given.size and given.dtype.kind not in "iub"):
        raise ParameterError(
            "indices must be a one-dimensional array of integers or a mask, got shape "
            f"{given.shape} and dtype {given.dtype}"
        )
    if given.dtype.kind == "b":
        if given.size != n_samples:
            raise ParameterError(
                f"indices must hold {n_samples} entries to be a mask, got {given.size}"
            )
        given = np.flatnonzero(given)
    if given.size == 0:
        raise DataError("indices must leave at least one sample, got none")
    outside = (given < -n_samples) | (given >= n_samples)
    if outside.any():
        raise ParameterError(f"indices must lie below {n_samples}, got {given[outside][0]}")
    return given.astype(np.intp)

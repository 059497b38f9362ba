"""Inputs for training: as they are, or as a byte each; that saves a fifth of a step's time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.codes import coded
from spinglass_nn.training._fused_plan import whole
from spinglass_nn.training._gather_kernels import Inputs

Array = NDArray[Any]


def plain_inputs(rows: Array, dtype: np.dtype[Any] | None = None) -> Inputs:
    """The inputs as they are, for training in a precision."""
    codes: Array = np.zeros((0, 0), np.uint8)
    return Inputs(rows, codes, np.zeros(5, dtype or rows.dtype))


def coded_inputs(rows: Array) -> Inputs:
    """The inputs with their codes, or as they are if they have none."""
    found = coded(rows, whole(rows.shape[1], np.dtype(np.float32)))
    return plain_inputs(rows) if found is None else Inputs(rows, *found)

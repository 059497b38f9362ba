"""Small vector arithmetic whose bits depend on nothing but the numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray


def norm(vector: NDArray[Any]) -> float:
    """Euclidean length, summed in float64; not by BLAS, whose threads change last digits."""
    return math.sqrt(float(np.square(vector, dtype=np.float64).sum()))

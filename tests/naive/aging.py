"""Two-time quantities from their definitions, parameter by parameter."""

from __future__ import annotations

import math


def displacement(earlier, later):
    """Mean squared change of a parameter."""
    return sum((y - x) ** 2 for x, y in zip(earlier, later, strict=True)) / len(earlier)


def overlap(earlier, later):
    """Cosine of two parameter vectors."""
    product = sum(x * y for x, y in zip(earlier, later, strict=True))
    return product / math.sqrt(sum(x * x for x in earlier) * sum(y * y for y in later))

"""Two numbers that are equal in equilibrium, compared unit by unit."""

from __future__ import annotations

import math

from scipy import special

from spinglass_nn._core.results import result
from spinglass_nn.statistics.estimate import Estimate, mean_estimate
from spinglass_nn.typing import Float64Array

LIMIT = 3.0  # a difference of so many errors fails; chance alone does it once in 370 tests


@result()
class EquilibrationTest:
    """Two numbers that are equal in equilibrium, and whether they are.

    Parameters
    ----------
    name : str
        What was compared.
    left, right : Estimate
        The two numbers, with errors over units (disorder samples, or replicas).
    difference : Estimate
        Left minus right, with the error of the differences unit by unit.
    z : float
        The difference in units of its error, brought from Student's to the normal
        distribution, in which few units make large values common.
    n_units : int
        Independent units.
    """

    name: str
    left: Estimate
    right: Estimate
    difference: Estimate
    z: float
    n_units: int

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    @property
    def passed(self) -> bool:
        """Whether z is within -3 and 3; ``resolution`` says what could have been seen."""
        return abs(self.z) < LIMIT

    @property
    def resolution(self) -> float:
        """Size of a difference that would have been noticed.

        Three errors for many units, more for few.
        """
        errors = -float(special.stdtrit(self.n_units - 1, special.ndtr(-LIMIT)))
        return errors * self.difference.error

    @property
    def sentence(self) -> str:
        """The outcome in words and numbers."""
        verdict = "passed" if self.passed else "failed"
        return (
            f"{self.name}: {verdict}, {self.left} and {self.right} differ by "
            f"{self.difference} (z = {self.z:.1f}, {self.n_units} units); differences above "
            f"{self.resolution:.2g} would have been noticed"
        )


def deviation(p: float) -> float:
    """Normal deviation beyond which, on either side, lies a probability p."""
    return -float(special.ndtri(p / 2))


def compared(name: str, left: Float64Array, right: Float64Array) -> EquilibrationTest:
    """Test the mean difference of two numbers of each unit by Student's t."""
    difference = mean_estimate(left - right)
    t = difference.z()
    z = min(abs(t), deviation(2 * float(special.stdtr(left.size - 1, -abs(t)))))
    return EquilibrationTest(
        name=name,
        left=mean_estimate(left),
        right=mean_estimate(right),
        difference=difference,
        z=math.copysign(z, t),
        n_units=left.size,
    )

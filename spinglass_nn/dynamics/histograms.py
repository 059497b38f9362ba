"""P(q) as a run counted it."""

from __future__ import annotations

from spinglass_nn._core.results import result
from spinglass_nn.typing import Float64Array


@result()
class OverlapHistogram:
    """P(q) of a run at one temperature, averaged over disorder samples.

    Parameters
    ----------
    temperature : float
        Where.
    centers, edges : array (n_bins,), (n_bins + 1,)
        Of the bins, each of which holds the same number of possible values of q, up to one.
    density : array (n_bins,)
        Probability density; integrates to 1.
    error : array (n_bins,)
        Standard error over disorder samples; NaN for a single sample.
    n_samples : int
        Disorder samples.
    """

    temperature: float
    centers: Float64Array
    edges: Float64Array
    density: Float64Array
    error: Float64Array
    n_samples: int

    def __repr__(self) -> str:
        return (
            f"<P(q) at T = {self.temperature:g} in {self.centers.size} bins, "
            f"{self.n_samples} samples>"
        )

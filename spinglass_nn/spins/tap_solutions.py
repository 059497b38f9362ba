"""Results of a search for TAP solutions: what was found, and what of it can be trusted."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.results import result
from spinglass_nn.typing import Float64Array, IntArray

TRIVIAL = 1e-6  # an overlap below this is that of m = 0
_ROUNDING = 1e-6  # of eigenvalues of Hessians


@result()
class TAPSolutions:
    r"""Solutions of the TAP equations of one model, by scheme and temperature.

    Parameters
    ----------
    schemes : tuple of str
        ``"plain"``: the equations as they are. ``"clamped"``: with the reaction term frozen at
        overlaps from theory; not solutions of the equations themselves.
    temperatures : array (n_temperatures,)
        As given.
    n_starts, n_converged : int array (n_schemes, n_temperatures)
        Starts, and those that came to rest.
    n_trapped : int array (n_schemes, n_temperatures)
        Starts that came to rest at m = 0.
    n_iterations : array (n_schemes, n_temperatures)
        Median over the starts.
    folded : bool
        Whether a solution and its mirror image count as one: without fields.
    scheme, temperature_index : int array (n_solutions,)
        To which each solution belongs.
    magnetizations : array (n_solutions, n_spins)
        Distinct solutions, m = 0 among them where it was reached.
    n_hits : int array (n_solutions,)
        Starts that led to each.
    q : array (n_solutions,)
        Mean of m^2.
    free_energy, energy : array (n_solutions,)
        Of the whole system.
    plefka : array (n_solutions,)
        Spectral radius of :math:`\beta^2 J_{ij}^2 (1 - m_j^2)^2`; the expansion behind the
        equations converges where it is below 1.
    stability : array (n_solutions,)
        Lowest eigenvalue of :math:`S^{1/2} H S^{1/2}`, of the sign of that of the Hessian H of
        beta F, with :math:`S = 1 - m^2`; for m = 0 that of `instability.curve`. NaN,
        and so not stable, where Lanczos iterations did not find it.
    residual, tap_residual : array (n_solutions,)
        Largest violation of the scheme's own equations (in artanh m), and of the plain ones.
    overlaps : array (n_solutions, n_vectors)
        Cosines with the leading eigenvectors of J.
    plefka_tolerance : float
        By how much an index above 1 is allowed.
    """

    schemes: tuple[str, ...]
    temperatures: Float64Array
    n_starts: IntArray
    n_converged: IntArray
    n_trapped: IntArray
    n_iterations: Float64Array
    folded: bool
    scheme: IntArray
    temperature_index: IntArray
    magnetizations: Float64Array
    n_hits: IntArray
    q: Float64Array
    free_energy: Float64Array
    energy: Float64Array
    plefka: Float64Array
    stability: Float64Array
    residual: Float64Array
    tap_residual: Float64Array
    overlaps: Float64Array
    plefka_tolerance: float

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    @property
    def trivial(self) -> NDArray[np.bool_]:
        """Which are m = 0, (n_solutions,)."""
        return self.q < TRIVIAL

    @property
    def convergent(self) -> NDArray[np.bool_]:
        """Which meet Plefka's condition, (n_solutions,)."""
        return self.plefka < 1 + self.plefka_tolerance

    @property
    def stable(self) -> NDArray[np.bool_]:
        """Which have no negative eigenvalue of the Hessian, (n_solutions,)."""
        return self.stability >= -_ROUNDING

    @property
    def valid(self) -> NDArray[np.bool_]:
        """Which pass both filters, (n_solutions,); above T_c m = 0 is among them."""
        return self.convergent & self.stable

    @property
    def n_distinct(self) -> IntArray:
        """Solutions other than m = 0, (n_schemes, n_temperatures)."""
        return self._count(~self.trivial)

    @property
    def n_valid(self) -> IntArray:
        """Solutions other than m = 0 that pass both filters, (n_schemes, n_temperatures)."""
        return self._count(~self.trivial & self.valid)

    def _count(self, which: NDArray[np.bool_]) -> IntArray:
        counts = np.zeros((len(self.schemes), self.temperatures.size), dtype=np.int64)
        np.add.at(counts, (self.scheme[which], self.temperature_index[which]), 1)
        return counts

    def at(self, temperature: float, scheme: str = "plain") -> IntArray:
        """Numbers of the solutions of one scheme at the temperature nearest to one given.

        Parameters
        ----------
        temperature : float
            Where.
        scheme : str
            One of ``schemes``.

        Returns
        -------
        int array
            Places in the arrays of solutions.
        """
        nearest = int(np.abs(self.temperatures - temperature).argmin())
        here = self.scheme == self.schemes.index(scheme)
        return np.flatnonzero(here & (self.temperature_index == nearest))

    @property
    def sentence(self) -> str:
        """What was found, in words."""
        kind = "pairs of solutions" if self.folded else "solutions"
        parts = []
        for k, scheme in enumerate(self.schemes):
            trapped, starts = self.n_trapped[k].sum(), self.n_starts[k].sum()
            found = ", ".join(str(n) for n in self.n_distinct[k])
            valid = ", ".join(str(n) for n in self.n_valid[k])
            parts.append(
                f"{scheme}: {found} {kind} ({valid} valid), {trapped} of {starts} starts at m = 0"
            )
        cold, hot = self.temperatures.min(), self.temperatures.max()
        return f"TAP at T = {cold:.4g} to {hot:.4g}, " + "; ".join(parts)


@result()
class TAPSensitivity:
    """How the number of solutions depends on how they were looked for.

    Parameters
    ----------
    temperature : float
        Where.
    schemes : tuple of str
        As of `TAPSolutions`.
    damping : array (n_dampings,)
        Shares of the step taken.
    n_starts : int array (n_numbers,)
        Numbers of starts.
    tolerance : array (n_tolerances,)
        At which the iteration stopped.
    n_distinct : int array (n_schemes, n_dampings, n_numbers, n_tolerances)
        Solutions other than m = 0.
    n_converged, n_trapped : int array (n_schemes, n_dampings, n_numbers, n_tolerances)
        Starts that came to rest, and at m = 0.
    """

    temperature: float
    schemes: tuple[str, ...]
    damping: Float64Array
    n_starts: IntArray
    tolerance: Float64Array
    n_distinct: IntArray
    n_converged: IntArray
    n_trapped: IntArray

    def __repr__(self) -> str:
        return f"<{self.sentence}>"

    @property
    def sentence(self) -> str:
        """The range of the numbers, in words."""
        parts = [
            f"{scheme}: {counts.min()} to {counts.max()}"
            for scheme, counts in zip(self.schemes, self.n_distinct, strict=True)
        ]
        return f"TAP solutions at T = {self.temperature:.4g}, {'; '.join(parts)}"

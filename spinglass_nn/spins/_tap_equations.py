"""The equations of Thouless, Anderson and Palmer of one model at one temperature.

All take magnetizations in rows (n, n_spins). The reaction (Onsager) term is that of each spin,
r_i = beta^2 sum_j J_ij^2 (1 - m_j^2), or frozen at a given r_i.
"""

from __future__ import annotations

import numpy as np
import scipy.special

from spinglass_nn.spins.bond_matrix import BondMatrix
from spinglass_nn.typing import Float64Array


class Equations:
    """artanh m_i = beta (h_i + sum_j J_ij m_j) - r_i m_i, and what derives from them."""

    def __init__(
        self, bonds: BondMatrix, beta: float, frozen: Float64Array | None = None
    ) -> None:
        self.bonds, self.beta, self.frozen = bonds, beta, frozen

    def reaction(self, m: Float64Array) -> Float64Array:
        """The coefficient r_i."""
        if self.frozen is not None:
            return self.frozen
        return self.beta**2 * self.bonds.squares_product((1 - m) * (1 + m))

    def argument(self, m: Float64Array) -> Float64Array:
        """What artanh m must be equal to."""
        field = self.bonds.product(m)
        field += self.bonds.fields
        field *= self.beta
        field -= self.reaction(m) * m
        return field

    def step(self, m: Float64Array) -> Float64Array:
        """Tanh of the argument: the map of which solutions are fixed points."""
        argument = self.argument(m)
        return np.tanh(argument, out=argument)

    def scaled(self, m: Float64Array, v: Float64Array) -> Float64Array:
        r"""S^(1/2) H S^(1/2) v, with the derivative H of the equations and S = 1 - m^2.

        Its spectrum starts near zero and ends near one plus the largest reaction at any
        temperature, and by Sylvester's law it has as many negative eigenvalues as H.
        """
        root = np.sqrt((1 - m) * (1 + m))
        x = root * v
        inner = self.reaction(m) * x - self.beta * self.bonds.product(x)
        if self.frozen is None:
            inner -= 2 * self.beta**2 * m * self.bonds.squares_product(m * x)
        return v + root * inner

    def change(self, m: Float64Array, dm: Float64Array) -> Float64Array:
        """How the argument changes with the magnetizations."""
        change = self.beta * self.bonds.product(dm) - self.reaction(m) * dm
        if self.frozen is None:
            change += 2 * self.beta**2 * m * self.bonds.squares_product(m * dm)
        return change


def free_energy(bonds: BondMatrix, m: Float64Array, beta: float) -> Float64Array:
    """F of the whole system, one a row."""
    s = (1 - m) * (1 + m)
    pairs = np.einsum("ij,ij->i", m, bonds.product(m)) / 2 + m @ bonds.fields
    reaction = beta / 4 * np.einsum("ij,ij->i", s, bonds.squares_product(s))
    up, down = (1 + m) / 2, (1 - m) / 2
    entropy = -(scipy.special.xlogy(up, up) + scipy.special.xlogy(down, down)).sum(axis=1)
    total: Float64Array = -pairs - reaction - entropy / beta
    return total


def energy(bonds: BondMatrix, m: Float64Array, beta: float) -> Float64Array:
    """U = d(beta F)/d beta of the whole system, one a row."""
    s = (1 - m) * (1 + m)
    pairs = np.einsum("ij,ij->i", m, bonds.product(m)) / 2 + m @ bonds.fields
    reaction: Float64Array = np.einsum("ij,ij->i", s, bonds.squares_product(s))
    total: Float64Array = -pairs - beta / 2 * reaction
    return total


def plefka(bonds: BondMatrix, m: Float64Array, beta: float) -> float:
    """Spectral radius of beta^2 J_ij^2 (1 - m_j^2)^2 for one configuration."""
    return bonds.squares_radius(beta * (1 - m) * (1 + m))

"""Kernels of the Parisi equation: back from q = 1, forward from q = 0, one interval a step."""

from __future__ import annotations

import math

import numpy as np

from spinglass_nn._core.jit import kernel
from spinglass_nn.typing import Float64Array

_REACH = 8.0  # standard deviations kept of a Gaussian: its tail is 1e-15


@kernel
def gaussian_weights(spacing: float, variance: float) -> Float64Array:
    """Weights 0, 1, 2, ... points away of a centred Gaussian on a grid.

    Wider than the grid, sampling is exact to 1e-10 (Poisson's sum); narrower, the five-point
    rule with the same variance and fourth moment is exact up to the sixth derivative.
    """
    s = variance / spacing**2
    if s < 0.45:
        near, far = (4.0 * s - 3.0 * s * s) / 6.0, (3.0 * s * s - s) / 24.0
        return np.array([1.0 - 2.0 * (near + far), near, far])
    reach = int(_REACH * math.sqrt(s)) + 1
    weights = np.empty(reach + 1)
    for j in range(reach + 1):
        weights[j] = math.exp(-0.5 * j * j / s)
    weights /= weights[0] + 2.0 * weights[1:].sum()
    return weights


@kernel
def convolve(padded: Float64Array, weights: Float64Array, out: Float64Array) -> None:
    """Symmetric convolution of an array padded by the reach of the weights on both sides."""
    n = out.size
    reach = weights.size - 1
    centre = padded[reach : reach + n]
    for i in range(n):
        out[i] = weights[0] * centre[i]
    for j in range(1, reach + 1):
        w = weights[j]
        left, right = padded[reach - j : reach - j + n], padded[reach + j : reach + j + n]
        for i in range(n):  # slices, so that the compiler sees plain vectors
            out[i] += w * (left[i] + right[i])


@kernel
def step_back(
    spacing: float,
    variance: float,
    tilt: float,
    shift: float,
    above: tuple[Float64Array, Float64Array],
    below: tuple[Float64Array, Float64Array],
    weight: Float64Array,
    norm: Float64Array,
) -> None:
    """One interval of constant x: the Cole-Hopf solution of the Parisi equation.

    exp(beta x phi_below) = G * exp(beta x phi_above), and m_below is the mean of m_above under
    the weights of that integral. Beyond the grid phi goes on linearly and m stays constant.
    """
    phi, m = above
    n = phi.size
    kernel_weights = gaussian_weights(spacing, variance)
    reach = kernel_weights.size - 1
    plain = np.empty(n + 2 * reach)
    times_m = np.empty(n + 2 * reach)
    for i in range(n):
        weight[i] = math.exp(tilt * (phi[i] - shift))
        plain[reach + i] = weight[i]
        times_m[reach + i] = weight[i] * m[i]
    for j in range(1, reach + 1):
        left = math.exp(tilt * (phi[0] - shift - m[0] * j * spacing))
        right = math.exp(tilt * (phi[n - 1] - shift + m[n - 1] * j * spacing))
        plain[reach - j], times_m[reach - j] = left, left * m[0]
        plain[reach + n - 1 + j] = right
        times_m[reach + n - 1 + j] = right * m[n - 1]
    convolve(plain, kernel_weights, norm)
    convolve(times_m, kernel_weights, below[1])
    for i in range(n):
        below[0][i] = shift + math.log(norm[i]) / tilt
        below[1][i] /= norm[i]


@kernel
def spread(spacing: float, variance: float, law: Float64Array, out: Float64Array) -> None:
    """Convolve a probability law with a Gaussian."""
    weights = gaussian_weights(spacing, variance)
    reach = weights.size - 1
    padded = np.zeros(law.size + 2 * reach)
    padded[reach : reach + law.size] = law
    convolve(padded, weights, out)


@kernel
def back(
    y: Float64Array,
    q: Float64Array,
    x: Float64Array,
    beta: float,
    top: int,
    fields: tuple[Float64Array, Float64Array, Float64Array, Float64Array],
) -> None:
    """Fill phi and m (n_steps + 1, n_points) at the overlaps q, and weights and norms.

    phi(1, y) = ln(2 cosh(beta y)) / beta; from q = 1 to the largest q, x = 1 in closed form.
    Only the intervals below ``top`` are gone through: what stands above is taken as it is.
    """
    phi, m, weights, norms = fields
    n_steps, spacing = x.size, y[1] - y[0]
    if top == n_steps:
        for i in range(y.size):
            a = abs(beta * y[i])
            phi[top, i] = (a + math.log1p(math.exp(-2.0 * a))) / beta
            phi[top, i] += 0.5 * beta * (1.0 - q[top])
            m[top, i] = math.tanh(beta * y[i])
    for s in range(top - 1, -1, -1):
        above = (phi[s + 1], m[s + 1])
        shift = 0.5 * (phi[s + 1].min() + phi[s + 1].max())  # keeps exp() in its range
        step_back(
            spacing, q[s + 1] - q[s], beta * x[s], shift,
            above, (phi[s], m[s]), weights[s], norms[s],
        )  # fmt: skip


@kernel
def forward(
    y: Float64Array,
    q: Float64Array,
    start: int,
    fields: tuple[Float64Array, Float64Array, Float64Array, Float64Array],
    law: Float64Array,
    second: Float64Array,
) -> None:
    """Mean of m(q, y)^2 at every q, over the law of y that starts at a point of the grid.

    The law follows dy = beta x m dq + dw; over an interval of constant x it is tilted by the
    same weights as the way back. On return ``law`` is the law at the largest q.
    """
    _, m, weights, norms = fields
    spacing, n = y[1] - y[0], y.size
    before = np.zeros(n)
    before[start] = 1.0
    spread(spacing, q[0], before, law)
    for s in range(q.size):
        if s > 0:
            for i in range(n):
                before[i] = law[i] / norms[s - 1, i]
            spread(spacing, q[s] - q[s - 1], before, law)
            for i in range(n):
                law[i] *= weights[s - 1, i]
        second[s] = 0.0
        for i in range(n):
            second[s] += law[i] * m[s, i] ** 2


@kernel
def sweep(
    y: Float64Array,
    q: Float64Array,
    x: Float64Array,
    beta: float,
    start: int,
    top: int,
    fields: tuple[Float64Array, Float64Array, Float64Array, Float64Array],
    second: Float64Array,
    ends: Float64Array,
) -> None:
    """Solve for a stepwise x(q), changed below ``top``; ``second`` takes <m^2> at q.

    ``ends`` takes phi(0, h), m(0, h), and at the largest q <m'^2> and <m'^3>, where
    m' = beta (1 - m^2) exactly.
    """
    back(y, q, x, beta, top, fields)
    law = np.empty(y.size)
    forward(y, q, start, fields, law, second)
    phi, m = fields[0], fields[1]
    at_zero = np.zeros(y.size)
    at_zero[start] = 1.0
    first = np.empty(y.size)
    spread(y[1] - y[0], q[0], at_zero, first)
    ends[:] = 0.0
    for i in range(y.size):
        slope = beta * (1.0 - m[q.size - 1, i] ** 2)
        ends[0] += first[i] * phi[0, i]
        ends[1] += first[i] * m[0, i]
        ends[2] += law[i] * slope**2
        ends[3] += law[i] * slope**3

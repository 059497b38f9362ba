from __future__ import annotations

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.integrate import quad

from spinglass_nn.errors import ParameterError
from spinglass_nn.spins import replica_symmetric
from spinglass_nn.spins._gaussian import gaussian_mean

# T: q, u, f, s, replicon, all digits confirmed by test_by_adaptive_quadrature's equations
TABLE = {
    0.1: (0.917051, -0.795084, -0.784693, -0.103910, -4.54),
    0.2: (0.827975, -0.786145, -0.777241, -0.044518, -1.900),
    0.4: (0.633754, -0.747945, -0.780904, 0.082398, -0.6070),
    0.5: (0.530368, -0.718709, -0.792393, 0.147367, -0.3627),
    0.6: (0.424253, -0.683341, -0.810356, 0.211691, -0.2098),
    0.8: (0.208937, -0.597716, -0.865127, 0.334264, -0.0482),
    0.9: (0.102701, -0.549696, -0.901412, 0.390796, -0.0123),
}
LINE = {0.1: (1.820656, 0.984911), 0.2: (1.381862, 0.939398), 0.4: (0.794515, 0.763030),
        0.5: (0.569934, 0.641300), 0.7: (0.232032, 0.368327), 0.8: (0.117581, 0.233583),
        0.9: (0.038769, 0.109150)}  # fmt: skip


def average(function):
    """Mean over a Gaussian by adaptive quadrature."""
    return quad(
        lambda z: np.exp(-z * z / 2) / np.sqrt(2 * np.pi) * function(z), -9, 9,
        points=[0.0], limit=400, epsabs=1e-12,
    )[0]  # fmt: skip


@pytest.mark.parametrize("temperature", TABLE)
def test_table(temperature):
    q, u, f, s, replicon = TABLE[temperature]
    found = replica_symmetric.solve(temperature)
    assert_allclose([found.q, found.energy, found.free_energy], [q, u, f], atol=6e-7)
    assert abs(found.entropy - s) < 1e-6
    assert abs(found.replicon - replicon) < (6e-3 if temperature == 0.1 else 6e-4)


@pytest.mark.parametrize(("temperature", "field"), [(0.2, 0.0), (0.5, 0.3), (1.4, -0.7)])
def test_by_adaptive_quadrature(temperature, field):
    found, beta = replica_symmetric.solve(temperature, field), 1 / temperature
    root = np.sqrt(found.q)
    assert_allclose(average(lambda z: np.tanh(beta * (root * z + field)) ** 2), found.q)
    m = average(lambda z: np.tanh(beta * (root * z + field)))
    assert_allclose(found.magnetization, m, atol=1e-10)
    log = average(lambda z: np.logaddexp(a := beta * (root * z + field), -a))
    assert_allclose(found.free_energy, -log / beta - beta / 4 * (1 - found.q) ** 2)
    fourth = average(lambda z: np.cosh(beta * (root * z + field)) ** -4)
    assert_allclose(found.replicon, 1 - beta**2 * fourth, atol=1e-9)


@pytest.mark.parametrize(("temperature", "field"), [(0.4, 0.0), (0.6, 0.5), (1.2, 0.1)])
def test_derivatives_of_the_free_energy(temperature, field):
    found, e = replica_symmetric.solve(temperature, field), 1e-5
    up, down = (replica_symmetric.solve(temperature + d, field).free_energy for d in (e, -e))
    assert abs(-(up - down) / (2 * e) - found.entropy) < 1e-8
    up, down = (replica_symmetric.solve(temperature, field + d).free_energy for d in (e, -e))
    assert abs(-(up - down) / (2 * e) - found.magnetization) < 1e-5


@pytest.mark.parametrize("temperature", LINE)
def test_almeida_thouless_line(temperature):
    field = replica_symmetric.almeida_thouless_field(temperature)
    on_line = replica_symmetric.solve(temperature, field)
    assert_allclose([field, on_line.q], LINE[temperature], atol=1e-6)
    assert abs(on_line.replicon) < 1e-10
    back = replica_symmetric.almeida_thouless_temperature(-field)
    assert_allclose(back, temperature, rtol=1e-9)


def test_limits_of_the_line():
    """h = sqrt(4/3) (1 - T)^(3/2) near T = 1; T = 4 / (3 sqrt(2 pi)) exp(-h^2/2) near 0."""
    h = replica_symmetric.almeida_thouless_field(0.9999)
    assert_allclose(h, np.sqrt(4 / 3) * 1e-6, rtol=1e-3)
    h = replica_symmetric.almeida_thouless_field(0.002)
    assert_allclose(4 / (3 * np.sqrt(2 * np.pi)) * np.exp(-h * h / 2), 0.002, rtol=1e-3)
    assert replica_symmetric.almeida_thouless_field(1.0) == 0
    assert replica_symmetric.almeida_thouless_field(3.0) == 0
    assert replica_symmetric.almeida_thouless_temperature(0.0) == 1


def test_zero_temperature():
    """e = -sqrt(2/pi), s = -1/(2 pi) (Sherrington & Kirkpatrick 1975)."""
    found = replica_symmetric.solve(0.001)
    assert abs(found.energy + np.sqrt(2 / np.pi)) < 1e-6
    assert abs(found.entropy + 1 / (2 * np.pi)) < 1e-3


def test_paramagnet():
    found = replica_symmetric.solve(1.6)
    assert found.q == 0
    assert_allclose(found.energy, -1 / 3.2)
    assert_allclose(found.entropy, np.log(2) - 1 / (4 * 1.6**2))


@pytest.mark.parametrize("scale", [0.01, 0.3, 5.0])
def test_gaussian_mean(scale):
    expected = average(lambda z: np.tanh(z / scale) ** 2)
    assert_allclose(
        gaussian_mean(lambda z: np.tanh(z / scale) ** 2, scale), expected, atol=1e-9
    )
    assert_allclose(gaussian_mean(lambda z: z**4, scale), 3, rtol=1e-13)


def test_refused():
    with pytest.raises(ParameterError, match=r"temperature must be at least 0.001"):
        replica_symmetric.solve(1e-5)
    with pytest.raises(ParameterError, match="temperature must be positive"):
        replica_symmetric.almeida_thouless_field(-1)
    with pytest.raises(ParameterError, match=r"field must lie in \[-3.4, 3.4\], got 4"):
        replica_symmetric.almeida_thouless_temperature(4)

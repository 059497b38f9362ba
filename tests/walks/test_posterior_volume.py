"""Trajectories of every sampler keep volume and lead back, on spheres of two dimensions and more.

The volume is that of points and momenta in their tangent planes. The check is one function, which
is first shown to notice a motion that leaves the sphere and is pulled back.
"""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import null_space

from spinglass_nn.datasets import Dataset
from spinglass_nn.networks import MLP
from spinglass_nn.walks import (
    HMC,
    MALA,
    GaussianPrior,
    RandomWalkMetropolis,
    SphericalPrior,
    _flows,
)
from spinglass_nn.walks._trajectories import Target

FLOAT64 = np.dtype(np.float64)
BETA = 0.5
SAMPLERS = {
    "hmc": (HMC(3), 0.3),
    "mala": (MALA(), 0.5),
    "metropolis": (RandomWalkMetropolis(), 0.7),
}
every_sampler = pytest.mark.parametrize("case", SAMPLERS.values(), ids=SAMPLERS)
NETS = {
    3: MLP((2, 1, 1), activation="tanh", bias=False, loss="squared_error"),
    9: MLP((2, 2, 1), activation="tanh", loss="squared_error"),
    19: MLP((4, 2, 3), activation="tanh", loss="squared_error"),
}
every_net = pytest.mark.parametrize("net", NETS.values(), ids=map(str, NETS))


def target_of(net, prior, sampler):
    rng = np.random.default_rng(3)
    data = Dataset(
        rng.standard_normal((12, net.n_inputs)), None, rng.standard_normal((12, net.n_outputs))
    )
    return Target(net, data, prior.flow(net, FLOAT64), sampler, FLOAT64)


def followed(target, theta, momentum, angle):
    """The end of a trajectory and the rise of H; the start is left as it is."""
    momentum = momentum.copy()
    there, rise = target._followed(target.at(theta, 1), momentum, BETA, angle, 1)
    return there.theta, momentum, rise


def drawn(target, seed):
    rng = np.random.default_rng(seed)
    theta = target.flow.draw(rng)
    return theta, target.flow.momentum(theta, rng)


class Plane:
    """All space: points and momenta are their own coordinates."""

    def __init__(self, point):
        self.size = point.size
        self.point = point

    def there(self, x, y, momentum):
        return self.point + x, momentum + y

    def coordinates(self, theta, momentum):
        return np.concatenate([theta, momentum])


class TangentPlane:
    """Orthonormal coordinates near a point of a sphere, and of momenta across nearby points.

    The point of coordinates x is the end of theta + B x put back to its length, and a momentum
    is projected to the plane that touches the sphere there. Lengths change in second order of x,
    so that the volume of both together is right at the point itself.
    """

    def __init__(self, point):
        self.size = point.size - 1
        self.point, self.norm = point, np.linalg.norm(point)
        self.basis = null_space(point[None, :])

    def there(self, x, y, momentum):
        theta = self.point + self.basis @ x
        theta *= self.norm / np.linalg.norm(theta)
        moved = momentum + self.basis @ y
        return theta, moved - (moved @ theta) / self.norm**2 * theta

    def coordinates(self, theta, momentum):
        return np.concatenate([theta @ self.basis, momentum @ self.basis])


def change_of_volume(target, theta, momentum, angle, chart, h=1e-3):
    """Determinant of a trajectory's differential, by differences of fourth order."""
    start = chart(theta)
    end = chart(followed(target, theta, momentum, angle)[0])

    def ends(change):
        x, y = np.split(change, 2)
        arrived = followed(target, *start.there(x, y, momentum), angle)
        return end.coordinates(*arrived[:2])

    columns = []
    for e in h * np.eye(2 * start.size):
        near, far = ends(e) - ends(-e), ends(2 * e) - ends(-2 * e)
        columns.append((8 * near - far) / (12 * h))
    return np.linalg.det(np.stack(columns, axis=1))


@every_net
@every_sampler
def test_spherical_trajectories_keep_volume(net, case):
    sampler, angle = case
    target = target_of(net, SphericalPrior(2.0), sampler)
    for seed in (1, 2):
        theta, momentum = drawn(target, seed)
        end, arriving, rise = followed(target, theta, momentum, angle)
        assert np.linalg.norm(end - theta) > 0.3
        assert np.linalg.norm(arriving - momentum) > 0.1
        assert abs(rise) > 1e-4
        found = change_of_volume(target, theta, momentum, angle, TangentPlane)
        assert found == pytest.approx(1, abs=1e-8)


@every_sampler
@pytest.mark.parametrize("prior", [GaussianPrior(0.7), GaussianPrior((1.0, 0.3))], ids=str)
def test_gaussian_trajectories_keep_volume(prior, case):
    sampler, angle = case
    target = target_of(NETS[9], prior, sampler)
    theta, momentum = drawn(target, 1)
    found = change_of_volume(target, theta, momentum, angle, Plane)
    assert found == pytest.approx(1, abs=1e-8)


class PulledBack(_flows.SphereFlow):
    """Straight on, and back to the sphere: reversible to second order, and not of one volume."""

    def turn(self, theta, momentum, angle):
        theta += angle * momentum
        theta *= self._norm / np.linalg.norm(theta)
        self._to_tangent(theta, momentum)


@every_net
@every_sampler
def test_motion_off_the_sphere_is_noticed(net, case):
    sampler, angle = case
    target = target_of(net, SphericalPrior(2.0), sampler)
    target.flow = PulledBack(2.0, net.n_parameters, FLOAT64)
    theta, momentum = drawn(target, 1)
    found = change_of_volume(target, theta, momentum, angle, TangentPlane)
    assert abs(found - 1) > 0.01


@every_net
@every_sampler
@pytest.mark.parametrize("prior", [SphericalPrior(2.0), GaussianPrior(0.7)], ids=str)
def test_trajectories_of_every_sampler_lead_back(net, case, prior):
    sampler, angle = case
    target = target_of(net, prior, sampler)
    theta, momentum = drawn(target, 4)
    end, arriving, rise = followed(target, theta, momentum, angle)
    assert np.linalg.norm(end - theta) > 0.3
    if isinstance(prior, SphericalPrior):
        assert np.linalg.norm(end) == pytest.approx(2, rel=1e-14)
        assert arriving @ end == pytest.approx(0, abs=1e-13)
    back, returning, fall = followed(target, end, -arriving, angle)
    np.testing.assert_allclose(back, theta, atol=1e-12)
    np.testing.assert_allclose(-returning, momentum, atol=1e-12)
    assert rise == pytest.approx(-fall, abs=1e-11)

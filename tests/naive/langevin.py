"""Langevin dynamics and spherical models from their definitions, one number at a time."""

from __future__ import annotations

import itertools
import math

import numpy as np

LANGEVIN = 20  # number of the stream


def energy(model, point):
    """H, a sum over all groups of p spins."""
    groups = itertools.combinations(range(model.n_spins), model.p)
    terms = (
        -J * math.prod(point[i] for i in group)
        for J, group in zip(model.couplings.tolist(), groups, strict=True)
    )
    return math.fsum(terms)


def gradient(model, point):
    """dH/ds without its part along s."""
    found = np.zeros(model.n_spins)
    groups = itertools.combinations(range(model.n_spins), model.p)
    for J, group in zip(model.couplings.tolist(), groups, strict=True):
        for i in group:
            found[i] -= J * math.prod(point[j] for j in group if j != i)
    return found - (found @ point) / (point @ point) * point


def trajectory(model, start, temperature, time_step, n_steps, seed, replica):
    """Points after 0, 1, ..., n_steps steps, and whether each move was accepted.

    Only the random numbers are the package's: NumPy's SFC64 of (seed, stream 20, replica).
    """
    sequence = np.random.SeedSequence(seed, spawn_key=(LANGEVIN, replica))
    generator = np.random.Generator(np.random.SFC64(sequence))
    n, here = model.n_spins, np.array(start, dtype=float)
    h = math.sqrt(2 * time_step)
    path, accepted = [here], []
    for _ in range(n_steps):
        v = np.zeros(n)
        if temperature > 0:
            v = math.sqrt(temperature) * generator.standard_normal(n)
            u = 1 - generator.random()
        v = v - (v @ here) / n * here
        first = energy(model, here) + v @ v / 2
        v = v - h / 2 * gradient(model, here)
        speed = math.sqrt(v @ v)
        angle = h * speed / math.sqrt(n)
        there = math.cos(angle) * here + math.sin(angle) * math.sqrt(n) / speed * v
        v = math.cos(angle) * v - math.sin(angle) * speed / math.sqrt(n) * here
        v = v - h / 2 * gradient(model, there)
        last = energy(model, there) + v @ v / 2
        accepted.append(temperature == 0 or math.log(u) <= (first - last) / temperature)
        here = there if accepted[-1] else here
        path.append(here)
    return np.array(path), accepted


def exact_energy_two(eigenvalues, temperature):
    r"""Energy per spin of the spherical p = 2 model of one sample, at its finite N.

    <x_i^2> = T \int dz w(z) / (z - l_i) / \int dz w(z) along a line parallel to the imaginary
    axis, with w(z) = exp(N z / 2 T) prod_i (z - l_i)^(-1/2): the constraint written as a
    Fourier integral, and Gaussian integrals over the amplitudes x_i of the eigenvectors. For
    some tens of spins or more, so that w falls fast.
    """
    n, low, high = eigenvalues.size, eigenvalues.max(), eigenvalues.max() + temperature + 1
    low = low + temperature / n / 2
    for _ in range(200):  # the saddle point, through which the line goes
        z = (low + high) / 2
        low, high = (z, high) if temperature * np.mean(1 / (z - eigenvalues)) > 1 else (low, z)
    end = 1e-3
    while np.log1p((end / (z - eigenvalues)) ** 2).sum() / 4 < 40:  # |w| falls to exp(-40)
        end *= 1.2
    y = np.linspace(0, end, 40_001)
    logs = np.zeros(y.size, dtype=complex)
    for value in eigenvalues:
        logs -= np.log(1 + 1j * y / (z - value)) / 2
    weight = np.exp(1j * n * y / (2 * temperature) + logs)
    mean = 0.0
    for value in eigenvalues:
        share = np.trapezoid((weight / (z + 1j * y - value)).real, y)
        mean -= value * temperature * share / 2
    return mean / np.trapezoid(weight.real, y) / n

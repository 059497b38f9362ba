"""Descent to a stationary point of a spherical model."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from spinglass_nn._core import check, random, threads
from spinglass_nn._core.progress import track
from spinglass_nn._core.results import result
from spinglass_nn.dynamics import _sphere
from spinglass_nn.dynamics._sphere import Landscape
from spinglass_nn.errors import NotConverged
from spinglass_nn.spins.p_spin import PSpin
from spinglass_nn.typing import RNG, Float64Array, IntArray, ProgressLike

_FIRST_STEP = 0.05
_DECREASE = 1e-4  # of what the slope promises, that a step must bring
_SHORTEST = 1e-12
_LONGER, _SHORTER = 4.0, 1 / 16  # shorter by more than the next search can be longer


@result()
class Descent:
    """Where descents ended.

    Parameters
    ----------
    points : array (n_starts, n_spins)
        End points, on the sphere.
    energies : array (n_starts,)
        Of the whole system.
    gradient_norms : array (n_starts,)
        Size of the gradient along the sphere there, over sqrt(N).
    n_steps : int64 array (n_starts,)
        Steps made.
    """

    points: Float64Array
    energies: Float64Array
    gradient_norms: Float64Array
    n_steps: IntArray

    def __repr__(self) -> str:
        per_spin = self.energies / self.points.shape[1]
        return (
            f"<{len(self.points)} descents on a sphere: energy per spin "
            f"{per_spin.mean():.6g} (min {per_spin.min():.6g}, max {per_spin.max():.6g})>"
        )


class _Front(NamedTuple):
    """One block of points, the forces at them and the directions they go in."""

    points: Float64Array
    energies: Float64Array
    forces: Float64Array
    directions: Float64Array


def descend(
    model: PSpin,
    *,
    n_starts: int = 1,
    start: ArrayLike | None = None,
    tolerance: float = 1e-7,
    max_steps: int = 20_000,
    progress: ProgressLike = False,
    n_threads: int | None = None,
    rng: RNG = None,
) -> Descent:
    """Go down in energy to a stationary point, by conjugate gradients on the sphere.

    Every step goes along a great circle, in the direction of the force mixed with the last
    one (Polak and Ribiere, started afresh where it would lead up), to about the nearest
    minimum of the energy on it; the energy falls in every step. For p = 2 this ends in the
    eigenvector of the largest eigenvalue, for p > 2 from random points near the threshold
    energy [1]_, where minima are marginal. For the time course of a quench, rather than its
    end, take `langevin` at T = 0.

    Parameters
    ----------
    model : PSpin
        A spherical one.
    n_starts : int
        How many descents.
    start : array (n_spins,) or (n_starts, n_spins), optional
        Where they start. Default: random points; descent 17 is descent 17 in any number.
    tolerance : float
        Done when the size of the gradient along the sphere, over sqrt(N), is below this.
    max_steps : int
        Steps at most.
    progress : bool or callable
        A bar on standard error, or a function of (done, total, text).
    n_threads : int, optional
        Threads, eight descents each, by default all cores. Results do not depend on it.
    rng : Generator, SeedSequence, int or None
        Seed of the random points.

    Returns
    -------
    Descent
        End points and their energies.

    Raises
    ------
    ParameterError, ShapeError, DataError
        If the model is not spherical, or a start does not fit.
    NotConverged
        If the tolerance is not met; its ``last`` is the Descent so far.

    References
    ----------
    .. [1] L. F. Cugliandolo and J. Kurchan, Phys. Rev. Lett. 71 (1993) 173.

    Examples
    --------
    >>> import numpy as np
    >>> import spinglass_nn as sg
    >>> model = sg.spins.PSpin(50, 2, "spherical", rng=1)
    >>> end = descend(model, n_starts=3, rng=2)
    >>> top = np.linalg.eigvalsh(model.matrix())[-1]
    >>> bool(np.allclose(end.energies / 50, -top / 2))
    True
    """
    model = _sphere.check_spherical(model)
    n_starts = check.count(n_starts, "n_starts")
    tolerance = check.positive(tolerance, "tolerance")
    max_steps = check.count(max_steps, "max_steps")
    points = _sphere.start_points(model, start, n_starts, random.seed_of(rng), "n_starts")
    landscape = Landscape(model)
    parts = _sphere.blocks_of(n_starts)
    with track(n_starts, f"descent in {model}", progress) as report:

        def down(part: slice) -> tuple[_Front, IntArray]:
            found = _descend_block(landscape, points[part], tolerance, max_steps)
            report(part.stop - part.start)
            return found

        fronts = threads.run(down, parts, n_threads)
    return _result(fronts, n_starts, tolerance)


def _result(fronts: list[tuple[_Front, IntArray]], n_starts: int, tolerance: float) -> Descent:
    norms = np.concatenate([_norms(front.forces) for front, _ in fronts])[:n_starts]
    found = Descent(
        points=np.concatenate([front.points for front, _ in fronts])[:n_starts],
        energies=np.concatenate([front.energies for front, _ in fronts])[:n_starts],
        gradient_norms=norms,
        n_steps=np.concatenate([steps for _, steps in fronts])[:n_starts],
    )
    if (norms > tolerance).any():
        raise NotConverged(
            f"descent must reach a gradient of {tolerance:g} per spin, got {norms.max():.3g} "
            f"after {found.n_steps.max()} steps; raise max_steps or the tolerance",
            found,
        )
    return found


def _norms(forces: Float64Array) -> Float64Array:
    norms: Float64Array = np.sqrt(_sphere.products(forces, forces) / forces.shape[1])
    return norms


def _descend_block(
    landscape: Landscape, points: Float64Array, tolerance: float, max_steps: int
) -> tuple[_Front, IntArray]:
    """Take the points of one block down, each until its own end."""
    here = _front_at(landscape, _sphere.filled(points))
    steps = np.full(_sphere.BLOCK, _FIRST_STEP)
    made = np.zeros(_sphere.BLOCK, dtype=np.int64)
    for _ in range(max_steps):
        moving = (_norms(here.forces) > tolerance) & (steps > _SHORTEST)
        if not moving.any():
            break
        here, steps = _line_search(landscape, here, steps, moving)
        made += moving
    return here, made


def _front_at(landscape: Landscape, points: Float64Array) -> _Front:
    fields = landscape.fields(points)
    forces = _sphere.tangent(fields, points)
    return _Front(points, landscape.energies(points, fields), forces, forces)


def _line_search(
    landscape: Landscape, here: _Front, steps: Float64Array, moving: NDArray[np.bool_]
) -> tuple[_Front, Float64Array]:
    """Go on along the directions; points that are done, or would go up, stay."""
    slope = _sphere.products(here.forces, here.directions)  # minus dE/dt, positive
    trial, carried = _tried(landscape, here, steps)
    slope_there = _sphere.products(trial.forces, carried)
    with np.errstate(divide="ignore", invalid="ignore"):  # where the slope did not change
        secant = steps * slope / (slope - slope_there)
    longer = np.where(slope_there >= slope, _LONGER * steps, secant)
    better = np.where(np.isfinite(longer), np.clip(longer, steps / 10, _LONGER * steps), steps)
    there, carried = _tried(landscape, here, better)
    rounding = 1e-14 * np.abs(here.energies)
    down = there.energies <= here.energies - _DECREASE * better * slope + rounding
    taken = moving & down
    there = there._replace(directions=_conjugate(here, there, carried))
    kept = taken[:, None]
    mixed = _Front(
        np.where(kept, there.points, here.points),
        np.where(taken, there.energies, here.energies),
        np.where(kept, there.forces, here.forces),
        np.where(kept, there.directions, np.where(moving[:, None], here.forces, 0.0)),
    )
    return mixed, np.where(taken, better, np.where(moving, _SHORTER * better, steps))


def _tried(
    landscape: Landscape, here: _Front, steps: Float64Array
) -> tuple[_Front, Float64Array]:
    """The points reached along the directions, and the directions carried there."""
    points, carried = landscape.moved(here.points, here.directions, steps)
    return _front_at(landscape, points), carried


def _conjugate(here: _Front, there: _Front, carried: Float64Array) -> Float64Array:
    """The next directions: the force plus a part of the last direction."""
    change = there.forces - _sphere.tangent(here.forces, there.points)
    squared = _sphere.products(here.forces, here.forces)
    with np.errstate(divide="ignore", invalid="ignore"):
        mixing = np.maximum(0, _sphere.products(there.forces, change) / squared)
    mixing = np.where(np.isfinite(mixing), mixing, 0.0)
    found = there.forces + mixing[:, None] * carried
    down = _sphere.products(found, there.forces) > 0
    bounded = _sphere.products(found, found) < math.inf
    return np.where((down & bounded)[:, None], found, there.forces)

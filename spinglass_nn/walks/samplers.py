"""How a point of a posterior moves: Metropolis, Langevin, Hamiltonian; all are exact."""

from __future__ import annotations

from abc import ABC

from spinglass_nn._core import check
from spinglass_nn._core.results import result


class Sampler(ABC):
    """One move: a momentum is drawn, a trajectory followed, its end accepted or not.

    All take their steps in angles: a momentum is drawn from the prior (scaled to the tangent
    plane on a sphere) and turns the point by the angle, so that one step serves all layers and
    a quarter turn is a fresh draw of the prior. In each move it is longer or shorter by up to
    a fifth, at random, since trajectories of one length can be periodic.

    Attributes
    ----------
    step : float
        Angle in radians of one step; where tuning begins, or what is used without it.
    n_steps : int
        Steps of a trajectory.
    uses_gradient : bool
        Whether the loss pushes the momentum on the way.
    target : float
        Mean acceptance that tuning aims at.
    """

    __slots__ = ()
    step: float
    n_steps: int
    uses_gradient: bool
    target: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "step", check.positive(self.step, "step"))


@result()
class HMC(Sampler):
    r"""Hamiltonian Monte Carlo: ``n_steps`` leapfrog steps, then Metropolis on the total energy.

    With the momentum p, masses :math:`1/\sigma_i^2` and
    :math:`H = \beta E(\theta) + \sum_i (\theta_i^2 + p_i^2) / 2 \sigma_i^2`, a step of angle
    :math:`\epsilon` is

    .. math:: p \leftarrow p - \tfrac{\epsilon}{2} \beta \sigma^2 \nabla E, \quad
              (\theta, p) \leftarrow (\theta \cos\epsilon + p \sin\epsilon,\;
              p \cos\epsilon - \theta \sin\epsilon), \quad
              p \leftarrow p - \tfrac{\epsilon}{2} \beta \sigma^2 \nabla E .

    The prior's motion is exact [2]_; on a sphere it is that along great circles, with kicks
    projected to the tangent plane [3]_. Errors of the step are made good by accepting with
    probability :math:`\min(1, e^{-\Delta H})` [1]_.

    Parameters
    ----------
    n_steps : int
        Steps of a trajectory; each costs one gradient over all of the data.
    step : float
        Angle, where tuning begins.

    Raises
    ------
    ParameterError
        If there is no step, or its angle is not positive.

    References
    ----------
    .. [1] S. Duane, A. D. Kennedy, B. J. Pendleton and D. Roweth, Phys. Lett. B 195 (1987) 216.
    .. [2] B. Shahbaba, S. Lan, W. O. Johnson and R. M. Neal, *Split Hamiltonian Monte Carlo*,
       Stat. Comput. 24 (2014) 339.
    .. [3] S. Byrne and M. Girolami, *Geodesic Monte Carlo on embedded manifolds*, Scand. J.
       Statist. 40 (2013) 825.

    Examples
    --------
    >>> HMC(20)
    HMC(n_steps=20, step=0.1)
    """

    n_steps: int = 10
    step: float = 0.1

    uses_gradient = True
    target = 0.8

    def __post_init__(self) -> None:
        object.__setattr__(self, "n_steps", check.count(self.n_steps, "n_steps"))
        Sampler.__post_init__(self)


@result()
class MALA(Sampler):
    r"""Langevin moves with a Metropolis correction: `HMC` of one step.

    For small angles the proposal is
    :math:`\theta - \frac{\epsilon^2}{2} (\theta + \beta \sigma^2 \nabla E) + \epsilon \sigma
    \xi`, a step of the Langevin equation preconditioned by the prior [1]_.

    Parameters
    ----------
    step : float
        Angle :math:`\epsilon`, where tuning begins.

    Raises
    ------
    ParameterError
        If it is not positive.

    References
    ----------
    .. [1] G. O. Roberts and R. L. Tweedie, Bernoulli 2 (1996) 341; S. L. Cotter,
       G. O. Roberts, A. M. Stuart and D. White, Statist. Sci. 28 (2013) 424.

    Examples
    --------
    >>> MALA()
    MALA(step=0.1)
    """

    step: float = 0.1

    n_steps = 1
    uses_gradient = True
    target = 0.574  # Roberts and Rosenthal, J. R. Stat. Soc. B 60 (1998) 255


@result()
class RandomWalkMetropolis(Sampler):
    r"""Metropolis moves without gradients: a turn towards a random point of the prior.

    .. math:: \theta' = \theta \cos\epsilon + \sigma \xi \sin\epsilon, \qquad
              \text{accepted with probability } \min(1, e^{-\beta \Delta E}).

    The proposal keeps the prior (on a sphere it turns by a random angle in a random direction),
    so only the loss decides [1]_. For small angles it is a random walk of step
    :math:`\epsilon \sigma`.

    Parameters
    ----------
    step : float
        Angle :math:`\epsilon`, where tuning begins.

    Raises
    ------
    ParameterError
        If it is not positive.

    References
    ----------
    .. [1] R. M. Neal, in *Bayesian Statistics 6* (1999) 475; S. L. Cotter et al., Statist.
       Sci. 28 (2013) 424 (there "pCN").

    Examples
    --------
    >>> RandomWalkMetropolis(0.02)
    RandomWalkMetropolis(step=0.02)
    """

    step: float = 0.1

    n_steps = 1
    uses_gradient = False
    target = 0.234  # Roberts, Gelman and Gilks, Ann. Appl. Probab. 7 (1997) 110

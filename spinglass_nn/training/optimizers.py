"""Optimizers: small frozen descriptions; the arithmetic is compiled."""

from __future__ import annotations

from typing import TypeAlias

from spinglass_nn._core import check
from spinglass_nn._core.results import result
from spinglass_nn.errors import ParameterError
from spinglass_nn.training import _update_kernels as kernels
from spinglass_nn.training._kernels import sgd_update
from spinglass_nn.training._update_kernels import Update
from spinglass_nn.training.schedules import Constant, Schedule
from spinglass_nn.typing import FloatArray


def _check_schedule(schedule: object) -> None:
    if not isinstance(schedule, Schedule):
        raise ParameterError(f"schedule must have a method factor(epochs), got {schedule!r}")


@result()
class SGD:
    r"""Stochastic gradient descent, with momentum, Nesterov's variant and weight decay.

    .. math:: v \leftarrow \mu v + g + \lambda\theta, \qquad
              \theta \leftarrow \theta - \eta v

    with :math:`g + \lambda\theta + \mu v` in place of v for Nesterov's variant.

    Parameters
    ----------
    learning_rate : float
        The rate η.
    momentum : float
        μ in [0, 1).
    nesterov : bool
        Nesterov's variant; needs a momentum.
    weight_decay : float
        λ; it acts on the step, not on the reported loss.
    schedule : Schedule
        Factor on the rate as a function of the epoch.
    """

    learning_rate: float = 0.1
    momentum: float = 0.0
    nesterov: bool = False
    weight_decay: float = 0.0
    schedule: Schedule = Constant()

    def __post_init__(self) -> None:
        check.positive(self.learning_rate, "learning_rate")
        check.non_negative(self.weight_decay, "weight_decay")
        if not 0 <= check.number(self.momentum, "momentum") < 1:
            raise ParameterError(f"momentum must lie in [0, 1), got {self.momentum:g}")
        _check_schedule(self.schedule)
        if self.nesterov and self.momentum == 0:
            raise ParameterError("nesterov must come with a momentum above 0, got momentum=0")

    @property
    def n_slots(self) -> int:
        """Vectors of memory beside the parameters."""
        return 1 if self.momentum else 0

    @property
    def update(self) -> Update:
        """The numbers the kernel needs."""
        # of the same types always, as for others kernels would be compiled once more
        momentum, decay = float(self.momentum), float(self.weight_decay)
        return Update(kernels.SGD, momentum, 0.0, 0.0, decay, bool(self.nesterov))


@result()
class Adam:
    r"""Adam, with coupled or decoupled weight decay.

    .. math:: m \leftarrow \beta_1 m + (1-\beta_1) g, \quad
              s \leftarrow \beta_2 s + (1-\beta_2) g^2, \quad
              \theta \leftarrow \theta - \eta\,\frac{m/(1-\beta_1^t)}
              {\sqrt{s/(1-\beta_2^t)} + \epsilon}

    Parameters
    ----------
    learning_rate : float
        The rate η.
    beta1, beta2 : float
        Memory of the moments, in [0, 1).
    epsilon : float
        Added to the root of the second moment.
    weight_decay : float
        λ; added to the gradient, or, if ``decoupled``, subtracted from the weights times η.
    decoupled : bool
        AdamW.
    schedule : Schedule
        Factor on the rate as a function of the epoch.

    References
    ----------
    Kingma and Ba 2015 (arXiv:1412.6980), Algorithm 1; Loshchilov and Hutter 2019
    (arXiv:1711.05101).
    """

    learning_rate: float = 1e-3
    beta1: float = 0.9
    beta2: float = 0.999
    epsilon: float = 1e-8
    weight_decay: float = 0.0
    decoupled: bool = False
    schedule: Schedule = Constant()

    def __post_init__(self) -> None:
        check.positive(self.learning_rate, "learning_rate")
        check.positive(self.epsilon, "epsilon")
        _check_schedule(self.schedule)
        check.non_negative(self.weight_decay, "weight_decay")
        for name in ("beta1", "beta2"):
            value = check.number(getattr(self, name), name)
            if not 0 <= value < 1:
                raise ParameterError(f"{name} must lie in [0, 1), got {value:g}")

    @property
    def n_slots(self) -> int:
        """Vectors of memory beside the parameters."""
        return 2

    @property
    def update(self) -> Update:
        """The numbers the kernel needs."""
        return Update(
            kernels.ADAM,
            float(self.beta1),
            float(self.beta2),
            float(self.epsilon),
            float(self.weight_decay),
            bool(self.decoupled),
        )


Optimizer: TypeAlias = SGD | Adam


def descend(
    optimizer: SGD, theta: FloatArray, slots: FloatArray, gradient: FloatArray, rate: float
) -> None:
    """One step in place along a gradient (n,) at hand; weight decay is the caller's."""
    how = optimizer.update._replace(weight_decay=0.0)
    sgd_update(theta, slots, gradient, 1.0, rate, how)

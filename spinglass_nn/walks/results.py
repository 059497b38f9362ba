"""What a walk returns, and what it goes on from."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from spinglass_nn._core.results import result
from spinglass_nn.networks import MLP
from spinglass_nn.typing import Float64Array, FloatArray, IntArray
from spinglass_nn.walks.moves import Move
from spinglass_nn.walks.rules import Rule

COLUMNS = (
    "distance", "overlap", "loss", "accuracy", "test_loss", "test_accuracy", "gradient_norm",
)  # fmt: skip


GENERATOR_WORDS = 6  # of one SFC64


@result(version=3)
class WalkPlan:
    """What must stay as it is when a walk goes on.

    Parameters
    ----------
    step : float
        Length r of a move.
    move : Move
        How moves are proposed.
    geometry : str
        ``"flat"`` or ``"sphere"``.
    rule : Rule
        Which moves are accepted.
    record_every : int
        Steps between two records.
    refresh_every : int
        Steps after which the loss is computed from scratch at the latest, where moves of one
        part go on from what the last one left; it is at each record, too. 0 for other walks.
    first_walker : int
        Number of the first walker.
    data : str
        Fingerprint of the training data.
    test : str or None
        Fingerprint of the test data; None if they are not evaluated.
    has_gradient : bool
        Whether the gradient is evaluated too.
    seed : tuple of int
        Entropy and key of the seed.
    """

    step: float
    move: Move
    geometry: str
    rule: Rule
    record_every: int
    refresh_every: int
    first_walker: int
    data: str
    test: str | None
    has_gradient: bool
    seed: tuple[int, ...]

    @property
    def has_test(self) -> bool:
        """Whether test data are evaluated too."""
        return self.test is not None


@result(version=3)
class WalkState:
    """Where a walk is; hand it back as ``state=`` to go on to the same bits.

    Parameters
    ----------
    network : MLP
        The network walked with.
    plan : WalkPlan
        Step, move, geometry, rule and seed.
    n_steps : int
        Steps made by every walker.
    origin : array (n_parameters,)
        Where all walkers started.
    positions : array (n_walkers, n_parameters)
        Where they are.
    losses : array (n_walkers,)
        Train loss there, for rules that need it; NaN for others.
    accepted : int64 array (n_walkers,)
        Moves accepted.
    generators : uint64 array (n_walkers, 6 or 38)
        Random streams: four words of SFC64, then a half-used word and whether it is there;
        for moves of all parameters then those of the displacements, eight of xoshiro256++.
    drift : array (n_walkers,)
        Largest error found of a loss that was followed from move to move.
    records : array (n_walkers, n_records, 7)
        Distance, overlap, loss, accuracy, test loss, test accuracy, norm of the gradient,
        recorded at step 0 and every ``plan.record_every`` steps.
    mutual_overlap : array (n_records,)
        Mean overlap of two walkers at each of these.
    refreshed : WalkState or None
        A walk of single moves that ends between two computations from scratch goes on from
        the last one, to the same bits.
    """

    network: MLP
    plan: WalkPlan
    n_steps: int
    origin: FloatArray
    positions: FloatArray
    losses: Float64Array
    accepted: IntArray
    generators: NDArray[np.uint64]
    drift: Float64Array
    records: Float64Array
    mutual_overlap: Float64Array
    refreshed: WalkState | None = None

    def __repr__(self) -> str:
        return (
            f"<state of {len(self.positions)} walkers of {self.network} "
            f"after {self.n_steps} steps>"
        )


@result(version=2)
class RandomWalk:
    r"""Loss and accuracy along random walks in parameter space.

    Parameters
    ----------
    steps : int64 array (n_records,)
        Step of each record, from 0 to the last.
    distance : array (n_walkers, n_records)
        Euclidean distance :math:`|\theta_t - \theta_0|` from the start.
    overlap : array (n_walkers, n_records)
        :math:`\theta_t \cdot \theta_0 / (|\theta_t| |\theta_0|)`; NaN if either is zero.
    loss, accuracy : array (n_walkers, n_records)
        On the training data; the accuracy is NaN for regression.
    test_loss, test_accuracy : array (n_walkers, n_records) or None
        On the test data, where there are any.
    gradient_norm : array (n_walkers, n_records) or None
        Length of the gradient of the loss on the training data, where it was asked for.
    mutual_overlap : array (n_records,)
        Mean overlap of two different walkers at the same step; NaN for a single one.
    acceptance : array (n_walkers,)
        Share of moves accepted.
    drift : array (n_walkers,)
        Largest difference found between a loss followed from move to move and the same loss
        computed from scratch; zero where each one is.
    step : float
        Length r of a move: of each, or the root mean square for moves of one part.
    start_norm : float
        :math:`|\theta_0|`.
    n_parameters : int
        N.
    geometry : str
        ``"flat"`` or ``"sphere"``.
    move : str
        The kind of move.
    rule : str
        The rule and its number.
    name : str
        What the walk is called in figures.
    state : WalkState
        Final positions and streams; ``state=`` goes on from here.
    """

    steps: IntArray
    distance: Float64Array
    overlap: Float64Array
    loss: Float64Array
    accuracy: Float64Array
    test_loss: Float64Array | None
    test_accuracy: Float64Array | None
    gradient_norm: Float64Array | None
    mutual_overlap: Float64Array
    acceptance: Float64Array
    drift: Float64Array
    step: float
    start_norm: float
    n_parameters: int
    geometry: str
    move: str
    rule: str
    name: str
    state: WalkState

    def __repr__(self) -> str:
        walkers = f"{self.n_walkers} walker{'s' if self.n_walkers > 1 else ''}"
        return (
            f"<{self.name}: {walkers}, {self.steps[-1]} steps of {self.step:.4g} "
            f"({self.geometry}, {self.move}, {self.rule}), loss {self.loss[:, 0].mean():.4g} to "
            f"{self.loss[:, -1].mean():.4g}>"
        )

    @property
    def n_walkers(self) -> int:
        """Number of walkers."""
        return int(self.distance.shape[0])


def pack_generator(generator: np.random.Generator) -> NDArray[np.uint64]:
    """The state of an SFC64 generator as six words."""
    state: dict[str, Any] = dict(generator.bit_generator.state)
    words = [*state["state"]["state"], state["uinteger"], state["has_uint32"]]
    return np.array(words, dtype=np.uint64)


def unpack_generator(words: NDArray[np.uint64]) -> np.random.Generator:
    """The generator that `pack_generator` wrote down."""
    bits = np.random.SFC64(0)
    bits.state = {
        "bit_generator": "SFC64",
        "state": {"state": np.array(words[:4], dtype=np.uint64)},
        "uinteger": int(words[4]),
        "has_uint32": int(words[5]),
    }
    return np.random.Generator(bits)

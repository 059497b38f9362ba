"""One call of `nudged_elastic_band` or `auto_neb`: a band of a network, step by step."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from spinglass_nn._core import threads
from spinglass_nn._core.progress import track
from spinglass_nn.errors import Interrupted, ParameterError
from spinglass_nn.io.resuming import seed_in
from spinglass_nn.landscape._bands import Band, Rules, insertions, largest_force
from spinglass_nn.landscape._samples import Minibatches
from spinglass_nn.landscape.bands import AutoNEB, BandState, ElasticBand, history_of
from spinglass_nn.landscape.curves import LossCurve, loss_curve
from spinglass_nn.landscape.paths import Path, leg_positions
from spinglass_nn.networks.mlp import MLP
from spinglass_nn.typing import Float64Array, LabelledData, ProgressLike


class Scan(NamedTuple):
    """What is looked at, how often and how densely."""

    n_points_per_leg: int
    record_every: int
    name: str


class BandJob:
    """A band under way and the loss it goes down on; steps are whole or not made."""

    def __init__(
        self,
        net: MLP,
        data: LabelledData,
        state: BandState,
        rules: Rules,
        schedule: AutoNEB | None,
        scan: Scan,
        n_threads: int | None,
    ) -> None:
        self.net, self.data, self.n_threads = net, data, n_threads
        self.rules, self.scan, self.settings = rules, scan, state.settings
        self.schedule = schedule
        seed = seed_in(self.settings)
        size = self.settings["batch_size"]
        self.batches = Minibatches(net, data, state.nodes.dtype, size, seed, n_threads)
        # the ends stay, so the loss of every sample there is computed once
        self.losses_at_ends = self.batches.whole.of_samples(state.nodes[[0, -1]])
        self.ends = self.losses_at_ends.mean(axis=1)
        self.band = Band(state.nodes.copy(), state.slots.copy(), state.spacing.copy())
        self.n_steps = state.n_steps
        self.records = list(state.records)
        self.cycle_ends = [] if schedule is None else np.cumsum(schedule.n_steps).tolist()

    def run(self, n_steps: int, progress: ProgressLike) -> ElasticBand:
        """Step on to step ``n_steps`` and look at the path."""
        title = f"elastic band of {self.net}"
        try:
            with threads.one_blas_thread(), track(n_steps, title, progress) as advance:
                advance(self.n_steps)
                if not self.records:
                    threads.whole(self.record)
                while self.n_steps < n_steps:
                    threads.whole(self.step)
                    advance(1)
                return self.result()
        except KeyboardInterrupt:
            raise Interrupted(
                f"elastic band interrupted after {self.n_steps} of {n_steps} steps; "
                "repeat the call with state= to go on",
                self.state(),
            ) from None

    def step(self) -> None:
        """One step of all pivots, and what is due after it."""
        loss = self.batches.of_step(self.n_steps)
        ends = self.ends
        if not self.batches.all_at_once:  # losses of other samples cannot be compared
            ends = self.losses_at_ends[:, self.batches.rows(self.n_steps)].mean(axis=1)
        self.band.advance(loss.losses_and_gradients, ends, self.rules, self.rate())
        if not np.isfinite(self.band.nodes.sum()):
            raise ParameterError(
                f"learning_rate must keep the band finite, got {self.rules.optimizer!r}: it "
                f"diverged in step {self.n_steps + 1}"
            )
        self.n_steps += 1
        if self.n_steps in self.cycle_ends[:-1]:
            self.refine()
        if self.n_steps % self.scan.record_every == 0:
            self.record()

    def rate(self) -> float:
        """The learning rate of the next step."""
        rate = self.batches.rate(self.rules.optimizer, self.n_steps)
        if self.schedule is None:
            return rate
        cycle = int(np.searchsorted(self.cycle_ends, self.n_steps, side="right"))
        return rate * self.schedule.factors[cycle]

    def refine(self) -> None:
        """Insert pivots where the path is rough."""
        assert self.schedule is not None
        losses = self.curve().loss
        how = self.schedule
        places = insertions(losses, len(self.band.spacing), how.threshold, how.n_inserted)
        self.band.insert(places)

    def path(self) -> Path:
        """The path as it is."""
        positions = leg_positions(len(self.band.spacing), self.scan.n_points_per_leg)
        return Path(self.net, self.band.nodes.copy(), positions, self.scan.name)

    def curve(self, test: bool = False) -> LossCurve:
        """The dense scan of the path."""
        return loss_curve(self.net, self.data, self.path(), test=test, n_threads=self.n_threads)

    def record(self) -> None:
        self.records.append(self.measure(self.curve()))

    def measure(self, curve: LossCurve) -> Float64Array:
        """A record: step, pivots, saddle, barrier, length, force."""
        nodes = self.band.nodes
        losses, gradients = self.batches.whole.losses_and_gradients(nodes[1:-1])
        climber = 1 + int(losses.argmax()) if self.rules.climbing else None
        along = np.concatenate([self.ends[:1], losses, self.ends[1:]])
        force = largest_force(nodes, along, gradients, self.rules.tangent, climber)
        saddle, length = curve.loss.max(), curve.distance[-1]
        return np.array([self.n_steps, len(nodes) - 2, saddle, curve.barrier, length, force])

    def result(self) -> ElasticBand:
        """The band as it is, with a record of it."""
        curve = self.curve(test=True)
        records = np.array(self.records)
        if records[-1, 0] != self.n_steps:
            records = np.concatenate([records, [self.measure(curve)]])
        return ElasticBand(self.path(), curve, history_of(records), self.state())

    def state(self) -> BandState:
        """A copy of all that is needed to go on."""
        band = self.band
        return BandState(
            self.net,
            band.nodes.copy(),
            band.slots.copy(),
            band.spacing.copy(),
            self.n_steps,
            np.array(self.records).reshape(-1, 6),
            self.settings,
        )

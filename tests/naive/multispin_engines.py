"""Multi-spin engines made for tests, and a twin that moves the same systems by plain loops."""

from __future__ import annotations

import numpy as np
from naive import multispin as naive

from spinglass_nn._core.random import Seed, Stream
from spinglass_nn.dynamics._engine import Setting
from spinglass_nn.dynamics._exchange_kernels import follow
from spinglass_nn.dynamics._geometry import geometry_of
from spinglass_nn.dynamics._record import Record
from spinglass_nn.dynamics.multispin import MultispinEngine, suits
from spinglass_nn.spins import EdwardsAnderson

PAIRS = ("overlap", "link_overlap")
LADDER = np.geomspace(0.25, 2, 16)
LAYOUTS = {  # samples, replicas, temperatures
    "one word": (3, 2, 3),
    "unused bits": (2, 3, 5),
    "two words": (5, 3, 32),
    "three words": (3, 5, 30),
    "all of a block": (1, 8, 40),
    "two blocks": (2, 9, 60),
    "one temperature": (1, 70, 1),
}


def setting_of(replicas, temperatures, *, exchange=True, every=1, cluster=0, observables=PAIRS,
               seed=1, move="metropolis"):  # fmt: skip
    return Setting(
        replicas, np.asarray(temperatures, dtype=float), move, exchange, every, cluster,
        tuple(observables), Seed(seed),
    )  # fmt: skip


def engine_of(models, replicas=2, temperatures=LADDER, **options):
    setting = setting_of(replicas, temperatures, **options)
    tables = geometry_of(models[0], setting.observables)
    record = Record(
        len(models), replicas, len(temperatures), models[0].n_spins, setting.observables,
        n_links=len(tables.links), n_axes=len(tables.waves),
    )  # fmt: skip
    assert suits(models, setting) == ""
    return MultispinEngine(models, setting, record)


def run_all(engine, n_measures):
    for group in range(engine.n_groups):
        engine.run(group, n_measures)


def cubes(n, size=4):
    return [EdwardsAnderson((size,) * 3, "pm1", sample=k, rng=8) for k in range(n)]


class Twin:
    """The same systems, moved by plain loops with the same random words."""

    def __init__(self, engine):
        self.models, setting = engine.models, engine.setting
        self.temperatures = setting.temperatures
        self.bonds = [naive.bonds_of(model) for model in self.models]
        self.spins = engine.spins()
        n, replicas, steps = self.spins.shape[:3]
        fit = max(1, 64 // steps)
        self.width = replicas if replicas <= fit else max(1, fit // 2 * 2)  # replicas a word
        self.n_words = -(-replicas // self.width)
        self.states = [self._first_words(setting.seed, k) for k in range(n)]
        self.generators = [
            [setting.seed.generator(Stream.EXCHANGE, k, r) for r in range(replicas)]
            for k in range(n)
        ]
        self.accepts = np.zeros((n, steps - 1), dtype=int)
        self.labelled = np.zeros((n, steps), dtype=int)
        self.from_hot = np.zeros((n, steps), dtype=int)
        self.trips = np.zeros((n, replicas), dtype=int)
        self.order = np.tile(np.arange(steps), (n, replicas, 1))
        self.label = np.zeros((n, replicas, steps), dtype=int)
        self.lowest = np.full(n, np.inf)

    def _first_words(self, seed, k):
        """States of the columns of sample k: 4 words each, then those of the spins."""
        generator = seed.generator(Stream.MOVES, k)
        size = 4 + self.spins.shape[-1]
        draws = [generator.integers(2**64, size=size, dtype=np.uint64)
                 for _ in range(self.n_words)]  # fmt: skip
        return [[int(word) for word in draw[:4]] for draw in draws]

    def advance(self, parity):
        steps = len(self.temperatures)
        for k, model in enumerate(self.models):
            for word, state in enumerate(self.states[k]):
                part = self.spins[k, word * self.width : (word + 1) * self.width]
                lanes = part.reshape(-1, part.shape[-1])
                naive.sweep(self.bonds[k], lanes, np.tile(self.temperatures, len(part)), state)
            self.lowest[k] = min(self.lowest[k], model.energy(self.spins[k]).min())
            for r in range(self.spins.shape[1] if steps > 1 else 0):
                self._exchange(model, k, r, parity)

    def _exchange(self, model, k, r, parity):
        ladder, order = self.spins[k, r], self.order[k, r]
        for t in naive.exchange(
            model, ladder, self.temperatures, parity, self.generators[k][r]
        ):
            order[[t, t + 1]] = order[[t + 1, t]]
            self.accepts[k, t] += 1
        self.trips[k, r] += follow(
            order, self.label[k, r], self.labelled[k], self.from_hot[k]
        )  # fmt: skip

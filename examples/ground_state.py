"""Search for the ground state of an instance file: parallel tempering against annealing.

    python examples/ground_state.py FILE [maxcut]

FILE holds lines `i j J` under a header, as the usual collections have them; with `maxcut` the
weights are those of a cut to be made large. Without a file an instance is drawn and written.
"""

import sys
import tempfile
from pathlib import Path

import numpy as np

import spinglass_nn as sg

if len(sys.argv) > 1:
    file, form = Path(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "coupling"
else:
    file, form = Path(tempfile.mkdtemp()) / "lattice.txt", "coupling"
    sg.spins.write_instance(sg.spins.EdwardsAnderson((6, 6, 6), rng=1).graph(), file)
model = sg.spins.read_instance(file, form=form)
print(f"{file.name}: {model}")

scale = np.sqrt(np.square(model.couplings).sum() / model.n_spins)  # typical field on a spin
ladder = scale * sg.dynamics.geometric(0.05, 1.2, n=32)
run = sg.dynamics.parallel_tempering(
    model, ladder, n_sweeps=20_000, n_replicas=4, observables=(), record_every=0, rng=1
)
annealed = sg.dynamics.simulated_annealing(
    model, scale * sg.dynamics.geometric(0.05, 1.2, n=500), n_reads=256, rng=2
)
print(f"tempering: {run.lowest_energy:.10g}, met by {run!r}")
print(
    f"annealing: {annealed.lowest_energy:.10g}, by {annealed.success(run.lowest_energy)} of 256"
)
if form == "maxcut":
    print(f"cut: {sg.spins.cut_value(model, run.lowest_spins):.10g}")
print(f"spins, first 32: {''.join('+' if s > 0 else '-' for s in run.lowest_spins[:32])}")

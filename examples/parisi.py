"""The Sherrington-Kirkpatrick model against Parisi's solution: energy and P(q) at finite N.

The energy of finite systems lies above the limit by about N^(-2/3); the delta function of P(q)
at q_EA is still a broad peak at these sizes, the plateau down to q = 0 is there already.
"""

import sys

import numpy as np

import spinglass_nn as sg

SIZES, N_SAMPLES = (32, 64, 128), 60
ladder = sg.dynamics.geometric(0.4, 1.5, n=16)

runs = {}
for n_spins in SIZES:
    samples = [
        sg.spins.SherringtonKirkpatrick(n_spins, sample=k, rng=1) for k in range(N_SAMPLES)
    ]
    runs[n_spins] = sg.dynamics.parallel_tempering(
        samples, ladder, n_sweeps=4096, rng=n_spins, progress=True
    )
    for test in runs[n_spins].equilibration():
        print(f"N = {n_spins}: {test.sentence}")

limit = [sg.spins.parisi.solve(temperature) for temperature in ladder]
with sg.plotting.style():
    figure = None
    for n_spins, run in runs.items():
        figure = sg.plotting.against_temperature(
            ladder, run.energy, label=f"N = {n_spins}", ax=figure
        )
    figure.plot(ladder, [solution.energy for solution in limit], "k-", label="Parisi, N → ∞")
    figure.legend(frameon=False)
    print(sg.plotting.save(figure, sys.argv[1] if len(sys.argv) > 1 else "sk_energy.svg"))

    figure, place = None, int(np.argmin(np.abs(ladder - 0.5)))
    for n_spins, run in runs.items():
        pq = run.overlap_histogram(temperature=ladder[place], n_bins=33)
        figure = sg.plotting.overlap_distribution(pq, label=f"N = {n_spins}", ax=figure)
    sg.plotting.parisi_law(limit[place].overlap_distribution, ax=figure)
    print(sg.plotting.save(figure, sys.argv[2] if len(sys.argv) > 2 else "sk_overlaps.svg"))

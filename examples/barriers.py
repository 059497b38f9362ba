"""All minima of a small spin glass and the barriers between them: the disconnectivity graph."""

import sys

import numpy as np

import spinglass_nn as sg

model = sg.spins.SherringtonKirkpatrick(16, rng=2)
found = sg.overlaps.flood(model)
barriers = found.graph.minimax_barriers()
print(found)
print(
    f"from the ground state to its mirror image: climb {barriers[0, 1] - found.energies[0]:.3f}"
)
deepest = np.argsort(np.where(np.isfinite(found.graph.depths), found.graph.depths, -1))[-1]
print(f"deepest of the other minima: {found.graph.depths[deepest]:.3f}")

# do minima behind low barriers look alike?
distances = sg.overlaps.distances(found.spins, kind="1 - overlap")
tree = sg.overlaps.cluster(distances)
support = sg.overlaps.support_by_dimensions(found.spins, kind="1 - overlap", rng=1)
print(f"by overlap: {tree}")
print(support)

signs = np.sign(found.spins.astype(int) @ found.spins[0])
side = [{1: "q > 0 with a ground state", 0: "q = 0", -1: "q < 0"}[int(sign)] for sign in signs]
with sg.plotting.style():
    ax = sg.plotting.disconnectivity_graph(found.graph, groups=side, energy="energy H")
    print(sg.plotting.save(ax, sys.argv[1] if len(sys.argv) > 1 else "barriers.svg"))

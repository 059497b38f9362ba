"""Reference models in figures and words: what the instrument says where the answer is known."""

from __future__ import annotations

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.liao2024._drawn import beside_null, trees_over_matrices
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.studies import Glass, Glasses, Hierarchy, StudyRun

_PLANTED = ("planted-0", "planted-1", "planted-2")
_NETWORKS = (
    ("initial", "aligned euclidean"),
    ("independent", "aligned euclidean"),
    ("independent", "disagreement"),
    ("mixed", "aligned euclidean"),
    ("walked", "aligned euclidean"),
    ("forked", "aligned euclidean"),
)


def figures(glasses: Glasses, hierarchy: Hierarchy) -> Drawn:
    """Figures of planted trees, and of networks and glasses on the same axes."""
    physical = [g for g in glasses.systems if g.name not in (*_PLANTED, "noise")]
    return {
        "rsb-schematic": (
            _schematic(glasses),
            "Schematic of replica symmetry breaking, from planted points: one state (replica "
            "symmetric), flat states (one step), states within states (two steps). Dendrograms of "
            "one sample each, average linkage, heights 1 - q.",
            "Three dendrograms: a flat one, one with clusters, one with clusters of clusters.",
        ),
        "trees-glasses": (
            _trees(physical),
            "The same plot as for the ensembles of networks: dendrograms (average linkage) and "
            "distances 1 - q in their order, one sample of each model at its largest size, each on "
            "a scale from zero.",
            "Dendrograms over matrices of distances, one for each reference model.",
        ),
        "overlaps-glasses": (
            _overlaps(physical, hierarchy),
            "P(q) of networks and of reference models on the same axes, before symmetries are "
            "removed (first colour) and after (second colour): permutations of hidden units of "
            "networks, the global flip of spins. Errors: jackknife over networks or over disorder "
            "samples.",
            "Small panels of distributions of the overlap, networks first, then spin glasses.",
        ),
        "evidence-k": (
            _together(glasses, hierarchy, "K"),
            _caption("low"),
            "K of networks and of reference models beside the bands of one cluster.",
        ),
        "evidence-cophenetic": (
            _together(glasses, hierarchy, "cophenetic correlation"),
            _caption("high"),
            "Cophenetic correlation of networks and of reference models beside the bands of one "
            "cluster.",
        ),
    }


def _schematic(glasses: Glasses) -> Figure:
    figure = Figure(figsize=(10.5, 3.4), layout="constrained")
    for place, name in enumerate(_PLANTED):
        system = glasses.of(name)
        axes = figure.add_subplot(1, len(_PLANTED), place + 1)
        plotting.dendrogram(system.tree, height="1 - q at the merge", ax=axes)
        axes.set_title(system.title.removeprefix("planted, "), fontsize="medium")
    return figure


def _trees(systems: list[Glass]) -> Figure:
    sized = ("sk-", "lattice-")  # by increasing size
    largest = {s.name[:2] if s.name.startswith(sized) else s.name: s for s in systems}
    return trees_over_matrices([(s.title, s.tree, s.distances, None) for s in largest.values()])


def _overlaps(systems: list[Glass], hierarchy: Hierarchy) -> Figure:
    panels = [
        ("untrained networks", hierarchy.overlaps_of("initial").raw, hierarchy.untrained),
        (
            "E1 independent solutions",
            hierarchy.overlaps_of("independent").raw,
            hierarchy.aligned,
        ),
        *((system.title, system.raw, system.gauged) for system in systems),
    ]
    rows = -(-len(panels) // 2)
    figure = Figure(figsize=(9.0, 2.3 * rows), layout="constrained")
    first: Axes | None = None
    for place, (title, before, after) in enumerate(panels):
        axes = figure.add_subplot(rows, 2, place + 1, sharex=first)
        first = first or axes
        plotting.overlap_distribution(before, ax=axes)
        plotting.overlap_distribution(after, ax=axes)
        axes.set_title(title, fontsize="medium")
        axes.locator_params(axis="x", nbins=5)
    return figure


def _together(glasses: Glasses, hierarchy: Hierarchy, which: str) -> Axes:
    tested = []
    for row in _NETWORKS:
        tested += [(b.title, b.verdict.clusters) for b in hierarchy.branches
                   if (b.ensemble, b.distances.kind) == row]  # fmt: skip
    tested += [(g.title, g.verdict.clusters) for g in glasses.systems]
    return beside_null(tested, which)


def _caption(side: str) -> str:
    return (
        "Networks and reference models on one axis. Dots: measured, errors over points or over "
        "disorder samples, of which the mean is shown. Grey: 1 to 99 % of one cluster, narrower "
        f"where samples are many. Trees and flat clusters lie on the {side} side."
    )


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on reference models."""
    glasses: Glasses = run.results["glasses"]
    rows = []
    for system in glasses.systems:
        found, flat = system.verdict, system.verdict.hierarchy
        rows.append((
            system.title,
            system.expected,
            f"{found.n_samples} × {found.n_points}",
            system.energy,
            found.finding,
            f"{found.clusters.p_value:.2g} ({found.clusters.power:.0%})",
            None if flat is None else f"{flat.p_value:.2g} ({flat.power:.0%})",
        ))  # fmt: skip
    return Section(
        "glasses",
        "Reference models",
        "What does the same instrument say of systems whose answer is known?",
        method=(
            "Planted points and independent ones; the spherical models of p = 2 and 3 at T = 0.25, "
            "replicas leaving from the ends of four descents (what E4 does with networks); "
            "distinct ends of independent descents for p = 3 (what E1 does); the "
            "Sherrington-Kirkpatrick model and the three-dimensional ±J lattice in equilibrium by "
            "exchange Monte Carlo. The global flip is removed where there is one (p = 2, Ising "
            "spins). All samples of a model are judged together.",
            "With one hidden layer the mapping to a spherical spin glass has H = 2: that model is "
            "a random quadratic form with one state and its mirror image, no glass. H = 3 would "
            "break replica symmetry in one step, into flat states; only the "
            "Sherrington-Kirkpatrick model has Parisi's full hierarchy, and that in the limit: a "
            "few hundred spins need not be told from flat clusters, or from one.",
            "A finding of clusters or hierarchy in a small system says that its points are no "
            "Gaussian cluster, and no more: minima of the p = 3 model at these sizes have overlaps "
            "with a tail, and can be called a hierarchy where theory has none.",
        ),
        findings=[f"{s.title}: {s.verdict.sentence}" for s in glasses.systems],
        drawings=[drawings[name] for name in
                  ("rsb-schematic", "trees-glasses", "overlaps-glasses", "evidence-k",
                   "evidence-cophenetic")],
        tables=[
            Table(
                "Reference models: energy per spin, finding, p-values and power in brackets",
                ("model", "theory", "samples × points", "energy", "finding", "p, one cluster",
                 "p, flat clusters"),
                rows,
            ),
            Table(
                "Tests of equilibrium",
                ("model", "test"),
                [(s.title, note) for s in glasses.systems for note in s.notes],
            ),
        ],
    )  # fmt: skip

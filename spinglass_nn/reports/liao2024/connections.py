"""Protocol (b) beyond straight lines in figures and words: widths, regions, other paths."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from spinglass_nn import plotting
from spinglass_nn.landscape import BarrierGraph, mean_barrier
from spinglass_nn.plotting.appearance import SIZE, category
from spinglass_nn.reports.assembling import Drawn
from spinglass_nn.reports.model import Drawing, Section, Table
from spinglass_nn.statistics import Estimate, mean_estimate
from spinglass_nn.studies import Connections, Interpolation, Regions, StudyRun, Widths
from spinglass_nn.studies.claims import mean_of
from spinglass_nn.studies.recipes.liao2024.connections import NARROW
from spinglass_nn.studies.recipes.liao2024.widths import KINDS


def figures(results: Mapping[str, Any]) -> Drawn:
    """Figures of widths, train loss, regions, bands and graphs."""
    widths: Widths = results["widths"]
    return {
        **_paths(results["connections"]),
        "barrier-width": (
            plotting.barrier_against_width(
                widths.widths, {kind: widths.units(kind) for kind in KINDS}
            ),
            "Barrier against the number of hidden units at about equal train loss; faint points "
            "are runs (of pairs, the mean over a run's partners), bars standard errors over "
            "them. Runs without a barrier count in the mean, but have no point on this axis.",
            "Barriers against width on logarithmic axes, before and after matching, to copies and "
            "for single swaps.",
        ),
        "barrier-loss": (
            _against_loss(widths, results["interpolation"]),
            "Barrier between independent solutions, as they are (open) and after matching "
            "(filled), against the train loss of its ends, at points along training; black: the "
            "main solutions.",
            "Barriers against train loss, one line for each width, before and after matching.",
        ),
        "regions": (
            _regions(results["regions"]),
            "Barrier on straight lines between ends of walks, against the length of the walks: "
            "within one region, to the region of a copy and to that of an independent solution; "
            "at 0 the centres. Errors over solutions.",
            "Barriers between regions against the length of walks into them.",
        ),
        **_graphs(results["connections"]),
    }


def _paths(found: Connections) -> Drawn:
    """Paths that are not straight, beside those that are."""
    spare = plotting.chain_profile(found.spare, label="by way of a spare unit")
    spare.plot(
        found.spare_direct.coordinate * found.spare.coordinate[-1],
        found.spare_direct.loss,
        linestyle="--",
        color="black",
        label="straight line",
    )
    spare.set_xlabel("legs of the path passed")
    spare.legend(loc="lower center", bbox_to_anchor=(0.5, 1.0), ncols=2, frameon=False)
    return {
        "spare-path": (
            spare,
            "Two units of a network with one spare unit swapped: along seven legs by way of the "
            "spare unit the loss does not change; the straight line between the same ends (its "
            "length scaled to the figure's) has a barrier.",
            "A level line of seven legs beside the hump of the straight line.",
        ),
        "bands": (
            plotting.curves(
                [found.straight, found.matched, found.bands, found.curves],
                ["straight", "straight, matched", "elastic band", "Bezier curve"],
            ),
            f"Between {len(found.straight)} pairs of independent solutions: straight lines, as "
            "they are and after matching, elastic bands and Bezier curves of one bend without "
            "matching. Means with 10-90 % bands over pairs, on all training samples.",
            "Loss along four kinds of paths; only the straight line without matching is high.",
        ),
        "copy-bands": (
            plotting.curves(
                [found.copies, found.copy_bands, found.narrow, found.narrow_bands],
                [
                    "straight",
                    "elastic band",
                    f"straight, {NARROW} units",
                    f"band, {NARROW} units",
                ],
            ),
            "From solutions to their own permuted copies: straight lines and elastic bands; and "
            f"the same for networks of {NARROW} hidden units, the control in which bands stay "
            "high.",
            "Loss on straight lines and bands to copies, for wide and for very narrow networks.",
        ),
    }


# how the names of this section's figures begin
_NAMES = ("spare-", "bands", "copy-bands", "barrier-width", "barrier-loss", "regions", "graph-",
          "forest-")  # fmt: skip
_MAIN = "main solutions"


def _graphs(found: Connections) -> Drawn:
    """Graphs of barriers and their forests, on one scale of energy."""
    named: list[tuple[str, str, BarrierGraph]] = [
        ("lines", "straight lines, not matched", found.lines),
        ("matched", "straight lines, each pair matched", found.aligned),
    ]
    if found.relaxed is not None:
        named.append(("bands", "elastic bands, not matched", found.relaxed))
    low = min(float(graph.losses.min()) for _, _, graph in named)
    high = max(float(graph.spanning_saddles[-1]) for _, _, graph in named)
    drawn: Drawn = {}
    for key, words, graph in named:
        forest = plotting.disconnectivity_graph(graph.tree, energy="loss L (nats per sample)")
        forest.set_ylim(low - 0.05 * (high - low), high + 0.06 * (high - low))
        drawn[f"graph-{key}"] = (
            plotting.barrier_graph(graph),
            f"Saddles between {len(graph)} solutions on {words}; bold: the minimum spanning tree.",
            f"Solutions on a circle joined by saddles, {words}.",
        )
        drawn[f"forest-{key}"] = (
            forest,
            f"Disconnectivity graph of the same solutions, {words}: lines join where a saddle of "
            "a path that was found lets them. All such graphs have the same axis.",
            f"Minima as ends of lines that join at saddles, {words}.",
        )
    return drawn


def _against_loss(widths: Widths, paths: Interpolation) -> Axes:
    """Means with errors, before and after matching, by width and stage."""
    series: list[tuple[str, list[float], dict[str, list[Estimate]]]] = []
    for w, width in enumerate(widths.widths):
        stages = range(widths.losses.shape[1])
        found = {
            kind: [widths.barrier(kind, w, s) for s in stages]
            for kind in ("independent", "matched")
        }
        series.append((f"M = {width}", widths.losses[w].mean(axis=1).tolist(), found))
    main = {
        kind: [mean_estimate(row[:, k]) for row in paths.stage_barriers[1:]]
        for k, kind in enumerate(("independent", "matched"))
    }
    series.append((_MAIN, paths.stage_losses[1:].mean(axis=1).tolist(), main))
    axes = _axes()
    for place, (label, losses, found) in enumerate(series):
        color = "black" if label == _MAIN else category(place)
        for kind, values in found.items():
            axes.errorbar(
                losses,
                [v.mean for v in values],
                yerr=[v.error for v in values],
                color=color,
                marker="o",
                markerfacecolor="white" if kind == "independent" else color,
                linestyle=":" if kind == "independent" else "-",
                label=label if kind == "matched" else None,
            )
    axes.set_xlabel("train loss of the ends (nats per sample)")
    axes.set_ylabel("barrier B (nats per sample)")
    axes.legend(loc="best", frameon=False)
    return axes


def _regions(regions: Regions) -> Axes:
    """Means over solutions against the length of the walks."""
    axes = _axes()
    for place, (label, centre, values) in enumerate(
        (
            ("within a region", None, regions.within),
            ("to the copy's region", regions.centre, regions.across),
            ("to an independent solution's", regions.centre_apart, regions.apart),
        )
    ):
        rows, x = list(values), regions.excursions.tolist()
        if centre is not None:
            rows, x = [centre, *rows], [0.0, *x]
        found = [mean_estimate(row) for row in rows]
        axes.errorbar(
            x,
            [v.mean for v in found],
            yerr=[v.error for v in found],
            color=category(place),
            marker="o",
            label=label,
        )
    axes.set_ylim(bottom=-0.02 * axes.get_ylim()[1])
    axes.set_xlabel("length of the walks into both regions, ρ")
    axes.set_ylabel("barrier B (nats per sample)")
    axes.legend(loc="best", frameon=False)
    return axes


def _axes() -> Axes:
    axes: Axes = Figure(figsize=SIZE, layout="constrained").add_subplot()
    return axes


def section(run: StudyRun, drawings: dict[str, Drawing]) -> Section:
    """Question, method and findings on what lies beyond one straight line."""
    p = run.parameters
    found: Connections = run.results["connections"]
    widths: Widths = run.results["widths"]
    regions: Regions = run.results["regions"]
    reached = widths.losses[:, -1]
    left = {
        bands: mean_of(found.left(bands, lines))
        for bands, lines in (
            ("bands", "straight"),
            ("copy_bands", "copies"),
            ("narrow_bands", "narrow"),
        )
    }
    lowest = mean_estimate(regions.lowest[-1])
    return Section(
        "connections",
        "(b) Beyond one straight line",
        "Do barriers remain if the path may bend, the network is wider or less trained, or the "
        "line joins other points of the two regions?",
        method=(
            f"Elastic bands of {p.band_pivots} pivots, {p.band_steps} steps on minibatches of "
            f"{p.band_batch_size} with a rate that falls to zero, and Bezier curves of one bend, "
            f"from the straight line between {len(found.straight)} pairs of solutions and from "
            "solutions to their own copies. The highest loss on a path that was found is an "
            "upper bound on what separates its ends. Bands may run below ends that are not "
            "minima: what they show is whether ends are joined at their own level of loss.",
            f"{widths.losses.shape[2]} networks of each width trained to a train loss of "
            f"{p.width_stop_at_loss:g} (reached: {reached.min():.2g} to {reached.max():.2g}); "
            "barriers between each two, with errors that leave out one run at a time. Barriers "
            "depend on the train loss too, hence the same runs at earlier epochs.",
            f"{p.n_region_points} free walks on either side of two regions, and all lines "
            "between their ends, less the chord.",
        ),
        findings=(
            f"Bands leave {left['bands']} of the straight line's barrier between independent "
            f"solutions and {left['copy_bands']} to copies, above the higher end; in networks of "
            f"{NARROW} units {left['narrow_bands']} to copies. The largest force on a band is "
            f"{found.forces.max():.2g}, and zero would be convergence.",
            f"By way of one spare unit two units are swapped with a change of loss of "
            f"{np.ptp(found.spare.loss):.1g}; the straight line has "
            f"{found.spare_direct.barrier:.2g} nats.",
            "The spanning tree of straight lines between "
            f"{len(found.lines)} solutions reaches {found.lines.spanning_saddles[-1]:.3g} nats; "
            f"after matching {found.aligned.spanning_saddles[-1]:.3g}"
            + (
                ""
                if found.relaxed is None
                else f"; with bands instead of matching {found.relaxed.spanning_saddles[-1]:.3g}"
            )
            + f". The highest of these solutions has a loss of {found.lines.losses.max():.3g}.",
            f"From walks of {regions.excursions[-1]:g} |θ₀| the lowest of the lines to a copy's "
            f"region has a barrier of {lowest}, those from centre to centre "
            f"{mean_estimate(regions.centre)}.",
        ),
        drawings=[drawings[name] for name in drawings if name.startswith(_NAMES)],
        tables=[_paths_table(found), _widths_table(widths)],
    )


def _paths_table(found: Connections) -> Table:
    rows = []
    for label, name in (
        ("independent, straight line", "straight"),
        ("independent, straight line, matched", "matched"),
        ("independent, elastic band", "bands"),
        ("independent, Bezier curve", "curves"),
        ("own copy, straight line", "copies"),
        ("own copy, elastic band", "copy_bands"),
        (f"own copy, straight line, {NARROW} units", "narrow"),
        (f"own copy, elastic band, {NARROW} units", "narrow_bands"),
    ):
        curves = getattr(found, name)
        kinds = ("barrier", "barrier_above_ends", "accuracy_barrier")
        rows.append((label, *(mean_barrier(curves, of=kind) for kind in kinds)))
    return Table(
        "Barriers on lowered paths, train loss in nats, errors over pairs",
        ("path", "above the chord", "above the higher end", "accuracy below the chord"),
        rows,
    )


def _widths_table(widths: Widths) -> Table:
    rows = [
        (
            str(width),
            mean_estimate(widths.losses[w, -1]),
            *(widths.barrier(kind, w) for kind in KINDS),
        )
        for w, width in enumerate(widths.widths)
    ]
    return Table(
        "Barriers against width (nats), errors over runs",
        ("hidden units", "train loss", *KINDS),
        rows,
    )

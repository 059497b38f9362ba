"""What every parameter of the study means, and where its default comes from."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice

_D = "common in the literature; the paper's abstract does not say"
_P = "chosen so that the effect is visible, from a small pilot"

NOTES: dict[str, tuple[str, str]] = {
    **data_choice.NOTES,
    "scale": (
        "named set of defaults: quick, standard, paper",
        "a first look, a verdict in an hour, small errors in a night",
    ),
    "data": (
        f"data set: {', '.join(data_choice.DATA)}",
        "the abstract names MNIST and CIFAR10; Fashion-MNIST ships with a free licence",
    ),
    "n_probe": (
        "training samples on which walks, paths and flatness are evaluated, 0 for all",
        "a fixed subset, even over classes",
    ),
    "width": ("hidden units M of the one hidden layer", _D),
    "initializer": ("initial weights; fan_in is uniform within 1/sqrt(fan-in)", _D),
    "learning_rate": (
        "constant rate of plain SGD, no momentum, no weight decay; for CIFAR a quarter of it, and "
        "of all rates below",
        _D,
    ),
    "batch_size": ("samples per step", _D),
    "stop_at_loss": (
        "a solution is reached at this train loss (nats)",
        "0.01 is used in work on permutation barriers; standard saves half of the time",
    ),
    "max_epochs": ("epochs after which training stops in any case", _D),
    "early_epochs": ("epochs after which the less trained points are taken", _P),
    "n_solutions": ("solutions per ensemble", "enough pairs for the null bands"),
    "fork_epochs": ("epochs at which runs of the forked control part", _P),
    "n_walk_solutions": ("solutions that walks start from", "independent units for errors"),
    "n_walkers": ("walks per start point", _D),
    "walk_steps": ("steps of a walk", _P),
    "walk_records": ("records along a walk", "-"),
    "excursions": (
        "length of a walk over the length of the start point, r sqrt(T)/|theta|",
        _P,
    ),
    "fractions": ("shares of hidden units that a permutation moves", _P),
    "n_permutations": ("random permutations per share", _D),
    "n_pairs": ("pairs of independent solutions", _D),
    "n_points": ("points on a straight path", _D),
    "n_null": ("draws of each null model", "-"),
    "batch_sizes": ("batch sizes compared", _D),
    "sweep_learning_rates": (
        "rates of SGD in the sweep",
        "rate over batch size is the noise scale: a factor between rates that is one between "
        "batch sizes gives pairs of equal noise",
    ),
    "sweep_seeds": ("independent runs per batch size and rate", _D),
    "sweep_stop_at_loss": ("matched-loss rule: stop at this train loss", _P),
    "sweep_max_epochs": ("epochs after which the matched-loss rule gives up", "-"),
    "sweep_epochs": ("matched-epochs rule: stop after this many", _P),
    "flatness_radius": ("displacement of the absolute measure F1", _P),
    "flatness_excursion": ("displacement over norm of the relative measures F2, F3", _P),
    "n_directions": ("pairs of opposite random directions per flatness measure", "-"),
    "widths": ("hidden units at which barriers and sharpness are compared", _P),
    "width_solutions": ("runs at each of these widths", "every two of them make a pair"),
    "width_stop_at_loss": (
        "train loss at which runs of all widths stop",
        "one that the narrowest reach: barriers depend on the loss as well",
    ),
    "width_max_epochs": ("epochs after which these runs stop in any case", "-"),
    "width_epochs": ("epochs after which barriers are measured on the way", _P),
    "n_band_pairs": (
        "pairs of solutions joined by elastic bands and Bezier curves",
        "independent units for errors",
    ),
    "band_pivots": ("movable points of a band", _P),
    "band_steps": ("gradient steps of a band", _P),
    "band_batch_size": ("samples per step of a band", _P),
    "curve_epochs": ("passes over the data that train a Bezier curve of one bend", _P),
    "n_graph": ("solutions in the graph of barriers", "-"),
    "n_graph_bands": (
        "elastic bands run where the spanning tree of that graph depends on them",
        "one for each edge of the tree; 0 leaves straight lines",
    ),
    "region_excursions": ("walks into regions: their length over that of the solution", _P),
    "n_region_points": ("walks' ends on each side of two regions", "-"),
    "sweep_samples": (
        "training samples of the sweep, 0 for all",
        "full batches of all data need thousands of epochs to the loss of small ones; more runs "
        "tell more",
    ),
    "sharpness_probe": (
        "of these, samples on which sharpness and ruggedness are measured, 0 for all",
        "a fixed subset, even over classes",
    ),
    "sharpness_measures": (
        "all, or cheap: without searches for a maximum and the largest eigenvalue",
        "these cost five times as much as all others together",
    ),
    "ruggedness_excursion": (
        "length of the walks of F4 over the length of the start point",
        "as far as the loss keeps to the quadratic law",
    ),
    "ruggedness_walkers": ("walks per solution for F4", "-"),
    "ruggedness_steps": ("steps of these walks, each recorded", "-"),
    "entropy_runs": (
        "runs at the smallest and the largest batch whose local entropy is sampled, 0 for none",
        "the dearest measure by far, so of few runs",
    ),
    "law_excursions": (
        "lengths at which kinds of moves are held against the quadratic law",
        "from where it must hold to where it need not",
    ),
    "n_law_pairs": ("pairs of opposite displacements at each length and solution", "-"),
    "thermal_temperatures": (
        "temperatures of Metropolis walks of one weight at a time (nats per sample)",
        _P,
    ),
    "thermal_samples": (
        "training samples in the loss that decides on these moves",
        "the cost of a move is in proportion",
    ),
    "thermal_solutions": ("solutions these walks start from", "independent units for errors"),
    "thermal_walkers": ("walkers from each of them", "-"),
    "thermal_sweeps": ("moves proposed for each parameter", _P),
    "thermal_excursion": (
        "distance over length of the solution that free walks of these moves reach",
        _P,
    ),
    "gibbs_samples": (
        "training samples whose summed loss is the energy of the Gibbs measure",
        "few, so that equilibrium can be reached",
    ),
    "gibbs_units": ("hidden units of its network", "few, so that equilibrium can be reached"),
    "gibbs_temperatures": (
        "its ladder, infinity added; 1 is the Bayesian posterior",
        "neighbours exchange often, from a small pilot",
    ),
    "gibbs_replicas": ("independent ladders from each kind of start, in blocks of two", "-"),
    "gibbs_sweeps": ("trajectories of each system after a third as many for tuning", _P),
    "gibbs_leapfrogs": ("steps of a trajectory", "-"),
    "gibbs_epochs": ("epochs that trained starts of the Gibbs measure are trained", _P),
    "aging_replicas": ("runs watched for aging", "independent units for errors"),
    "aging_epochs": ("epochs that they train, without a stopping rule", _P),
    "n_controls": ("positive controls that measure the power of each verdict", "-"),
    "mixed_batch_sizes": ("batch sizes of the mixed ensemble E3", _D),
    "mixed_learning_rates": ("learning rates of the mixed ensemble E3", _D),
    "mixed_runs": (
        "solutions of E3 for each batch size and rate",
        "enough points for a verdict",
    ),
    "branch_solutions": (
        "solutions from which the walks of E4 start",
        "24 points in all at standard",
    ),
    "branch_walkers": ("walks of E4 from each of them", "-"),
    "branch_stages": ("points taken along each walk of E4, its end among them", "-"),
    "branch_excursion": (
        "length of a walk of E4 over the length of its start",
        "so short that its points remain solutions, nearly",
    ),
    "subset_size": (
        "samples of a data subset that replicas share; all, if there are fewer",
        "data are the quenched disorder: averages run over subsets",
    ),
    "n_subsets": ("such subsets", "independent units for errors"),
    "subset_replicas": ("replicas trained on each", "enough points for a verdict"),
    "disorder_widths": ("hidden units of these replicas", _D),
    "glass_samples": ("disorder samples of every reference model", "-"),
    "glass_replicas": (
        "independent systems of each sample, at three times each",
        "24 points a sample, as many as solutions at standard",
    ),
    "glass_sweeps": (
        "sweeps of exchange Monte Carlo at 64 spins; grows with the size squared",
        "tests of equilibrium are in the report",
    ),
    "sk_sizes": ("spins of the Sherrington-Kirkpatrick model", "-"),
    "lattice_sizes": ("edge of the three-dimensional ±J lattice", "-"),
    "spherical_size": ("spins of the spherical models with p = 2 and 3", "-"),
    "spherical_time": ("time of their Langevin dynamics at T = 0.25", "-"),
}

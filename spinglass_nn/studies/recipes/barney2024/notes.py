"""What every parameter of the study means, and where its default comes from."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice

_O = "ours; only the paper's abstract and opening were at hand"
_G = "later code of the same group"

NOTES: dict[str, tuple[str, str]] = {
    **data_choice.NOTES,
    "data": (
        f"data set: {', '.join(data_choice.DATA)}",
        "the paper trains on MNIST; Fashion-MNIST ships with a free licence, digits is quick",
    ),
    "pixels": ("inputs: unit for pixels in [0, 1], signs for ±1 about one half", _G),
    "widths": ("hidden units, layer by layer", f"two layers of 512 in {_G}"),
    "n_replicas": ("training runs of each kind of network", "independent units for errors"),
    "binarised_variance": (
        "C of the binarised network: initial weights are Gaussian of variance C / n_inputs",
        f"the linear gain, {_G}",
    ),
    "relu_variance": ("C of the ReLU network", "the usual gain of He et al. for ReLU"),
    "learning_rate": ("constant rate of SGD", _G),
    "momentum": ("of SGD", _G),
    "batch_size": ("samples per step", _G),
    "n_epochs": (
        "epochs of training",
        "ours, for 60,000 images; take ten times as many on the 6,000 that are built in",
    ),
    "n_snapshots": ("snapshots, about equally spaced in the logarithm of the step", _O),
    "first_epoch_every": (
        "steps between further snapshots of the first epoch, 0 for none",
        "the glass is lost within the first hundred steps",
    ),
    "n_probe": (
        "training samples on which snapshots are evaluated, 0 for all",
        "a fixed subset, even over classes",
    ),
    "kept_shares": ("shares of training at which weights are kept for closer looks", _O),
    "early_share": (
        "share of training within which the glass must be gone; weights are kept there",
        "'quickly' in the abstract",
    ),
    "fit_onsets": (
        "growth is fitted from this many times the step at which order sets in",
        "beyond the sudden rise",
    ),
    "n_bootstrap": ("resamples of runs for the errors of fits", "-"),
    "theory_width": (
        "units in each layer of the random networks that test the closed formula",
        "at least 500, so that the dip is within 3 %",
    ),
    "n_networks": ("random networks of each architecture", "independent units for errors"),
    "tap_temperatures": ("temperatures of the search for TAP states, in units of T_c", _O),
    "tap_starts": ("starts at each of them", _O),
    "tap_damping": ("share of each step taken", _O),
    "tap_tolerance": (
        "change of a step at which Newton's method takes over",
        "the solutions it then finds are good to 1e-6",
    ),
    "tap_iterations": ("steps after which a start is given up", _O),
    "state_temperature": (
        "temperature, in units of T_c, at which every run's states are counted",
        "just below T_c, where an order that sets in shows first",
    ),
    "glass_widths": (
        "layers of the random networks whose P(q) is sampled",
        "so few spins that equilibrium can be reached",
    ),
    "glass_samples": ("such networks", "independent units for errors"),
    "glass_sweeps": (
        "sweeps of exchange Monte Carlo",
        "tests of equilibrium are in the report",
    ),
    "ordered_sweeps": ("the same for the trained networks", "-"),
    "glass_temperature": ("temperature of P(q), in units of T_c", _O),
    "n_removals": ("random modes removed for comparison with the leading one", _O),
    "lazy_scales": (
        "factors on the output in the control of lazy training, from rich to lazy",
        "ours; the smallest orders visibly, the largest does not move",
    ),
    "lazy_epochs": ("epochs of this control", _O),
    "lazy_samples": ("training samples of this control, 0 for all", "-"),
}

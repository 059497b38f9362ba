"""What every parameter of the study means, and where its default comes from."""

from __future__ import annotations

from spinglass_nn.studies.recipes import data_choice

_D = "common in the literature; the paper's abstract does not say"
_P = "chosen so that the effect is visible, from a small pilot"
_C = "a fixed criterion, chosen before the run"

NOTES: dict[str, tuple[str, str]] = {
    **data_choice.NOTES,
    "data": (
        f"data set: {', '.join(data_choice.DATA)}; pixels in [0, 1]",
        "not seen in the paper; Fashion-MNIST ships with a free licence",
    ),
    "couplings": (
        "weights as couplings: raw, unit-row (random weights of this size freeze at T = 1) or "
        "layer (every matrix by itself)",
        "not seen in the paper; T/T_c is the same for the first two",
    ),
    "width": (
        "hidden units of the first layer; the second has half as many",
        "MLPs of regular shape, by a third party's summary; 256-128 as in re-implementations "
        "of related work",
    ),
    "n_seeds": ("networks of each kind; all errors are over them", "independent units"),
    "initializer": (
        "initial weights; he_normal has variance 2/n_in",
        "independent Gaussians, so that theory and the identity of equilibrium apply",
    ),
    "learning_rate": ("rate of SGD", _P),
    "momentum": ("momentum of SGD", _D),
    "batch_size": ("samples per step", _D),
    "n_epochs": ("epochs of training", _P),
    "kept_epochs": ("epochs at which Q(T) is measured, besides 0 and the last", _P),
    "widths": ("widths compared with each other, besides the width of the study", _P),
    "train_shares": (
        "shares of the training samples that networks are trained on, besides all; equal numbers "
        "of steps",
        _P,
    ),
    "label_samples": (
        "samples of the comparison of true with random labels, 0 for all",
        "few enough for random labels to be learnt by heart",
    ),
    "label_epochs": ("epochs of that comparison", "train accuracies have to be equal"),
    "other_learning_rate": ("rate of the other rule, compared at equal accuracy", _P),
    "other_weight_decay": ("weight decay of the other rule", _P),
    "other_epochs": ("epochs among which accuracies are matched, besides the last", "-"),
    "poisoned_share": ("share of training samples with a patch and the target's label", _D),
    "patch": ("side of the patch, in pixels, in the lower right corner", _D),
    "target": ("class that the backdoor leads to", "-"),
    "noise": ("standard deviation of Gaussian noise on test inputs, for robustness", _P),
    "n_replicas": (
        "independent replicas of each network",
        "not seen in the paper; their pairs give an error",
    ),
    "n_sweeps": ("sweeps of parallel tempering for each network", "equilibrium, as reported"),
    "glassy_sweeps": (
        "the same for networks without order: untrained, shuffled, or trained on random labels",
        "replicas of glasses take longer",
    ),
    "coldest": (
        "lowest temperature over the T_c of each network; the highest is 2",
        "what comes to equilibrium in these sweeps",
    ),
    "n_temperatures": ("temperatures, in equal ratios", "exchange rates near one third"),
    "compared_at": ("temperature, over T_c, at which networks are compared", _C),
    "least_difference": ("difference of Q that counts as one", _C),
    "least_correlation": ("size of a rank correlation that counts as a relation", _C),
    "accuracy_margin": ("accuracies that differ by less are equal", _C),
    "hot": ("temperature over T_c that stands for infinity", "couplings count for 1/50"),
    "cold": ("temperature over T_c that stands for zero", _P),
    "limit_sweeps": ("sweeps at these limits", "-"),
}

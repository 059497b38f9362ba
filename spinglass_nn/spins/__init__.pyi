from . import (
    bond_spectrum,
    exact,
    hopfield_theory,
    instability,
    layered_nulls,
    layered_spectrum,
    layered_theory,
    parisi,
    replica_symmetric,
    spherical,
    tap,
)
from .bond_matrix import BondMatrix
from .bond_spectrum import BondSpectrum
from .edwards_anderson import EdwardsAnderson
from .exact import ExactSolution
from .graphs import IsingGraph, gauge, random_regular_graph
from .hopfield import Hopfield
from .hopfield_theory import HopfieldSolution
from .instability import Instability, StabilityCurve
from .instances import cut_value, read_instance, write_instance
from .layered import LayeredIsing
from .layered_theory import LayeredSolution
from .models import PairModel, SpinModel
from .p_spin import PSpin
from .parisi import OneStepSolution, OverlapLaw, ParisiSolution
from .replica_symmetric import ReplicaSymmetricSolution
from .sk import SherringtonKirkpatrick
from .spherical import SphericalSolution
from .tap_solutions import TAPSensitivity, TAPSolutions

__all__ = [
    "BondMatrix",
    "BondSpectrum",
    "EdwardsAnderson",
    "ExactSolution",
    "Hopfield",
    "HopfieldSolution",
    "Instability",
    "IsingGraph",
    "LayeredIsing",
    "LayeredSolution",
    "OneStepSolution",
    "OverlapLaw",
    "PSpin",
    "PairModel",
    "ParisiSolution",
    "ReplicaSymmetricSolution",
    "SherringtonKirkpatrick",
    "SphericalSolution",
    "SpinModel",
    "StabilityCurve",
    "TAPSensitivity",
    "TAPSolutions",
    "bond_spectrum",
    "cut_value",
    "exact",
    "gauge",
    "hopfield_theory",
    "instability",
    "layered_nulls",
    "layered_spectrum",
    "layered_theory",
    "parisi",
    "random_regular_graph",
    "read_instance",
    "replica_symmetric",
    "spherical",
    "tap",
    "write_instance",
]

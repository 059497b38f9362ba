from .arrays import from_arrays, from_npz
from .builtin import digits, emnist, fashion_mnist, mnist
from .cifar import cifar10, cifar100
from .dataset import Dataset
from .downloads import download
from .idx import read_idx
from .teacher import bayes_error, gaussian_mixture, teacher_student
from .transform import random_labels, standardize, subset

__all__ = [
    "Dataset",
    "bayes_error",
    "cifar10",
    "cifar100",
    "digits",
    "download",
    "emnist",
    "fashion_mnist",
    "from_arrays",
    "from_npz",
    "gaussian_mixture",
    "mnist",
    "random_labels",
    "read_idx",
    "standardize",
    "subset",
    "teacher_student",
]

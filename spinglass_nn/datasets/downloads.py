"""Fetch the original files of a data set, checked to the last bit."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from spinglass_nn._core import check
from spinglass_nn.errors import DataError, MissingDependency
from spinglass_nn.typing import PathType


class _Source(NamedTuple):
    """Where files are, and the SHA-256 of each."""

    url: str
    files: dict[str, str]


# The SHA-256 are those of files whose MD5 are the ones that their publisher states.
_SOURCES = {
    "fashion-mnist": _Source(
        "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
        {
            "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
            "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
            "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
        },
    )
}


def download(name: str, folder: PathType, *, progress: bool = False) -> Path:
    """Download the original files of a data set; what is there and right is not fetched again.

    Needs pooch (extra ``data``). A file appears in the folder only when it is complete and
    its SHA-256 is the one recorded here. Sets that are not offered (MNIST, EMNIST, CIFAR)
    are read from files of the user's: `mnist`, `emnist`, `cifar10`, `cifar100`.

    Parameters
    ----------
    name : {"fashion-mnist"}
        Which data set (30 MB).
    folder : path
        Where the files go; it is made if it is not there.
    progress : bool
        Show a bar for each file on standard error.

    Returns
    -------
    Path
        The folder, to be handed to `fashion_mnist` as ``data_dir``.

    Raises
    ------
    MissingDependency
        If pooch is not installed.
    DataError
        If a file cannot be fetched or has another checksum.
    """
    source = _SOURCES[check.choice(name, "name", _SOURCES)]
    try:
        import pooch
    except ImportError as error:
        raise MissingDependency(
            "download needs the package pooch, which is not installed; "
            "pip install 'spinglass_nn[data]' brings it"
        ) from error
    fetch = pooch.HTTPDownloader(progressbar=progress, timeout=30)
    for file, checksum in source.files.items():
        try:
            pooch.retrieve(
                source.url + file,
                f"sha256:{checksum}",
                fname=file,
                path=Path(folder),
                downloader=fetch,
            )
        except (OSError, ValueError) as error:  # requests' errors are OSErrors
            raise DataError(
                f"{file} could not be downloaded from {source.url}: {_short(error)}"
            ) from error
    return Path(folder)


def _short(error: Exception) -> str:
    """The first line of an error, cut to what fits on a screen."""
    lines = str(error).strip().splitlines()
    text = lines[0] if lines else type(error).__name__
    return text if len(text) <= 200 else text[:197] + "..."

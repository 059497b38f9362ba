from .archive import load, save
from .versions import provenance
from .weights import read_layers

__all__ = ["load", "provenance", "read_layers", "save"]

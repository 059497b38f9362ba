"""The command line: `spinglass-nn`."""

from spinglass_nn.cli.main import main

__all__ = ["main"]

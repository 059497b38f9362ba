"""Data to train on: built in, from files of the usual formats, and made to order."""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

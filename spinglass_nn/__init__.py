"""Neural-network loss landscapes and spin glasses, measured with one instrument.

Import it as ``sg``; every room opens by its name and is loaded only when it is used.
"""

import lazy_loader as _lazy

__getattr__, __dir__, __all__ = _lazy.attach_stub(__name__, __file__)

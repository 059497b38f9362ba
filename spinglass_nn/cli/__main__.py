"""Makes ``python -m spinglass_nn.cli`` work where scripts are not on the path."""

import sys

from spinglass_nn.cli.main import main

sys.exit(main())

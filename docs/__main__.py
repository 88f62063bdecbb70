"""`python -m docs`, for `make docs`; with `--check` for `make lint`."""

import sys

from docs.generate import main

sys.exit(main(sys.argv[1:]))

"""`python -m docs`, for `make docs`."""

from docs.generate import main

main()

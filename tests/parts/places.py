"""Where the checkout and the test data lie."""

from __future__ import annotations

from pathlib import Path

TOP = Path(__file__).parents[2]
TESTS = TOP / "tests"
SAMPLES = TESTS / "samples"
BROKEN = TESTS / "broken"

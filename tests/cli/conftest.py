"""What the tests of the command line share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook


@pytest.fixture
def here(tmp_path: Path) -> Gluehook:
    """A folder with the shipped rules, in which verbs are called."""
    return Gluehook(tmp_path, (TOP / "rules.toml").read_text())

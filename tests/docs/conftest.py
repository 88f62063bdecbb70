"""Fixtures of the tests of the pages."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.docs.copied import copy_to


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of the repository that the test may change."""
    return copy_to(tmp_path / "copy")

"""The home server of fakes that status and doctor examine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from hooks.docker.client import forget
from tests.parts.process.fake_home import FakeHome, fake_home


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeHome]:
    """A home where all is well; DOCKER_HOST is its engine."""
    with fake_home(tmp_path) as made:
        monkeypatch.setenv("DOCKER_HOST", made.engine.host)
        yield made
        forget()

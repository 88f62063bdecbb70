"""Fixtures of the sources' tests: a fake engine, a listener for what a source posts and reports, followed files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.docker import fake_docker
from tests.parts.process import signals_heard
from tests.parts.process.following import Follow, sources

socket, fake = fake_docker.socket, fake_docker.fake
ear, listen = signals_heard.ear, signals_heard.listen


@pytest.fixture
def follow() -> Iterator[Follow]:
    """Starts a files source for each call and stops them all at the end."""
    with sources() as begin:
        yield begin


@pytest.fixture
def port_file(tmp_path: Path) -> Path:
    """Where gluetun would write its port; only the directory is there."""
    (tmp_path / "gluetun").mkdir()
    return tmp_path / "gluetun" / "forwarded_port"

"""Fixtures of the sources' tests: a fake engine, a listener for what a source posts and reports, followed files."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from hooks.world.model import World
from tests.parts.docker import fake_docker
from tests.parts.process import signals_heard
from tests.parts.process.following import Follow, sources
from tests.sources.port_api_story import Story

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


@pytest.fixture
def story(tmp_path: Path) -> Callable[..., Story]:
    def begin(mode: str = "api", world: World | None = None, *, runs: bool = True) -> Story:
        begun = Story(tmp_path, mode, world)
        if runs:
            begun.container("start")
            begun.posted.clear()
        return begun

    return begin

"""Inspecting containers for the world, by requests to an engine."""

from __future__ import annotations

from contextlib import closing

from hooks.docker.client import connect
from hooks.docker.inspect import inspect_one
from tests.parts.docker import fake_docker
from tests.parts.docker.fake_docker import FakeEngine

socket, fake = fake_docker.socket, fake_docker.fake  # fixtures


def test_many_inspects_go_over_one_connection(fake: FakeEngine) -> None:
    for name in "abc":
        fake.has(name, name * 64)
    with closing(connect(5.0)) as client:
        before = fake.connections
        assert [inspect_one(client, name * 64).name for name in "abc"] == ["a", "b", "c"]  # type: ignore[union-attr]
        assert fake.connections - before <= 1

"""What gluehook has paused is its owner's once gluehook has seen an unpause, although Docker has forgotten it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from handlers.containers.pause import Pause, PauseArgs
from handlers.containers.stop import Stop, StopArgs
from handlers.containers.unpause import Unpause, UnpauseArgs
from hooks.docker.container import InspectedContainer
from hooks.events.catalogue import Event
from hooks.handler import GiveUp, Outcome, Retry
from hooks.world.model import Container, World
from hooks.world.raw_events import after_event
from tests.handlers.cases_general import ID, OneContainer, docker_at, engine_of
from tests.handlers.contract import Clock, Notes, context

WORLD = World(containers={"box": Container("box", ID, running=True, paused=True, started_at=1)})
CLOCK_S = Clock().now()


@pytest.mark.parametrize(("unpaused_s", "ident", "status"), [
    (None, ID, "changed"), (CLOCK_S - 60, ID, "changed"), (CLOCK_S + 60, ID, "unchanged"),
    (CLOCK_S + 60, "b" * 64, "changed"),
], ids=["never seen", "before our pause", "since our pause", "another container"])  # fmt: skip
def test_an_unpause_that_was_seen_makes_a_pause_the_owners(
    tmp_path: Path, unpaused_s: float | None, ident: str, status: str
) -> None:
    one, memory, world = OneContainer(), Notes(), WORLD
    if unpaused_s is not None:
        event = Event("container.unpause", "box", int(unpaused_s * 1e9), data={"id": ident, "image": "x"})
        world = after_event(replace(WORLD, containers={"box": replace(WORLD.containers["box"], id=ident)}), event)
        again = InspectedContainer("box", ident, running=True, paused=True).for_world()
        world = world.with_container(again)  # a resync reads it anew, and no reading shows the instant
    with engine_of(one, tmp_path) as address:
        ctx = context(docker=docker_at(address), memory=memory, world=world)
        assert Pause().apply(PauseArgs("box"), ctx).status == "changed"
        assert Unpause().apply(UnpauseArgs("box", only_ours=True), ctx).status == status


@pytest.mark.parametrize(("handler", "args", "word"), [
    (Stop(), StopArgs("box"), "stop"), (Pause(), PauseArgs("box"), "pause"),
], ids=["stop", "pause"])  # fmt: skip
def test_what_a_proxy_refuses_is_not_ours(tmp_path: Path, handler: Stop | Pause, args: StopArgs, word: str) -> None:
    one, memory = OneContainer(refusals={word: (403, "no")}), Notes()
    with engine_of(one, tmp_path) as address:
        ctx = context(docker=docker_at(address), memory=memory)
        with pytest.raises(GiveUp, match=f"ALLOW_{word.upper()}=1"):
            handler.apply(args, ctx)  # type: ignore[arg-type]
    assert memory.values == {}


PODMANS = f"container {ID} does not exist in database: no such container"
ANSWERS = {
    "Docker": (404, f"No such container: {ID}", True),
    "Podman": (500, PODMANS, True),
    "Podman, of another container": (500, f"{PODMANS}: its parent", False),
    "another failure": (500, "disk full", False),
}


@pytest.mark.parametrize(("status", "message", "gone"), ANSWERS.values(), ids=ANSWERS)
def test_a_container_that_is_removed_while_it_is_stopped_has_stopped(
    tmp_path: Path, status: int, message: str, gone: bool
) -> None:
    class Removing(OneContainer):
        def answer(self, method: str, path: str) -> tuple[int, bytes]:
            if path.partition("?")[0].endswith("/stop"):
                self.refusals.update({"stop": (status, message), "json": (status, message)})
            return super().answer(method, path)

    memory = Notes()
    with engine_of(Removing(), tmp_path) as address:
        ctx = context(docker=docker_at(address), memory=memory)
        if gone:
            said = "container 'box' stopped; somebody has removed it since"
            assert Stop().apply(StopArgs("box"), ctx) == Outcome("changed", said)
            assert memory.values == {}
        else:
            with pytest.raises(Retry, match=f"cannot stop container 'box': Docker answered 500: .*{message[-9:]}"):
                Stop().apply(StopArgs("box"), ctx)

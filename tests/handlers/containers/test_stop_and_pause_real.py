"""containers.stop, pause and signal on a real engine: what is given back, and what stays its owner's."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any

import pytest

from handlers.containers.pause import Pause, PauseArgs
from handlers.containers.restart import Restart, RestartArgs
from handlers.containers.signal import Signal, SignalArgs
from handlers.containers.start import Start, StartArgs
from handlers.containers.stop import Stop, StopArgs
from handlers.containers.unpause import Unpause, UnpauseArgs
from hooks.docker.client import forget
from hooks.handler import Duration
from tests.handlers.contract import Notes
from tests.parts.docker.dockerd import Dockerd
from tests.parts.docker.on_engine import composed, ends, now, state
from tests.parts.process.gluehook import until

pytestmark = pytest.mark.docker

Steps = Callable[[Dockerd], object]


@pytest.fixture
def engine(engine: Dockerd, monkeypatch: pytest.MonkeyPatch) -> Iterator[Dockerd]:
    """The engine as DOCKER_HOST, which tells whether it is Podman's."""
    monkeypatch.setenv("DOCKER_HOST", engine.host)
    yield engine
    forget()


class Killed(BaseException):
    """gluehook was killed: no handler catches it."""


class OneNote(Notes):
    """A memory whose process is killed before it can note a second thing."""

    def put(self, key: str, value: Any) -> None:
        if self.values:
            raise Killed
        super().put(key, value)


def owner(*words: str) -> Steps:
    """What the owner does: words of docker-py's client, each followed by nothing but the container."""

    def act(engine: Dockerd) -> None:
        with closing(engine.client()) as client:
            for word in words:
                getattr(client, word)("box", **({"timeout": 0} if word in ("stop", "restart") else {}))

    return act


def re_created(engine: Dockerd) -> None:
    engine.remove("box")
    engine.run("box")
    owner("stop")(engine)


_STAYS_STOPPED = "container 'box' stays stopped until you start it: "
_STAYS_PAUSED = "container 'box' stays paused until you unpause it: "
STOPS = {
    "nothing happens": (owner(), ("changed", "container 'box' started")),
    "its owner starts and stops it": (
        owner("start", "stop"), ("unchanged", f"{_STAYS_STOPPED}it was started since gluehook stopped it"),
    ),
    "its owner starts it": (owner("start"), ("unchanged", "container 'box' runs")),
    "it is re-created": (
        re_created, ("unchanged", f"{_STAYS_STOPPED}it was re-created since gluehook stopped the one before it"),
    ),
}  # fmt: skip
PAUSES = {
    "nothing happens": (owner(), ("changed", "container 'box' unpaused")),
    "its owner unpauses and pauses it": (
        owner("unpause", "pause"), ("unchanged", f"{_STAYS_PAUSED}it was paused again since gluehook paused it"),
    ),
    "its owner unpauses it": (owner("unpause"), ("unchanged", "container 'box' is not paused")),
    "its owner restarts and pauses it": (
        owner("unpause", "restart", "pause"), ("unchanged", f"{_STAYS_PAUSED}it was started since gluehook paused it"),
    ),
}  # fmt: skip


@pytest.mark.parametrize("killed", [False, True], ids=["", "gluehook is killed after the act"])
@pytest.mark.parametrize("between", STOPS)
def test_only_what_gluehook_stopped_is_started_again(engine: Dockerd, between: str, killed: bool) -> None:
    engine.run("box")
    memory = OneNote() if killed else Notes()
    if killed:
        with pytest.raises(Killed):
            Stop().apply(StopArgs("box"), now(engine, memory=memory))
    else:
        assert ends(Stop(), StopArgs("box"), now(engine, memory=memory)) == ("changed", "container 'box' stopped")
    assert not state(engine, "box")["Running"]
    steps, outcome = STOPS[between]
    steps(engine)
    memory = _lived_on(memory)
    assert ends(Start(), StartArgs("box", only_ours=True), now(engine, memory=memory)) == outcome


@pytest.mark.parametrize("killed", [False, True], ids=["", "gluehook is killed after the act"])
@pytest.mark.parametrize("between", PAUSES)
def test_only_what_gluehook_paused_is_unpaused(engine: Dockerd, between: str, killed: bool) -> None:
    engine.run("box")
    memory = OneNote() if killed else Notes()
    if killed:
        with pytest.raises(Killed):
            Pause().apply(PauseArgs("box"), now(engine, memory=memory))
    else:
        assert ends(Pause(), PauseArgs("box"), now(engine, memory=memory)) == ("changed", "container 'box' paused")
    steps, outcome = PAUSES[between]
    steps(engine)
    memory = _lived_on(memory)
    assert ends(Unpause(), UnpauseArgs("box", only_ours=True), now(engine, memory=memory)) == outcome


def _lived_on(memory: Notes) -> Notes:
    after = Notes()
    after.values = dict(memory.values)
    return after


def test_what_the_owner_stopped_or_paused_is_the_owners(engine: Dockerd) -> None:
    engine.run("box")
    memory = Notes()
    owner("pause")(engine)
    assert ends(Pause(), PauseArgs("box"), now(engine, memory=memory)) == (
        "unchanged", "container 'box' is paused already, not by gluehook",
    )  # fmt: skip
    assert ends(Restart(), RestartArgs("box"), now(engine, memory=memory))[0] == "skipped"
    assert ends(Signal(), SignalArgs("box", signal="HUP"), now(engine, memory=memory))[0] == "skipped"
    assert ends(Unpause(), UnpauseArgs("box", only_ours=True), now(engine, memory=memory)) == (
        "unchanged", f"{_STAYS_PAUSED}it was not paused by gluehook",
    )  # fmt: skip
    assert ends(Unpause(), UnpauseArgs("box"), now(engine, memory=memory))[0] == "changed", (
        "without only_ours it goes on"
    )
    owner("stop")(engine)
    assert ends(Stop(), StopArgs("box"), now(engine, memory=memory)) == (
        "unchanged", "container 'box' does not run; gluehook has not stopped it",
    )  # fmt: skip
    assert ends(Pause(), PauseArgs("box"), now(engine, memory=memory)) == (
        "skipped", "container 'box' does not run, so there is nothing to pause",
    )  # fmt: skip
    assert ends(Start(), StartArgs("box", only_ours=True), now(engine, memory=memory)) == (
        "unchanged", f"{_STAYS_STOPPED}it was not stopped by gluehook",
    )  # fmt: skip
    assert memory.values == {}


def test_a_paused_one_and_one_that_ignores_term_are_stopped_in_time(engine: Dockerd) -> None:
    engine.run("stubborn", "sh -c 'trap \"\" TERM; while :; do sleep 1; done'", stop_signal="TERM")
    engine.run("box")
    owner("pause")(engine)
    done = ends(Stop(), StopArgs(["stubborn", "box", "stubborn"], Duration(1.0)), now(engine))
    assert done == ("changed", "container 'box' stopped; container 'stubborn' stopped")
    assert (state(engine, "stubborn")["ExitCode"], state(engine, "box")["Running"]) == (137, False)


def project(engine: Dockerd) -> dict[str, str]:
    """Six services: a chain, a circle, one in another's network, and gluehook; their ids by name."""
    needs = {"db": (), "api": ("db",), "web": ("api",), "one": ("two",), "two": ("one",), "gluehook": ("web",)}
    ids = {name: engine.run(name, labels=composed(name, *others)) for name, others in needs.items()}
    return ids | {"inside": engine.run("inside", network="container:web", labels=composed("inside"))}


def test_a_project_is_stopped_from_its_dependents_on_and_started_the_other_way(engine: Dockerd) -> None:
    ids, memory = project(engine), Notes()
    stopped = ends(Stop(), StopArgs(project="home"), now(engine, memory=memory, own_id=ids["gluehook"]))
    assert stopped[0] == "changed"
    assert [part.split("'")[1] for part in stopped[1].split("; ")[:6]] == ["two", "one", "inside", "web", "api", "db"]
    assert "container 'gluehook' is the one that gluehook runs in, which no rule may touch; it is" in stopped[1]
    assert state(engine, "gluehook")["Running"]
    ended = {name: state(engine, name)["FinishedAt"] for name in ("inside", "web", "api", "db")}
    assert sorted(ended, key=ended.__getitem__) == list(ended)
    ctx = now(engine, memory=memory, own_id=ids["gluehook"])
    assert ends(Start(), StartArgs(project="home", only_ours=True), ctx)[0] == "changed"
    began = {name: state(engine, name)["StartedAt"] for name in ("db", "api", "web", "inside")}
    assert sorted(began, key=began.__getitem__) == list(began)
    assert {key for key in memory.values if "ours" in key} == set()


def notes_signals(engine: Dockerd, name: str) -> None:
    """A container that notes each HUP, and can take one already."""
    engine.run(name, "sh -c 'trap \"echo got >> /got\" HUP; touch /ready; while :; do sleep 0.1; done'")
    until(lambda: engine.shell(name, "test -e /ready") == 0, f"{name} does not begin")


def test_one_of_several_that_fails_stops_no_other_and_a_retry_does_the_rest(engine: Dockerd) -> None:
    notes_signals(engine, "first")
    notes_signals(engine, "third")
    memory = Notes()
    args = SignalArgs(["first", "gone", "third"], signal="HUP")
    word, said = ends(Signal(), args, now(engine, memory=memory))
    assert word == "GiveUp"
    for part in (
        "Docker knows no container 'gone'",
        "container 'first' was sent HUP",
        "container 'third' was sent HUP",
    ):
        assert part in said
    notes_signals(engine, "gone")
    word, said = ends(Signal(), args, now(engine, memory=memory))
    assert (word, said.split("; ")) == ("changed", [
        "container 'first' was sent HUP by an attempt before", "container 'gone' was sent HUP",
        "container 'third' was sent HUP by an attempt before",
    ])  # fmt: skip
    for name in ("first", "third", "gone"):
        until(lambda name=name: engine.shell(name, "test -e /got") == 0, f"{name} got no signal")  # type: ignore[misc]
        assert engine.shell(name, 'test "$(cat /got)" = got') == 0
    assert not [key for key in memory.values if "signalled" in key]


def test_a_signal_that_ends_a_container_says_so_and_is_ours(engine: Dockerd) -> None:
    engine.run("box")
    memory = Notes()
    said = ends(Signal(), SignalArgs("box", signal="KILL"), now(engine, memory=memory))
    assert said == ("changed", "container 'box' was sent KILL and has ended, with exit code 137")
    assert ends(Start(), StartArgs("box", only_ours=True), now(engine, memory=memory))[0] == "changed"


def test_a_label_that_no_container_has_is_named_with_the_one_that_was_meant(engine: Dockerd) -> None:
    engine.run("box", labels={"backup.stop": "true", **composed("box")})
    for args, said in (
        (StopArgs(label="backup.stop=true"), "container 'box' would be stopped"),
        (StopArgs(label=["backup.stop", "com.docker.compose.project=home"]), "container 'box' would be stopped"),
    ):
        assert Stop().plan(args, now(engine)) == said
    for args, words in (
        (StopArgs(label="backup.stpo=true"), "with the label 'backup.stpo=true' (did you mean 'backup.stop=true'?); "),
        (StopArgs(project="hom"), "there are no such containers: the containers of project 'hom' (did you mean 'hom"),
        (StopArgs(label="nobody"), "there are no such containers: the containers with the label 'nobody'; correct "),
    ):
        word, text = ends(Stop(), args, now(engine))
        assert (word, words in text) == ("GiveUp", True), text
    assert state(engine, "box")["Running"]


def test_what_docker_removes_at_its_end_is_said_and_not_remembered(engine: Dockerd) -> None:
    engine.run("box", host={"auto_remove": True})
    memory = Notes()
    word, said = ends(Stop(), StopArgs("box"), now(engine, memory=memory))
    assert (word, said) == ("changed", "container 'box' stopped; Docker removes it, as it was run with --rm")
    assert memory.values == {}

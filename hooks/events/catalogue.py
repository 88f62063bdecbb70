"""What can happen: the `Event` record and the catalogue of event types.

Types are `<what>.<action>` in Docker's own words. Adding one is one entry here
and one recorded sample in tests/samples/.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Origin = Literal["live", "backlog", "resync", "replay", "manual"]
Topic = tuple[str, str]  # (what lasts, of whom): ("health", "gluetun")


@dataclass(frozen=True, slots=True)
class Event:
    """One thing that happened, or one state that was found.

    `time` is nanoseconds since the Unix epoch: when it happened; for a state found
    by a resync, when that state began (a container's StartedAt, a file's mtime).
    """

    type: str
    subject: str
    time: int
    source: str = "gluehook"
    origin: Origin = "live"
    data: Mapping[str, Any] = field(default_factory=dict)
    cause: str | None = None  # the run of ours that made it happen, where that is known
    id: str = ""

    def __post_init__(self) -> None:
        if not self.id:
            object.__setattr__(self, "id", f"{self.time}-{self.type}-{self.subject}")


@dataclass(frozen=True, slots=True)
class State:
    """A state that an event begins: it lasts until its topic has another value."""

    topic: str
    value: str
    identity: tuple[str, ...] = ()  # the fields that make it *this* state: a new container id is a new one


@dataclass(frozen=True, slots=True)
class EventType:
    """An entry of the catalogue."""

    name: str
    says: str
    subject: str  # the field that names the subject; rules are indexed by it
    fields: Mapping[str, type]
    state: State | None = None
    ends: tuple[str, ...] = ()  # topics of the same subject that it ends without beginning another value

    @property
    def is_state(self) -> bool:
        """Whether it describes a state with an end: only these may carry `for`."""
        return self.state is not None


_CONTAINER: dict[str, type] = {
    "container": str, "id": str, "image": str, "service": str, "project": str, "labels": dict,
}  # fmt: skip
_PORT: dict[str, type] = {"container": str, "port": int, "ports": list, "old_port": int, "generation": str}
_PEER: dict[str, type] = {"peer": str, "container": str, "address": str, "ip": str}
_DEAD = ("health", "port")  # what ends when a container stops running


def _container(
    name: str, says: str, *, state: State | None = None, ends: tuple[str, ...] = (), **more: type
) -> EventType:
    return EventType(f"container.{name}", says, "container", {**_CONTAINER, **more}, state, ends)


def _plain(what: str, actions: str, **fields: type) -> Iterator[EventType]:
    for action in actions.split():
        article = "an" if what[0] in "aeiou" else "a"
        yield EventType(
            f"{what}.{action}", f"Docker's `{action}` of {article} {what}", what, {what: str, "id": str, **fields}
        )


_TYPES: tuple[EventType, ...] = (
    # -- containers, under Docker's names -------------------------------------------------
    _container("healthy", "the health check passes again", state=State("health", "healthy", ("id",))),
    _container("unhealthy", "the health check has failed", state=State("health", "unhealthy", ("id",))),
    _container("start", "it was started", state=State("life", "running", ("id",)), ends=("health",)),
    _container("die", "its main process ended", state=State("life", "dead", ("id",)), ends=_DEAD, exit_code=int),
    _container("destroy", "it was removed", ends=("life", *_DEAD)),
    _container("oom", "the kernel killed a process of it for memory"),
    _container("kill", "a signal was sent to it", signal=int),
    _container("rename", "it has another name", ends=("life", *_DEAD), old_name=str),  # ends them for the old name
    _container("exec_die", "a command inside it ended", exit_code=int),
    *(
        _container(name, f"Docker's `{name}` of a container")
        for name in (
            "attach commit copy create detach exec_create exec_detach exec_start export init cleanup pause prune "
            "resize restart stop top unpause update"
        ).split()
    ),
    # -- derived from the world, never from one raw event -----------------------------------
    _container("recreated", "same name, other id", old_id=str),
    _container("ip_changed", "it has another address on a network", network=str, ip=str, old_ip=str),
    # -- the rest of Docker -------------------------------------------------------------------
    *_plain("network", "create connect disconnect destroy remove update prune", container_id=str, driver=str),
    *_plain("volume", "create mount unmount destroy prune", container_id=str, destination=str, driver=str),
    *_plain("image", "delete import load pull push save tag untag prune"),
    *_plain("daemon", "reload"),
    # -- gluetun's port file ------------------------------------------------------------------
    EventType(
        "port.forwarded", "gluetun wrote a valid port, also the same one again", "container", _PORT,
        State("port", "forwarded", ("ports", "generation")),
    ),
    EventType(
        "port.cleared", "the port file holds no valid port, or one older than gluetun's start", "container",
        {"container": str, "old_port": int}, State("port", "cleared"),
    ),
    EventType(
        "port.invalid", "the port file held garbage", "container", {"container": str, "reason": str},
    ),
    # -- other files that a rule names, and time ------------------------------------------------
    EventType("file.written", "a file was written", "path", {"path": str, "size": int}),
    EventType("file.emptied", "a file became empty", "path", {"path": str, "size": int}),
    EventType("file.removed", "a file is gone", "path", {"path": str}),
    EventType("timer.tick", "so much time has passed again", "every", {"every": str}),
    # -- WireGuard's peers, by a look every so often: nothing tells of a handshake -------------------
    EventType("wireguard.handshake", "a device is connected, from elsewhere", "peer", _PEER, State("tunnel", "up")),
    EventType("wireguard.hairpin", "a device is connected, although it is at home: it comes from the LAN's router",
              "peer", _PEER, State("tunnel", "hairpin")),
    EventType("wireguard.stale", "a device has had no handshake for three minutes", "peer", _PEER,
              State("tunnel", "stale")),
    EventType("wireguard.removed", "a peer was taken out of the interface", "peer", _PEER, ends=("tunnel",)),
    # -- our own ----------------------------------------------------------------------------------
    EventType("gluehook.started", "gluehook is ready", "version", {"version": str}),
    EventType("source.lost", "a source of events cannot be seen", "name", {"name": str, "reason": str},
              State("source", "lost")),
    EventType("source.restored", "a source is seen again", "name", {"name": str}, State("source", "restored")),
    EventType("rules.loaded", "a rules file is in force", "file", {"file": str, "rules": int}),
    EventType("rules.rejected", "a rules file has errors; the old rules stay", "file", {"file": str, "errors": int}),
    EventType("rule.exhausted", "a rule has spent its limit, or gave up", "rule",
              {"rule": str, "key": str, "runs": int}, State("exhausted", "yes")),
    EventType("run.failed", "a run failed and will not be tried again", "rule",
              {"rule": str, "key": str, "run": str, "handler": str, "error": str}),
)  # fmt: skip

CATALOGUE: Mapping[str, EventType] = {t.name: t for t in _TYPES}


def topic_of(event: Event) -> Topic | None:
    """The topic whose value this event sets, if its type describes a state."""
    state = CATALOGUE[event.type].state
    return (state.topic, _who(event)) if state else None


def ended_by(event: Event) -> tuple[Topic, ...]:
    """The topics that this event ends without giving them another value."""
    ends, who = CATALOGUE[event.type].ends, _who(event)
    return tuple([(topic, who) for topic in ends])


def identity_of(event: Event) -> tuple[Any, ...]:
    """What makes the state that this event describes the one it is: its value and its identifying fields."""
    state = CATALOGUE[event.type].state
    if state is None:
        return (event.id,)
    return (state.value, *[event.data.get(name) for name in state.identity])


def _who(event: Event) -> str:
    if event.type == "container.rename":
        return str(event.data.get("old_name"))  # nobody of that name is in any state now
    # two rules' lanes exhaust one by one, so the key belongs to the topic
    return f"{event.subject}/{event.data.get('key', '')}" if event.type == "rule.exhausted" else event.subject

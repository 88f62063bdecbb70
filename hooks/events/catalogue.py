"""What can happen: the `Event` record and the catalogue of event types.

Types are `<what>.<action>` in Docker's own words. Everything that is known of a type stands in its entry: what it says,
its subject, its fields, which state it begins or ends, which source posts it, and whether it changes the world. The
rules reader, the engine, the sources, the world, the JSON schema, `gluehook events` and the docs derive the rest.
Adding a type is one entry here, its new fields in hooks/events/fields.py, and one recorded sample in tests/samples/;
docs/add-an-event.md shows it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from hooks.events.fields import FIELDS, Field

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
    good: bool = False  # a topic that was in a bad state has got well with this one


@dataclass(frozen=True, slots=True)
class EventType:
    """An entry of the catalogue."""

    name: str
    says: str
    subject: str  # the field that names the subject; rules are indexed by it
    fields: Mapping[str, Field]
    state: State | None = None
    ends: tuple[str, ...] = ()  # topics of the same subject that it ends without beginning another value
    source: str = "gluehook"  # who posts it; "" for the source that is its subject
    changes_world: bool = False  # it changes which containers there are, or how one is

    @property
    def is_state(self) -> bool:
        """Whether it describes a state with an end: only these may carry `for`."""
        return self.state is not None

    @property
    def is_of_gluetun(self) -> bool:
        """Whether it is about the port that a gluetun forwards, so that its container need not be named."""
        return self.name.startswith("port.") and self.source == "files"

    @property
    def needed(self) -> str | None:
        """The field that an entry of `on` must name, if there is one."""
        return next((name for name, field in self.fields.items() if field.needed), None)


_CONTAINER = "container id image service project role gluetun labels "
_REACH = "container gluetun port reason"
_PORT, _PEER = "container gluetun port ports old_port generation", "peer container address ip"
_DEAD = ("health", "port")  # what ends when a container stops running


def _fields(names: str) -> dict[str, Field]:
    if unknown := [name for name in names.split() if name not in FIELDS]:
        raise LookupError(f"hooks/events/fields.py: add {', '.join(map(repr, unknown))} to FIELDS")
    return {name: FIELDS[name] for name in names.split()}


def _container(
    name: str, says: str, own_fields: str = "", *, state: State | None = None, ends: tuple[str, ...] = (),
    changes_world: bool = False, source: str = "docker",
) -> EventType:  # fmt: skip
    fields = _fields(_CONTAINER + own_fields)
    return EventType(f"container.{name}", says, "container", fields, state, ends, source, changes_world)


def _plain(what: str, actions: str, own_fields: str = "") -> Iterator[EventType]:
    article, fields = "an" if what[0] in "aeiou" else "a", _fields(f"{what} id {own_fields}")
    for action in actions.split():
        yield EventType(f"{what}.{action}", f"Docker's `{action}` of {article} {what}", what, fields, source="docker")


_TYPES: tuple[EventType, ...] = (
    # -- containers, under Docker's names -------------------------------------------------
    _container("healthy", "the health check passes", state=State("health", "healthy", ("id",), good=True),
               changes_world=True),
    _container("unhealthy", "the health check has failed", state=State("health", "unhealthy", ("id",)),
               changes_world=True),
    _container("start", "it was started", state=State("life", "running", ("id",), good=True), ends=("health",),
               changes_world=True),
    _container("die", "its main process ended", "exit_code", state=State("life", "dead", ("id",)), ends=_DEAD,
               changes_world=True),
    _container("destroy", "it was removed", ends=("life", *_DEAD), changes_world=True),
    _container("oom", "the kernel killed a process of it for memory"),
    _container("kill", "a signal was sent to it", "signal"),
    _container("rename", "it has another name", "old_name", ends=("life", *_DEAD),  # ends them for the old name
               changes_world=True),
    _container("exec_die", "a command inside it ended", "exit_code"),
    _container("pause", "Docker's `pause` of a container", changes_world=True),
    _container("unpause", "Docker's `unpause` of a container", changes_world=True),
    *(
        _container(name, f"Docker's `{name}` of a container")
        for name in (
            "attach commit copy create detach exec_create exec_detach exec_start export init cleanup prune resize "
            "restart stop top update"
        ).split()
    ),
    # -- derived from the world, never from one raw event -----------------------------------
    _container("recreated", "same name, other id", "old_id"),
    _container("ip_changed", "it has another address on a network", "network ip old_ip"),
    # -- read from the logs of the containers that rules name ----------------------------------
    _container("log", "it wrote a line to its log", "line stream", source="logs"),
    # -- the rest of Docker -------------------------------------------------------------------
    *_plain("network", "create connect disconnect destroy remove update prune", "container_id driver"),
    *_plain("volume", "create mount unmount destroy prune", "container_id destination driver"),
    *_plain("image", "delete import load pull push save tag untag prune"),
    *_plain("daemon", "reload"),
    # -- gluetun's port, by its file or its control server ------------------------------------
    EventType("port.forwarded", "gluetun has a port, also the same one anew", "container", _fields(_PORT),
              State("port", "forwarded", ("ports", "generation"), good=True), source="files"),
    EventType("port.changed", "gluetun forwards another port than the last time, also if there was none in between",
              "container", _fields("container gluetun port old_port"), source="files"),
    EventType("port.cleared", "gluetun has no valid port, or the one in its file is older than its start", "container",
              _fields("container gluetun old_port"), State("port", "cleared"), source="files"),
    EventType("port.invalid", "the port file held garbage", "container", _fields("container gluetun reason"),
              source="files"),
    # -- whether peers reach qBittorrent on that port, polled: no event reports it ------------------
    EventType("port.open", "peers reach qBittorrent on the forwarded port", "container", _fields(_REACH),
              State("reach", "open", ("port",), good=True), source="qbittorrent"),
    EventType("port.closed", "no peer reaches qBittorrent on the forwarded port", "container", _fields(_REACH),
              State("reach", "closed", ("port",)), source="qbittorrent"),
    EventType("port.unknown", "nothing shows any more whether that port is open: it is connected to no peer, or does "
              "not run", "container", _fields(_REACH), ends=("reach",), source="qbittorrent"),
    # -- other files that a rule names, and time ------------------------------------------------
    EventType("file.written", "a file was written", "path", _fields("path size"), source="files"),
    EventType("file.emptied", "a file became empty", "path", _fields("path size"), source="files"),
    EventType("file.removed", "a file is gone", "path", _fields("path"), source="files"),
    EventType("timer.tick", "so much time has passed again", "every", _fields("every"), source="timer"),
    EventType("timer.cron", "it is the time that a rule has written as a cron expression", "at",
              _fields("at due late"), source="timer"),
    # -- calls of other programs ------------------------------------------------------------------
    EventType("hook.called", "another program has called `POST /hook/NAME` of the page", "name",
              _fields("name json query"), source="hook"),
    # -- WireGuard's peers, polled: no event reports a handshake -----------------------------------
    EventType("wireguard.handshake", "a device is connected from outside the home network", "peer", _fields(_PEER),
              State("tunnel", "up", good=True), source="wireguard"),
    EventType("wireguard.hairpin", "a device is connected, although it is at home: it comes from the LAN's router",
              "peer", _fields(_PEER), State("tunnel", "hairpin"), source="wireguard"),
    EventType("wireguard.stale", "a device has had no handshake for three minutes", "peer", _fields(_PEER),
              State("tunnel", "stale"), source="wireguard"),
    EventType("wireguard.removed", "a peer was taken out of the interface", "peer", _fields(_PEER), ends=("tunnel",),
              source="wireguard"),
    # -- our own ----------------------------------------------------------------------------------
    EventType("gluehook.started", "gluehook is ready", "version", _fields("version")),
    EventType("source.lost", "a source of events cannot be seen", "name", _fields("name reason"),
              State("source", "lost"), source=""),
    EventType("source.restored", "a source is seen again", "name", _fields("name"),
              State("source", "restored", good=True), source=""),
    EventType("rules.loaded", "a rules file is in force", "file", _fields("file rules")),
    EventType("rules.rejected", "a rules file has errors; the old rules stay", "file", _fields("file errors")),
    EventType("rule.exhausted", "a rule has spent its limit, or gave up", "rule",
              _fields("rule key runs tries said reason"), State("exhausted", "yes")),
    EventType("run.failed", "a run failed and will not be tried again", "rule",
              _fields("rule key run handler error tries said")),
    EventType("rule.recovered", "what a rule has run for is well again: its bad state was followed by the good one, or "
              "its run succeeded after one that failed", "rule", _fields("rule key tries said reason")),
)  # fmt: skip

CATALOGUE: Mapping[str, EventType] = {t.name: t for t in _TYPES}
CHANGES_WORLD = frozenset(t.name for t in _TYPES if t.changes_world)
"""The types that change the world: the sources deliver them whether or not a rule listens."""


def topic_of(event: Event) -> Topic | None:
    """The topic whose value this event sets, if its type describes a state."""
    state = CATALOGUE[event.type].state
    return (state.topic, _whose(event)) if state else None


def is_good(event: Event) -> bool:
    """Whether the event describes a good state: healthy, not unhealthy; a forwarded port, not a cleared one."""
    state = CATALOGUE[event.type].state
    return state is not None and state.good


def is_bad(event: Event) -> bool:
    """Whether the event describes a state that is not a good one."""
    state = CATALOGUE[event.type].state
    return state is not None and not state.good


def ended_by(event: Event) -> tuple[Topic, ...]:
    """The topics that this event ends without giving them another value."""
    ends, who = CATALOGUE[event.type].ends, _whose(event)
    return tuple([(topic, who) for topic in ends])


def identity_of(event: Event) -> tuple[Any, ...]:
    """What makes the state that this event describes the one it is: its value and its identifying fields."""
    state = CATALOGUE[event.type].state
    if state is None:
        return (event.id,)
    return (state.value, *[event.data.get(name) for name in state.identity])


def _whose(event: Event) -> str:
    if event.type == "container.rename":
        return str(event.data.get("old_name"))  # no container of that name is in any state now
    # the lanes of a rule exhaust one by one, so the key belongs to the topic
    return f"{event.subject}/{event.data.get('key', '')}" if event.type == "rule.exhausted" else event.subject

"""What can happen: the `Event` record and the catalogue of event types.

Types are `<what>.<action>` in Docker's own words. Everything that is known of a type stands in its entry: what it says,
its subject, its fields, which state it begins or ends, which source posts it, and whether it changes the world. The
rules reader, the engine, the sources, the world, the JSON schema, `gluehook events` and the docs derive the rest.
Adding a type is one entry here, with its new fields in FIELDS, and one recorded sample in tests/samples/;
docs/add-an-event.md shows it.
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
    good: bool = False  # a topic that was in a bad state has got well with this one


@dataclass(frozen=True, slots=True)
class Field:
    """A field of an event: its type, what it holds, and whether an entry of `on` must name it."""

    type: type
    says: str
    needed: bool = False


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


FIELDS: Mapping[str, Field] = {
    "container": Field(
        str, "the container's name; of a port gluetun's, and where peers reach it or not, qBittorrent's"
    ),
    "id": Field(str, "Docker's whole id of it"),
    "image": Field(str, "the image's name"),
    "service": Field(str, "its name in a compose file; absent without one"),
    "project": Field(str, "its compose project; absent without one"),
    "role": Field(
        str, "which program it is: gluetun, qbittorrent, transmission, deluge, adguard or wireguard; absent for others"
    ),
    "gluetun": Field(str, "the gluetun that it is, or whose network it shares; absent where there is none"),
    "labels": Field(dict, 'its labels: labels = { "com.example.heal" = "yes" }'),
    "exit_code": Field(int, "what its process answered: 0 is success, 137 is killed"),
    "signal": Field(int, "the signal's number: 15 is TERM, 9 is KILL"),
    "old_name": Field(str, "the name that it had"),
    "old_id": Field(str, "the id of the container that had this name"),
    "network": Field(str, "the network's name"),
    "ip": Field(str, "the address that it has now; of a peer, the one that it was last seen at, absent if never"),
    "old_ip": Field(str, "the address that it had"),
    "container_id": Field(str, "the id of the container that is connected, or that mounts it"),
    "driver": Field(str, "bridge, local, …"),
    "volume": Field(str, "the volume's name"),
    "destination": Field(str, "where it is mounted inside the container"),
    "daemon": Field(str, "the engine's name"),
    "port": Field(int, "gluetun's port, the first of several"),
    "ports": Field(list, "all its ports; ${event.ports.0} is the first, and none can be matched"),
    "old_port": Field(int, "the port before; absent if there was none"),
    "generation": Field(str, "changes whenever gluetun has its port anew, even the same one"),
    "reason": Field(str, "why, as a sentence"),
    "path": Field(str, "where it is, from / on; a rule must name it in full", needed=True),
    "size": Field(int, "in bytes"),
    "every": Field(str, 'how often: "5m", "1h30m"; a rule must say it', needed=True),
    "peer": Field(str, "the peer's name: its folder is peer_NAME"),
    "address": Field(str, "its address in the tunnel"),
    "version": Field(str, "gluehook's"),
    "name": Field(
        str, "docker, files, wireguard, qbittorrent, or api:NAME for the control server of the gluetun of that name"
    ),
    "file": Field(str, "the rules file"),
    "rules": Field(int, "how many rules are in it"),
    "errors": Field(int, "how many errors it has"),
    "rule": Field(str, "the rule's name"),
    "key": Field(str, "what the rule counts as the same thing"),
    "runs": Field(int, "how many runs its limit has counted"),
    "tries": Field(int, "the number of attempts: of the run; with rule.exhausted and rule.recovered, of the trouble"),
    "said": Field(str, "what the last attempt said of itself, as a sentence"),
    "run": Field(str, "the run's id, as in the log"),
    "handler": Field(str, "the step's handler"),
    "error": Field(str, "what went wrong, as a sentence"),
}
"""Every field of an event; a name means the same, and has the same type, in each event that has it."""

_CONTAINER = "container id image service project role gluetun labels "
_REACH = "container gluetun port reason"
_PORT, _PEER = "container gluetun port ports old_port generation", "peer container address ip"
_DEAD = ("health", "port")  # what ends when a container stops running


def _fields(names: str) -> dict[str, Field]:
    if unknown := [name for name in names.split() if name not in FIELDS]:
        raise LookupError(f"hooks/events/catalogue.py: add {', '.join(map(repr, unknown))} to FIELDS")
    return {name: FIELDS[name] for name in names.split()}


def _container(
    name: str, says: str, own_fields: str = "", *, state: State | None = None, ends: tuple[str, ...] = (),
    changes_world: bool = False,
) -> EventType:  # fmt: skip
    fields = _fields(_CONTAINER + own_fields)
    return EventType(f"container.{name}", says, "container", fields, state, ends, "docker", changes_world)


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
    *(
        _container(name, f"Docker's `{name}` of a container")
        for name in (
            "attach commit copy create detach exec_create exec_detach exec_start export init cleanup pause prune "
            "resize restart stop top unpause update"
        ).split()
    ),
    # -- derived from the world, never from one raw event -----------------------------------
    _container("recreated", "same name, other id", "old_id"),
    _container("ip_changed", "it has another address on a network", "network ip old_ip"),
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

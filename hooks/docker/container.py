"""One container as Docker's answers describe it: an entry of the list of all, and an inspect.

The only parser of these two answers. The sources turn the record into the world's `Container`, handlers and the doctor
use it as it is, `gluehook init` too, so that all of them agree on what "running" and "unhealthy" mean:
a container that Docker is about to restart does not run, a paused one does; health stands in `State.Health`, with some
Podmans in `State.Healthcheck`, and "none" is no health check. Read in the recordings of Docker 20 to 29 and Podman 4.3
and 5.8 (tests/samples/containers). Nothing here sends a request.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeVar

from hooks.docker import program_facts
from hooks.events.jsonl import nanoseconds
from hooks.world.model import Container

DEFAULT_STOP_TIMEOUT_S = 10  # Docker's own
MALFORMED = (ValueError, KeyError, TypeError, AttributeError, IndexError, OverflowError, RecursionError)
"""What `listed` and `inspected` raise for an answer that is none of a Docker engine."""
_Record = TypeVar("_Record", bound="ListedContainer")
_GATEWAYS = ("Gateway", "IPv6Gateway")
# how Docker 20 to 28 say that a namespace could not be joined
_NOT_JOINED = ("join network", "joining network", "no such container", "is restarting, wait", "non running container")
_SHARED = {"processes": "PidMode", "IPC": "IpcMode"}
_HEALTH = re.compile(r"\((?:health: )?(healthy|unhealthy|starting)\)")
_EXITED = re.compile(r"Exited \((\d+)\)")
# how Docker and Podman write for how long it has run (go-units' HumanDuration)
_UP = re.compile(r"Up (?:About an? |(\d+) )?(second|minute|hour|day|week|month|year)s?\b")
_UNITS_S = {
    "second": 1, "minute": 60, "hour": 3600, "day": 86400, "week": 7 * 86400, "month": 30 * 86400, "year": 365 * 86400,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class ListedContainer:
    """A container as the list of all shows it."""

    name: str
    id: str
    image: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)
    running: bool = False  # also while it is paused, not while it waits for its next restart
    paused: bool = False
    restarting: bool = False  # it has ended, and its restart policy starts it again
    never_started: bool = False
    health: str = ""  # "healthy", "unhealthy", "starting", or "" for no health check
    exit_code: int = 0
    network_mode: str = ""  # "" where the list does not show it, as Podman's
    up_s: float = 0.0  # for how long it has run, at least, by the engine's clock; 0 also where that is not known
    # by network, IPv4 first; () when stopped. None of a container in another's network: they are the other's
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def service(self) -> str:
        """What its compose file calls it, "" without one."""
        return self.labels.get("com.docker.compose.service", "")

    @property
    def stopped(self) -> bool:
        """Whether it stays as it is until something starts it: it neither runs nor waits for its next restart."""
        return not (self.running or self.restarting)

    @property
    def parent(self) -> str | None:
        """The id or name of the container whose network namespace it joins."""
        kind, _, parent = self.network_mode.partition(":")
        return parent if kind == "container" else None

    def for_world(self, started_at: int = 0, finished_at: int = 0) -> Container:
        """The world's picture of it: of each network one address, and none of a network without."""
        return Container(
            self.name, self.id, self.image, self.labels, self.running, self.health, started_at, finished_at,
            self.exit_code, {network: found[0] for network, found in self.addresses.items() if found},
            self.network_mode, paused=self.paused,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class InspectedContainer(ListedContainer):
    """A container as an inspect shows it. Times are ns since the Unix epoch, 0 for never."""

    started_at: int = 0
    finished_at: int = 0
    error: str = ""  # why its last start failed
    stop_timeout_s: int = DEFAULT_STOP_TIMEOUT_S
    auto_remove: bool = False
    privileged: bool = False
    gateways: frozenset[str] = frozenset()  # the engine's own addresses on its networks
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)  # holds secrets
    mounts: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # path inside -> (type, host path or volume)
    shares: Mapping[str, str] = field(default_factory=dict)  # "processes" or "IPC" -> the id or name of whose it joins
    references: tuple[str, ...] = ()  # the ids and names of all containers that its configuration names

    @property
    def stranded(self) -> bool:
        """Whether it does not run because it could not join another's namespace: nobody stopped it."""
        error = self.error.lower()
        joins = self.parent is not None or bool(self.shares)
        return self.stopped and joins and any(said in error for said in _NOT_JOINED)

    def for_world(self, started_at: int = 0, finished_at: int = 0) -> Container:
        """The world's picture of it, with its times and with what its variables and mounts tell."""
        seen = ListedContainer.for_world(self, started_at or self.started_at, finished_at or self.finished_at)
        facts = program_facts.of(seen, self.environment, self.mounts)
        return replace(
            seen, web_port=facts.web_port, port_file=facts.port_file, mounts=facts.mounts,
            forwards_no_port=facts.forwards_no_port,
        )  # fmt: skip


def listed(raw: Mapping[str, Any]) -> ListedContainer:
    """One entry of `/containers/json`. Raises one of MALFORMED for a wrong shape."""
    state, status = raw.get("State"), str(raw.get("Status") or "")
    health, exited = _HEALTH.search(status), _EXITED.match(status)
    return _readable(ListedContainer(
        # a link of another container is listed as one more name, with two slashes
        name=min(raw["Names"], key=lambda name: name.count("/")).lstrip("/"),
        id=str(raw["Id"]),
        image=raw.get("Image") or "",
        labels=_labels(raw),
        running=state in ("running", "paused"),
        paused=state == "paused",
        restarting=state == "restarting",
        never_started=state == "created",
        health=health[1] if health else "",
        exit_code=int(exited[1]) if exited else 0,
        network_mode=_network_mode(raw),
        up_s=_up_s(status),
        addresses=_own_addresses(raw),
    ))  # fmt: skip


def inspected(raw: Mapping[str, Any]) -> InspectedContainer:
    """The answer of `/containers/{id}/json`. Raises one of MALFORMED for a wrong shape."""
    state, config, host = raw["State"], raw.get("Config") or {}, raw.get("HostConfig") or {}
    health = (state.get("Health") or state.get("Healthcheck") or {}).get("Status") or ""
    started_at, networks = nanoseconds(state["StartedAt"] or ""), _networks(raw)
    paused, restarting = bool(state.get("Paused")), bool(state.get("Restarting"))
    # Docker's Running is true while it waits for its next restart. Podman's is false while it is paused, as
    # libpod/container_inspect.go shows.
    running = (bool(state["Running"]) or paused) and not restarting
    return _readable(InspectedContainer(
        name=str(raw["Name"]).lstrip("/"),
        id=str(raw["Id"]),
        image=config.get("Image") or "",
        labels=_labels(config),
        running=running,
        paused=paused,
        restarting=restarting,
        never_started=not started_at,
        health=health if running and health != "none" else "",  # Docker keeps the last one of a container that stopped
        exit_code=int(state.get("ExitCode") or 0),
        network_mode=_network_mode(raw),
        addresses=_own_addresses(raw),
        started_at=started_at,
        finished_at=nanoseconds(state.get("FinishedAt") or ""),
        error=str(state.get("Error") or ""),
        stop_timeout_s=int(config.get("StopTimeout") or DEFAULT_STOP_TIMEOUT_S),
        auto_remove=bool(host.get("AutoRemove")),
        privileged=bool(host.get("Privileged")),
        gateways=frozenset(str(network[key]) for network in networks.values() for key in _GATEWAYS if network.get(key)),
        environment=_environment(config),
        mounts={str(m["Destination"]): (str(m.get("Type") or ""), m.get("Name") or m.get("Source") or "")
                for m in raw.get("Mounts") or ()},
        shares={what: other for what, key in _SHARED.items() if (other := _joined(host, key))},
        references=tuple(_references(host)),
    ))  # fmt: skip


def _networks(raw: Mapping[str, Any]) -> Mapping[str, Mapping[str, Any]]:
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return {name: network or {} for name, network in networks.items()}


def _own_addresses(raw: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    # Podman shows the addresses of the container whose network it is, and its list does not say whose that is
    if _network_mode(raw).startswith("container:") or not _network_mode(raw):
        return {}
    return {name: _addresses(network) for name, network in _networks(raw).items()}


def _up_s(status: str) -> float:
    """The least that it has run: what these words round up they round up by less than half a unit."""
    found = _UP.match(status)
    if not found:
        return 0.0
    return (float(found[1] or 1) - 0.5) * _UNITS_S[found[2]]


def _labels(raw: Mapping[str, Any]) -> dict[str, str]:
    labels = dict(raw.get("Labels") or {})
    if not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("a label is no text")
    return labels


def _readable(record: _Record) -> _Record:
    """The record, if all of its text can be written to a file and a log. Raises ValueError otherwise."""
    texts = (text for one in fields(record) for text in _texts(getattr(record, one.name)))
    "".join(texts).encode()  # a lone surrogate, which JSON can hold, is a UnicodeEncodeError
    return record


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        yield from (text for item in value.items() for part in item for text in _texts(part))
    elif isinstance(value, tuple | frozenset):
        yield from (text for part in value for text in _texts(part))


def _addresses(network: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, (network.get("IPAddress"), network.get("GlobalIPv6Address"))))


def _network_mode(raw: Mapping[str, Any]) -> str:
    return str((raw.get("HostConfig") or {}).get("NetworkMode") or "")


def _joined(host: Mapping[str, Any], key: str) -> str:
    """The id or name in "container:ID", else ""."""
    kind, _, other = str(host.get(key) or "").partition(":")
    return other if kind == "container" else ""


def _references(host: Mapping[str, Any]) -> Iterator[str]:
    for key in ("NetworkMode", *_SHARED.values()):
        if other := _joined(host, key):
            yield other
    for entry in (*(host.get("VolumesFrom") or ()), *(host.get("Links") or ())):
        yield str(entry).partition(":")[0].lstrip("/")  # "ID:ro", and "/name:/own name/alias"


def _environment(config: Mapping[str, Any]) -> dict[str, str]:
    pairs = (str(line).partition("=") for line in config.get("Env") or ())
    return {name: value for name, _, value in pairs}

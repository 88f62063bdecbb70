"""The chain gluetun → port → torrent client, for each pair: what is well, what is broken, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from hooks.web.pages.words import LONGEST_LINE, UNKNOWN, State, cut, instant, rows

MOST_GLUETUNS, MOST_CLIENTS = 24, 12  # on the page
_KINDS = {"qbittorrent": "qBittorrent", "transmission": "Transmission", "deluge": "Deluge"}

Finding = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Node:
    """A gluetun, a port or a client."""

    kind: str
    name: str
    state: State
    since: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Link:
    """What connects two nodes; `reason` says why it is broken or not known."""

    state: State
    reason: str = ""
    since: float | None = None


@dataclass(frozen=True, slots=True)
class End:
    """A client, and the link to it."""

    link: Link
    client: Node


@dataclass(frozen=True, slots=True)
class Chain:
    """One gluetun with its port and its clients."""

    gluetun: Node
    to_port: Link
    port: Node
    ends: tuple[End, ...]
    hidden: int  # clients that are not shown

    @property
    def is_well(self) -> bool:
        """Whether nothing of it is broken."""
        states = [self.gluetun.state, self.to_port.state, *(end.link.state for end in self.ends)]
        return all(state.tone != "broken" for state in states)


def chains(snapshot: Mapping[str, Any], findings: Sequence[Finding] = ()) -> list[Chain]:
    """The chains of the runner's snapshot, broken ones first. A finding about a client says why its link is broken."""
    containers = {str(one.get("name")): one for one in rows(snapshot.get("containers"))}
    about = {str(one.get("about")): one for one in reversed(list(findings)) if one.get("severity") == "broken"}
    found = [_chain(pair, containers, about) for pair in rows(snapshot.get("pairs"))[:MOST_GLUETUNS]]
    return sorted(found, key=lambda chain: chain.is_well)


def _chain(pair: Mapping[str, Any], containers: Mapping[str, Any], about: Mapping[str, Finding]) -> Chain:
    name = cut(pair.get("gluetun"), 200)
    gluetun = _gluetun(name, containers.get(name)) if name else Node("gluetun", "none is known", UNKNOWN)
    ports = [str(one) for one in pair.get("port") or () if isinstance(one, int)]
    to_port = _to_port(gluetun, ports, pair)
    has_port = to_port.state.tone == "well"
    since = instant(pair.get("port_since"))
    port = Node("port", ", ".join(ports) or "no port", to_port.state, since)
    clients = rows(pair.get("clients"))
    ends = tuple(_end(one, containers, about, has_port=has_port) for one in clients[:MOST_CLIENTS])
    return Chain(gluetun, to_port, port, ends, max(0, len(clients) - MOST_CLIENTS))


def _gluetun(name: str, container: Mapping[str, Any] | None) -> Node:
    state, reason = _container(container)
    return Node("gluetun", name, state, reason=reason)


def _container(container: Mapping[str, Any] | None) -> tuple[State, str]:
    if container is None:
        return State("unknown", "not seen"), "Docker shows no container of this name"
    life, health = str(container.get("state") or ""), str(container.get("health") or "")
    if life and life != "running":
        return State("broken", cut(life, 40)), f"the container is {cut(life, 40)}"
    if health == "unhealthy":
        return State("broken", "unhealthy"), "its health check fails"
    if health == "starting":
        return State("risk", "starting"), "its health check has not passed yet"
    return State("well", health if health == "healthy" else "runs"), ""


def _to_port(gluetun: Node, ports: Sequence[str], pair: Mapping[str, Any]) -> Link:
    source = {"file": "read from its port file", "api": "told by its control server"}.get(str(pair.get("source")), "")
    since = instant(pair.get("port_since"))
    if gluetun.state.tone == "broken":
        return Link(State("broken", "broken"), f"{gluetun.name}: {gluetun.reason}", since)
    if pair.get("gluetun") == "":
        return Link(UNKNOWN, "no gluetun is known for these clients")
    if not ports:
        return Link(State("broken", "no port"), "gluetun has no forwarded port", since)
    return Link(State("well", "forwarded"), source, since)


def _end(client: Mapping[str, Any], containers: Mapping[str, Any], about: Mapping[str, Finding], *,
         has_port: bool) -> End:  # fmt: skip
    name, kind = cut(client.get("name"), 200), str(client.get("kind") or "")
    state, reason = _container(containers.get(name))
    if state.tone == "unknown" and containers:  # it may run on another server; it is reached by its address
        state, reason = State("plain", "not a container here"), ""
    node = Node(_KINDS.get(kind, cut(kind, 40)), name, state, reason=reason)
    return End(_link(client, node, about.get(name), has_port=has_port), node)


def _link(client: Mapping[str, Any], node: Node, finding: Finding | None, *, has_port: bool) -> Link:
    since = instant(client.get("connection_since"))
    if node.state.tone == "broken":
        return Link(State("broken", "broken"), f"{node.name}: {node.reason}", since)
    if not has_port:
        return Link(State("unknown", "waits"), "there is no port to listen on", since)
    connection = client.get("connection")
    if connection != "open" and finding is not None:
        return Link(State("broken", cut(finding.get("check"), 60)), cut(finding.get("seen"), LONGEST_LINE), since)
    if connection == "open":
        return Link(State("well", "open"), "peers reach it", since)
    if connection == "closed":
        return Link(State("broken", "closed"), "no peer reaches it on this port", since)
    return Link(UNKNOWN, "nothing shows yet whether peers reach it", since)


def sentences(chain: Chain) -> Iterator[str]:
    """The chain in words, for those who cannot see it."""
    yield f"{chain.gluetun.name} is {chain.gluetun.state.word}"
    yield f"port {chain.port.name}: {chain.to_port.state.word}"
    for end in chain.ends:
        yield f"{end.client.name}: {end.link.state.word}"

"""Containers in the network of `vpn`, as a list and an inspect show them, and how each belongs there."""

from __future__ import annotations

from handlers.containers.dependents import Link, members
from hooks.docker.container import InspectedContainer, ListedContainer
from tests.parts.docker.on_engine import composed

OLD = "0" * 64


def one(name: str, joins: str = "", *labels: str, running: bool = True) -> ListedContainer:
    """A container of a list; its id is made of its name. `labels`: its service, then what it needs."""
    mode = f"container:{joins}" if joins else "bridge"
    said = composed(labels[0], *labels[1:]) if labels else {}
    return ListedContainer(name, ident(name), labels=said, running=running, network_mode=mode)


def ident(name: str) -> str:
    return name.encode().hex().ljust(64, "0")


def here(container: ListedContainer, started_at: int = 10, **more: object) -> InspectedContainer:
    values = {slot: getattr(container, slot) for slot in ListedContainer.__dataclass_fields__}
    return InspectedContainer(**{**values, "started_at": started_at, **more})


VPN = one("vpn")


def links(
    *containers: ListedContainer, earlier: dict[str, tuple[str, ...]] | None = None, of: ListedContainer = VPN
) -> dict[str, Link]:
    return {m.listed.name: m.link for m in members(of, [of, *containers], earlier or {})}

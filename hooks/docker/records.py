"""What Docker tells of a container: in the list of all, and when it is inspected. Nothing here asks Docker."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hooks.events.jsonl import nanoseconds

DEFAULT_STOP_TIMEOUT_S = 10  # Docker's own
_GATEWAYS = ("Gateway", "IPv6Gateway")
# how Docker 20 to 28 say that a namespace could not be joined
_NOT_JOINED = ("join network", "joining network", "no such container", "is restarting, wait")


@dataclass(frozen=True, slots=True)
class Listed:
    """A container as the list of all shows it."""

    name: str
    id: str
    running: bool
    fresh: bool  # it has never been started
    network_mode: str
    labels: Mapping[str, str]

    @property
    def parent(self) -> str | None:
        """The id or name of the container whose network namespace it joins."""
        kind, _, parent = self.network_mode.partition(":")
        return parent if kind == "container" else None


@dataclass(frozen=True, slots=True)
class Seen(Listed):
    """A container as an inspect shows it. Times are ns since the Unix epoch, 0 for never."""

    paused: bool
    restarting: bool
    health: str  # "healthy", "unhealthy", "starting", or "" for no health check
    started_at: int
    finished_at: int
    exit_code: int
    error: str
    stop_timeout_s: int
    auto_remove: bool
    gateways: frozenset[str] = frozenset()  # the engine's own addresses on its networks
    addresses: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by network, IPv4 first; () when stopped

    @property
    def stranded(self) -> bool:
        """Whether it does not run because it could not join another's namespace: nobody stopped it."""
        error = self.error.lower()
        return not self.running and self.parent is not None and any(said in error for said in _NOT_JOINED)


def listed(raw: Mapping[str, Any]) -> Listed:
    """One entry of `/containers/json`. Raises what a wrong shape raises: KeyError, TypeError, ValueError, …"""
    return Listed(
        # a link of another container is listed as one more name, with two slashes
        name=min(raw["Names"], key=lambda name: name.count("/")).lstrip("/"),
        id=str(raw["Id"]),
        running=raw["State"] in ("running", "paused", "restarting"),
        fresh=raw["State"] == "created",
        network_mode=_network_mode(raw),
        labels=dict(raw.get("Labels") or {}),
    )


def seen(raw: Mapping[str, Any]) -> Seen:
    """The answer of `/containers/{id}/json`. Raises as `listed` does."""
    state, config = raw["State"], raw.get("Config") or {}
    health = (state.get("Health") or {}).get("Status") or ""
    started_at = nanoseconds(state["StartedAt"])
    networks = (raw.get("NetworkSettings") or {}).get("Networks") or {}
    return Seen(
        name=str(raw["Name"]).lstrip("/"),
        id=str(raw["Id"]),
        running=bool(state["Running"]),
        fresh=not started_at,
        network_mode=_network_mode(raw),
        labels=dict(config.get("Labels") or {}),
        paused=bool(state.get("Paused")),
        restarting=bool(state.get("Restarting")),
        health="" if health == "none" else health,
        started_at=started_at,
        finished_at=nanoseconds(state.get("FinishedAt") or ""),
        exit_code=int(state.get("ExitCode") or 0),
        error=str(state.get("Error") or ""),
        stop_timeout_s=int(config.get("StopTimeout") or DEFAULT_STOP_TIMEOUT_S),
        auto_remove=bool((raw.get("HostConfig") or {}).get("AutoRemove")),
        addresses={name: _addresses(network) for name, network in networks.items()},
        gateways=frozenset(str(network[key]) for network in networks.values() for key in _GATEWAYS if network.get(key)),
    )


def _addresses(network: Mapping[str, Any]) -> tuple[str, ...]:
    return tuple(filter(None, (network.get("IPAddress"), network.get("GlobalIPv6Address"))))


def _network_mode(raw: Mapping[str, Any]) -> str:
    return str((raw.get("HostConfig") or {}).get("NetworkMode") or "")

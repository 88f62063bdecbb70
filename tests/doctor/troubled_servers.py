"""Servers with one trouble each, as facts."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from hooks.doctor.facts.model import DockerAccess, Gluehook, HostName, Refusal, Server, WireGuard
from hooks.world.model import PortFile
from tests.parts.values.server_facts import (
    CONTAINERS,
    DEVICE,
    GLUETUN_ENV,
    NOW_S,
    PORT,
    PREFERENCES,
    QBITTORRENT,
    container,
    having,
    well,
)

GLUETUN, QB = CONTAINERS["gluetun"], CONTAINERS["qbittorrent"]


def gluetun(**environment: str) -> Server:
    return having(replace(GLUETUN, environment={**GLUETUN_ENV, **environment}))


def qbittorrent(**changed: Any) -> Server:
    return well(qbittorrent=replace(QBITTORRENT, **changed))


def preferring(**preferences: Any) -> Server:
    return qbittorrent(preferences={**PREFERENCES, **preferences})


def refused(kind: str, why: str) -> Server:
    return well(qbittorrent=Refusal(kind, why))


def acted(what: str, name: str = "gluetun", **note: Any) -> Gluehook:
    """A gluehook that notes that a rule has stopped or paused this container."""
    return Gluehook(True, ("healthy",), acts={name: {"what": what, "id": f"{name}-id", **note}})


def device(**changed: Any) -> Server:
    return well(wireguard=WireGuard((replace(DEVICE, **changed),)))


def over_tcp(*unneeded: str) -> Server:
    return well(access=DockerAccess("tcp://proxy:2375", is_socket=False, unneeded=unneeded))


def resolved(*addresses: str, error: str = "") -> Server:
    return well(names=[HostName("home.example.net", addresses, error)])


OLD = PortFile((PORT,), "", "1-1", int((NOW_S - 99_999) * 1e9))
ELSEWHERE = container("qbittorrent", network="container:gone-for-good")
HEALER = container("autoheal", image="willfarrell/autoheal", environment={"AUTOHEAL_CONTAINER_LABEL": "all"})
UNHEALTHY = replace(GLUETUN, health="unhealthy")
LABELLED = replace(GLUETUN, labels={**GLUETUN.labels, "deunhealth.restart.on.unhealthy": "true"})

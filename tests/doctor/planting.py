"""What faults on a random server have in common: what stops, and what is not reached any more."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Any

from hooks.doctor.facts.model import Gluehook, Unread
from hooks.world.model import PortFile
from tests.doctor.random_servers import Home
from tests.parts.values.server_facts import NOW_S

Plant = Callable[[Home, Random], bool]
"""Breaks something, with all that follows from it on a real server; returns whether that is possible on this one."""
EMPTY = PortFile((), "", "2-1", int((NOW_S - 900) * 1e9))
SILENT = Unread("cannot be reached: it does not answer")


def lose_network(home: Home, name: str) -> None:
    """What is in this container's network namespace is not reached any more."""
    if name == home.gluetun:
        home.facts["gluetun"] = SILENT
    if name == home.torrent or (name == home.gluetun and home.inside):
        home.facts["qbittorrent"] = SILENT
    if "adguard" in home.containers and home.containers["adguard"].parent and name == home.gluetun:
        home.set_fact("adguard", answer=Unread("did not answer in time"))


def lose_tunnel(home: Home) -> None:
    home.facts["port_file"] = EMPTY
    if "adguard" in home.containers and home.containers["adguard"].parent:
        home.set_fact("adguard", answer="SERVFAIL")
    if home.inside and home.facts["qbittorrent"].preferences["current_network_interface"]:
        home.set_fact("qbittorrent", interfaces=("lo", "eth0"), tunnel=(), listening=(), connection="disconnected")


def says_no_port(home: Home, rng: Random) -> None:
    """`gluehook health` complains after some minutes without a port."""
    if rng.random() < 0.5:
        said = "gluehook sees no valid port for 400 s although gluetun runs: see its log for why"
        home.facts["gluehook"] = Gluehook(False, (said,))


def stop(home: Home, name: str, *, killed: bool = False) -> None:
    code = 137 if killed else 0
    home.change(name, running=False, exit_code=code, finished_at=int((NOW_S - 300) * 1e9))
    if name == home.gluetun and not killed:
        home.facts["port_file"] = EMPTY
    lose_network(home, name)


def fact(name: str, value: Any, home: Home, _: Random) -> bool:
    """A fact of the server is this one."""
    home.facts[name] = value
    return True


def preference(name: str, value: Any, home: Home, _: Random) -> bool:
    home.set_fact("qbittorrent", preferences={**home.facts["qbittorrent"].preferences, name: value})
    return True

"""Faults of WireGuard and of the DNS server of its peers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from random import Random
from typing import Any

from hooks.doctor.facts.model import HostName, Unread, WireGuard
from tests.doctor.random_servers import Home


def wireguard(changed: Mapping[str, Any], home: Home, _: Random) -> bool:
    if "wireguard" not in home.facts:
        return False
    seen: WireGuard = home.facts["wireguard"]
    first = replace(seen.devices[0], **changed.get("device", {}))
    home.set_fact("wireguard", devices=(first, *seen.devices[1:]), **changed.get("folder", {}))
    return True


def keys_are_logged(home: Home, _: Random) -> bool:
    if "wireguard" not in home.containers:
        return False
    home.change("wireguard", environment={})
    return True


def no_network_in_common(home: Home, _: Random) -> bool:
    if "wireguard" not in home.containers or home.containers["adguard"].parent:
        return False
    home.change("wireguard", addresses={"another": ("172.20.0.2",)})
    return True


def dns_fails(home: Home, rng: Random) -> bool:
    if "adguard" not in home.containers:
        return False
    home.set_fact("adguard", answer=rng.choice(["SERVFAIL", "REFUSED", Unread("did not answer in time")]))
    return True


def names_are(names: tuple[HostName, ...], home: Home, _: Random) -> bool:
    if "wireguard" not in home.facts:
        return False
    home.facts["names"] = names
    return True

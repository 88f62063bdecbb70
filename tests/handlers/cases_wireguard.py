"""The contract's cases for WireGuard: a folder as linuxserver/wireguard makes it, and an engine with its container."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from handlers.wireguard.set_dns_forward import ForwardArgs, SetDnsForward
from hooks.config.settings import Settings
from tests.handlers.cases_general import BEFORE, ID, NEVER, OneContainer, docker_at, engine_of
from tests.handlers.contract import CASES, Case, Fine
from tests.parts.targets.wireguard_folder import make_folder


def on_network(address: str, network: str = "home") -> str:
    """An inspection of the container `box` with this address."""
    state = {"Running": True, "StartedAt": BEFORE, "FinishedAt": NEVER, "ExitCode": 0}
    networks = {network: {"IPAddress": address, "GlobalIPv6Address": ""}}
    shown = {"Id": ID, "Name": "/box", "State": state, "HostConfig": {"NetworkMode": network}}
    return json.dumps({**shown, "NetworkSettings": {"Networks": networks}})


def contents(folder: Path) -> dict[str, tuple[bytes, int]]:
    """Every file with its text and its time."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): (path.read_bytes(), path.stat().st_mtime_ns) for path in files}


def _folder(address: str) -> Path:
    return Path(address.removeprefix("unix://")).parent


def settings(address: str) -> Settings:
    return Settings(wireguard_dir=str(_folder(address)), wireguard_container="box")


def _server(folder: Path, one: OneContainer) -> Callable[[], Sequence[str]]:
    before = contents(folder)
    return lambda: [
        *one.writes,
        *(f"{name} {seen[1]}" for name, seen in contents(folder).items() if before.get(name) != seen),
    ]


@contextmanager
def _fine(folder: Path) -> Iterator[Fine]:
    one = OneContainer(raw=on_network("172.18.0.15"))
    make_folder(folder, ["phone", "laptop"])
    writes = _server(folder, one)
    with engine_of(one, folder) as address:
        yield Fine(address, writes)


_engine: dict[str, Any] = {"settings": settings, "docker": docker_at, "unix": True}

CASES += [
    Case(RegeneratePeers, lambda _: RegenerateArgs(dns_of="box"), _fine, **_engine),
    Case(
        RegeneratePeers, lambda _: RegenerateArgs(dns_of="box", port=443, home_ssids=["home"]), _fine,
        label="with profiles", **_engine,
    ),
    Case(SetDnsForward, lambda _: ForwardArgs(dns_of="box"), _fine, **_engine),
]  # fmt: skip

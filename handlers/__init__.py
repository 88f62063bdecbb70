"""One module per target, and the table of all handlers: a rule's `use` is a name of it.

Seam: `HANDLERS`, `POLLS`, `PORT_READERS`.
May import: events, storage, threads, images, config, world, pairs, docker, handler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Any, Generic, TypeVar

from hooks.handler import Handler, Poll, PortReader

T = TypeVar("T")


class Lazy(Mapping[str, T], Generic[T]):
    """Loads a handler's module at its first use: a server whose rules use one handler pays for one."""

    def __init__(self, where: Mapping[str, str]) -> None:
        self._where = where

    def __getitem__(self, name: str) -> T:
        module, attribute = self._where[name].split(":")
        loaded = import_module(f"handlers.{module}")
        if not hasattr(loaded, attribute):
            raise LookupError(
                f"handlers/__init__.py: '{name}' names the class {attribute}, which {module} does not have"
            )
        found: T = getattr(loaded, attribute)
        return found

    def __contains__(self, name: object) -> bool:
        return name in self._where

    def __iter__(self) -> Iterator[str]:
        return iter(self._where)

    def __len__(self) -> int:
        return len(self._where)


HANDLERS: Mapping[str, type[Handler[Any]]] = Lazy({
    name: f"{name}:{handler}"
    for name, handler in {  # the name in a rule's `use` is the module's path: its class
        "client.set_port": "SetPort",
        "qbittorrent.set_port": "SetPort",
        "transmission.set_port": "SetPort",
        "deluge.set_port": "SetPort",
        "gluetun.restart_vpn": "RestartVpn",
        "gluetun.stop_vpn": "StopVpn",
        "gluetun.start_vpn": "StartVpn",
        "containers.restart": "Restart",
        "containers.start": "Start",
        "containers.stop": "Stop",
        "containers.pause": "Pause",
        "containers.unpause": "Unpause",
        "containers.signal": "Signal",
        "containers.run": "Run",
        "containers.exec": "Exec",
        "containers.rejoin": "Rejoin",
        "command.run": "Run",
        "webhook.post": "Post",
        "notify.send": "Send",
        "wireguard.regenerate_peers": "RegeneratePeers",
        "wireguard.set_dns_forward": "SetDnsForward",
    }.items()
})  # fmt: skip
"""Every handler that a rule may name. docs/add-a-handler.md shows how one is added."""

POLLS: Mapping[str, Poll] = Lazy({
    "wireguard": "wireguard.watch:states",
    "qbittorrent": "qbittorrent.reachability:states",
})  # fmt: skip
"""What has to be polled, because no event reports it, by the source of its events."""

PORT_READERS: Mapping[str, Callable[[], PortReader]] = Lazy({"gluetun": "gluetun.forwarded_port:ForwardedPort"})
"""What reads the forwarded port where there is no port file, by the program that forwards it."""

"""The doctor's diagnosis: every check over the facts of one server.

`gluehook doctor` calls `examine` with what `hooks.doctor.facts.collect` has read; docs/generate.py lists `CHECKS` in
docs/doctor.md. A check is registered by standing in a module of `_MODULES`: nothing else names it.

Guaranteed: `examine` is pure and asks nothing; the findings come in the order of `_MODULES`, and within a module in the
order of its checks, so that the cause of a trouble stands before its consequences (Docker, gluehook, the tunnel, the
port, qBittorrent, the namespace, WireGuard). The order is part of what users see; a test pins it.
"""

from __future__ import annotations

from hooks.doctor.checks import (
    control_server,
    docker,
    gluehook,
    gluetun,
    in_its_place,
    namespace,
    pia,
    port_file,
    qbittorrent,
    web_ui,
    wireguard,
)
from hooks.doctor.checks.check import Check, Finding
from hooks.doctor.facts.model import Server

_MODULES = (
    docker, gluehook, pia, gluetun, port_file, control_server, in_its_place, web_ui, qbittorrent, namespace, wireguard,
)  # fmt: skip
CHECKS = tuple(check for module in _MODULES for check in vars(module).values() if isinstance(check, Check))


def examine(server: Server) -> list[Finding]:
    """Everything that is wrong, in the order of `CHECKS`."""
    return [finding for check in CHECKS for finding in check.findings(server)]

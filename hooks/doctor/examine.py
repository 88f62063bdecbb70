"""The doctor's diagnosis: every check over the facts of one server.

`gluehook doctor` calls `examine` with what `hooks.doctor.facts.collect` has read; docs/generate.py lists `CHECKS` in
docs/doctor.md. A check is registered by standing in a module of `_MODULES`: nothing else names it.

Guaranteed: `examine` is pure and asks nothing. Each finding stands under its cause, where that was found as well
(hooks/doctor/causes.py). The order is the one in which to mend things: what is broken before what is a risk, and then
the order of `_MODULES` and of the checks in a module, so that a cause stands before its consequences. The order is part
of what users see; a test pins it.
"""

from __future__ import annotations

from dataclasses import replace

from hooks.doctor.causes import arrange
from hooks.doctor.checks import (
    containers,
    control_server,
    docker,
    gluehook,
    gluetun,
    in_its_place,
    namespace,
    pia,
    port_file,
    port_settings,
    qbittorrent,
    web_ui,
    wireguard,
)
from hooks.doctor.checks.check import Check, Finding
from hooks.doctor.facts.model import Server

_MODULES = (
    docker, gluehook, pia, containers, namespace, gluetun, control_server, in_its_place, port_file, web_ui,
    port_settings, qbittorrent, wireguard,
)  # fmt: skip
CHECKS = tuple(check for module in _MODULES for check in vars(module).values() if isinstance(check, Check))


def examine(server: Server) -> list[Finding]:
    """Everything that is wrong, in the order in which to mend it, consequences under their cause."""
    pairs = (server, *server.others)
    found = dict.fromkeys(finding for check in CHECKS for one in pairs for finding in check.findings(one))
    return arrange(server, [_named(one) if server.others else one for one in found], CHECKS)


def _named(found: Finding) -> Finding:
    """The finding with the container that it is about: of several pairs nothing else would say which one it is."""
    if not found.about or found.about in found.seen:
        return found
    return replace(found, seen=f"'{found.about}': {found.seen}")

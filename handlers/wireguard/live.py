"""The running interface: which peers it accepts, when each was last heard, and from where.

Never a command that prints a private key: `wg show IF dump` and `wg showconf` do. What `wg` complains about may quote
one, so keys are hidden in it.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_network
from typing import Any

from handlers.shared import docker_exec
from handlers.shared.output import cut
from handlers.wireguard.conf import Conf, without_keys
from hooks.handler import GiveUp, Retry

Inside = Callable[[Sequence[str]], tuple[int, str]]
"""Runs a command where the interface lives: its exit code, and what it said."""

_TABLES = ("allowed-ips", "endpoints", "latest-handshakes")
_BETWEEN = "--"
_NO_PROGRAM = "not found"  # no exit code: a container that just stops also answers 126


@dataclass(frozen=True, slots=True)
class LivePeer:
    """A peer as the interface knows it now."""

    public_key: str
    endpoint: str  # "203.0.113.7:51820", "" before the first handshake
    handshake_s: int  # of the last one, in seconds since the Unix epoch; 0 for never
    allowed_ips: tuple[str, ...]


def inside(client: Any, container_id: str, *, left: Callable[[], float], wait: Callable[[float], object]) -> Inside:
    """Commands in this container, by `client` (a `docker.APIClient`), for as long as time is `left` in seconds."""

    def run(command: Sequence[str]) -> tuple[int, str]:
        said = bytearray()
        code = docker_exec.run(client, container_id, command, said.extend, left=left, wait=wait)
        if code is None:
            raise Retry(f"'{command[0]}' in WireGuard's container was not done in time; it may still run inside")
        return code, said.decode(errors="replace")

    return run


def read_peers(run: Inside, interface: str) -> dict[str, LivePeer]:
    """Every peer of the interface, by public key. Raises Retry, or GiveUp where there is no `wg`."""
    # one command instead of three: each takes Docker a tenth of a second
    script = f'for what in {" ".join(_TABLES)}; do wg show "$0" $what || exit; echo {_BETWEEN}; done'
    said = _said(run, ["sh", "-c", script, interface], "wg show")
    allowed, endpoints, handshakes = map(_table, said.split(f"{_BETWEEN}\n")[: len(_TABLES)])
    return {
        key: LivePeer(key, _known(endpoints.get(key)), int(handshakes.get(key) or 0), tuple(_known(ips).split()))
        for key, ips in allowed.items()
    }


def synchronise(run: Inside, interface: str, path: str | None = None) -> None:
    """Bring the interface up to date with its file, without disconnecting any peer (wg-quick(8)).

    `path` is where the file lies in there; None: where `wg-quick` reads. Raises Retry, or GiveUp.
    """
    # Two steps: after a failed strip, wg would take the empty text and accept no peer. printf is the shell's own and
    # the text goes through a pipe, so that its keys are on no command line and in no other file.
    strip, sync = f"wg-quick strip {shlex.quote(path or interface)}", f"wg syncconf {shlex.quote(interface)}"
    _said(run, ["bash", "-c", f"conf=$({strip}) && {sync} <(printf '%s\\n' \"$conf\")"], "wg syncconf")


def serve(run: Inside, interface: str, server: Conf) -> bool:
    """Accept the peers of the server's file, without disconnecting any; returns whether that was a change.

    Reads, compares, acts, reads back. Raises Retry, or GiveUp where the container is none of WireGuard's.
    """
    wanted = {str(entry.get("PublicKey")): _networks(entry.values("AllowedIPs")) for entry in server.peers}
    before = read_peers(run, interface)
    if _let_in(before) == wanted:
        return False
    synchronise(run, interface)
    fresh = sorted(net for key, nets in wanted.items() for net in nets - _let_in(before).get(key, set()))
    # a default route is not led anywhere: only wg-quick knows how to do that without locking itself out
    add_routes(run, interface, (net for net in fresh if not net.endswith("/0")), server.interface.get("Table"))
    after = read_peers(run, interface)
    if _let_in(after) != wanted:
        raise Retry(
            f"WireGuard's {interface} took its new file and accepts other peers than the file has; check its log"
        )
    if any(after[key].handshake_s < before[key].handshake_s for key in before.keys() & after.keys()):
        raise Retry(f"WireGuard's {interface} took its new file and lost sessions; devices connect anew by themselves")
    return True


def add_routes(run: Inside, interface: str, networks: Iterable[str], table: str | None = None) -> None:
    """Lead these networks to the interface, as `wg-quick up` does and `wg syncconf` does not. Raises Retry, GiveUp.

    `table` is the file's own word: None and "auto" for the usual one, "off" for no routes at all.
    """
    where = ["table", table] if table and table.lower() != "auto" else []
    for network in networks if table is None or table.lower() != "off" else ():
        family = "-6" if ":" in network else "-4"
        _said(run, ["ip", family, "route", "replace", network, "dev", interface, *where], "ip route")


def _let_in(peers: Mapping[str, LivePeer]) -> dict[str, set[str]]:
    return {key: _networks(peer.allowed_ips) for key, peer in peers.items()}


def _networks(values: Iterable[str]) -> set[str]:
    return {str(ip_network(value, strict=False)) for value in values}


def _said(run: Inside, command: Sequence[str], program: str) -> str:
    code, said = run(command)
    if code == 0:
        return said
    what = f"'{program}' failed in WireGuard's container (exit code {code}): {cut(without_keys(said))}"
    if _NO_PROGRAM in said:
        raise GiveUp(f"{what}; is it an image with wireguard-tools?")
    raise Retry(what)


def _table(text: str) -> Mapping[str, str]:
    rows = (line.partition("\t") for line in text.splitlines())
    return {key: value.strip() for key, _, value in rows if value}


def _known(value: str | None) -> str:
    return "" if value in (None, "(none)") else str(value)

"""`transmission.set_port`: sets Transmission's peer port to the port that gluetun forwards.

It reads three settings, sets the peer port with "random port on start" and UPnP off if they differ, and reads them
back. Transmission then announces the port to the trackers itself. It listens on all addresses, or on one of them by its
number, so that its socket outlives a new tun0 (3.00 and 4.1, measured). But the public address may be another one, so
that the trackers are told anew after gluetun wrote its port again.
Transmission checks no value: -1 and 65536 become other ports, so both are refused here. It also stores a port on which
it cannot listen, and no call of its own says so (`port-test` asks a service on the Internet), so that "is set to" is
all that is known. 3.00 moves its TCP port only: µTP stays on the port of its start.
Skipped without a port, and while the container is known not to run. rpc.py has the session and the errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.shared.desired_port import DesiredPort
from handlers.shared.set_port import SetPortOf
from handlers.transmission.rpc import Rpc, Sessions
from hooks.handler import Context, Outcome, Retry

_PORT = "peer-port"
# Both would let Transmission choose or advertise another port than gluetun's.
_OFF = {"peer-port-random-on-start": "random port", "port-forwarding-enabled": "UPnP"}


@dataclass(frozen=True, slots=True)
class SetPortArgs:
    """Arguments of `transmission.set_port`."""

    url: str | None = field(default=None, metadata={"says": "its address; default TRANSMISSION_URL"})
    container: str | None = field(default=None, metadata={"says": "its container; default TRANSMISSION_CONTAINER"})
    port: int | None = field(default=None, metadata={"says": "1 to 65535; default the port gluetun forwards now"})


class SetPort(SetPortOf[SetPortArgs]):
    """Read the settings, set what differs, read back; reannounce to the trackers after gluetun wrote the port again."""

    name = "transmission.set_port"
    says = "sets Transmission's peer port to the forwarded port, with random port and UPnP off"
    kind = "transmission"
    Args = SetPortArgs

    def __init__(self) -> None:
        self._sessions = Sessions()

    def _plan(self, desired: DesiredPort, ctx: Context) -> str | None:
        found = _read(self._sessions.of(desired.client, ctx), ctx)
        if found[_PORT] != desired.port:
            return f"{desired.who} would be set to {desired.port} instead of {found[_PORT]}"
        if wrong := _wrong(found):
            return f"{desired.who} would switch {wrong} off"
        again = f"{desired.who} would reannounce to the trackers, as the tunnel may be a new one"
        return again if desired.is_written_anew(ctx) else None

    def _apply(self, desired: DesiredPort, ctx: Context) -> Outcome:
        rpc = self._sessions.of(desired.client, ctx)
        before = _read(rpc, ctx)
        on = "".join(f", {name} is on" for name in _OFF if before[name])
        ctx.saw(f"{desired.who}: {_PORT} is {before[_PORT]}{on}")
        if _is_set(before, desired):
            return _announced(rpc, desired, ctx)
        rpc.set_settings(ctx, {_PORT: desired.port, **dict.fromkeys(_OFF, False)})
        found = _read(rpc, ctx)
        if not _is_set(found, desired):
            raise Retry(
                f"{desired.who} was set to {desired.port} and shows {found[_PORT]}; does another tool write its port, "
                "too? It is tried again"
            )
        desired.remember(ctx)
        said = f"{desired.who} is set to {desired.port}"
        if before[_PORT] == desired.port:
            return Outcome("changed", f"{said}, now without {_wrong(before)}")
        return Outcome("changed", f"{said} (before: {before[_PORT]})")


def _read(rpc: Rpc, ctx: Context) -> dict[str, Any]:
    return rpc.settings(ctx, _PORT, *_OFF)


def _wrong(found: dict[str, Any]) -> str:
    return " and ".join(said for name, said in _OFF.items() if found[name])


def _is_set(found: dict[str, Any], desired: DesiredPort) -> bool:
    return found[_PORT] == desired.port and not _wrong(found)


def _announced(rpc: Rpc, desired: DesiredPort, ctx: Context) -> Outcome:
    if not desired.is_written_anew(ctx):
        return Outcome("unchanged", f"{desired.who} is set to {desired.port} already; nothing to do")
    rpc.reannounce(ctx)
    desired.remember(ctx)
    said = (
        f"{desired.who} is set to {desired.port} already; reannounced to the trackers, as gluetun wrote that port anew"
    )
    return Outcome("changed", said)

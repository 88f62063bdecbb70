"""`qbittorrent.set_port`: sets qBittorrent's listening port to the port that gluetun forwards.

The shipped rule forward-port calls it for each `port.forwarded`, when qBittorrent starts, and every five minutes.
It reads the preferences, sets `listen_port` with random port and UPnP off if they differ, and reads them back.
qBittorrent takes the value that it has as a no-op. But after gluetun wrote its port file again, tun0 may be new, and
then qBittorrent must open its listener again: so another port is set first, then the right one ("re-listen"). The
file's generation that was last applied is kept in memory, and is saved last, so that an attempt that was cut off is
repeated.
A port that is only stored is no success: listening.py says how it is known whether qBittorrent listens. Where nothing
listens on a port that is set already, it is made to listen anew as well.
qBittorrent checks no value: -1 and 65536 answer 200 and end the listener, so both are refused here.
Skipped without a port, and while the container is known not to run. web_api.py has the session and the errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.qbittorrent import listening
from handlers.qbittorrent.web_api import Session, Sessions
from handlers.shared.desired_port import DesiredPort
from handlers.shared.set_port import SetPortOf
from hooks.handler import Context, Outcome, Retry

# Both would let qBittorrent choose or advertise another port than gluetun's.
_OFF = {"random_port": False, "upnp": False}
_PAUSE_S = 1.5  # only after a read-back has failed


@dataclass(frozen=True, slots=True)
class SetPortArgs:
    """Arguments of `qbittorrent.set_port`."""

    url: str | None = field(default=None, metadata={"says": "the Web UI's address; default QBITTORRENT_URL"})
    container: str | None = field(default=None, metadata={"says": "its container; default QBITTORRENT_CONTAINER"})
    port: int | None = field(default=None, metadata={"says": "1 to 65535; default the port gluetun forwards now"})
    relisten: bool = field(
        default=False, metadata={"says": "make it listen anew each time, also where the port is set and it listens"}
    )


class SetPort(SetPortOf[SetPortArgs]):
    """Read the preferences, set what differs, read back, reannounce to the trackers."""

    name = "qbittorrent.set_port"
    says = "sets qBittorrent's listening port to the forwarded port; again when gluetun wrote the port again"
    kind = "qbittorrent"
    Args = SetPortArgs

    def __init__(self) -> None:
        self._sessions = Sessions()

    def _plan(self, desired: DesiredPort, ctx: Context) -> str | None:
        session = self._sessions.of(desired.client, ctx)
        difference = _difference(desired, session.preferences(ctx), ctx)
        if difference is None and desired.relisten:
            return f"{desired.who} would be made to listen on {desired.port} anew, as the rule asks for it"
        if difference is None and listening.status_of(session, ctx) == "disconnected":
            return f"{desired.who} would be made to listen on {desired.port} anew, as nothing listens there"
        return difference

    def _apply(self, desired: DesiredPort, ctx: Context) -> Outcome:
        session = self._sessions.of(desired.client, ctx)
        before = session.preferences(ctx)
        ctx.saw(_seen(desired, before, ctx))
        lost = _difference(desired, before, ctx) is None
        if lost and not desired.relisten and listening.status_of(session, ctx) != "disconnected":
            return Outcome("unchanged", f"{desired.who} is set to {desired.port} already; nothing to do")
        why = _reason_to_relisten(desired, before, ctx, lost=lost, asked=desired.relisten)
        found = _listen(session, desired, ctx, relisten=bool(why))
        if lost:  # its status may still be the one from between the two ports
            ctx.wait(listening.LATE_S)
        status = _listening_status(session, desired, found, ctx)
        announced = session.reannounce(ctx)
        said = _sentence(desired, before, why, is_proven=status in ("connected", "firewalled"))
        desired.remember(ctx)
        return Outcome("changed", said + _to_whom(before, announced=announced, status=status))


def _seen(desired: DesiredPort, found: dict[str, Any], ctx: Context) -> str:
    on = "".join(f", {name} is on" for name in _OFF if found.get(name))
    anew = ", and gluetun has written the port since" if desired.is_written_anew(ctx) else ""
    return f"{desired.who}: listen_port is {found['listen_port']}{on}{anew}"


def _difference(desired: DesiredPort, found: dict[str, Any], ctx: Context) -> str | None:
    """What is to be done, as a sentence, or None."""
    if found["listen_port"] != desired.port:
        return f"{desired.who} would listen on {desired.port} instead of {found['listen_port']}"
    if desired.is_written_anew(ctx):
        return f"{desired.who} would be made to listen on {desired.port} anew, as the tunnel may be a new one"
    wrong = [name for name in _OFF if found.get(name)]
    return f"{desired.who} would switch {' and '.join(wrong)} off" if wrong else None


def _listen(session: Session, desired: DesiredPort, ctx: Context, *, relisten: bool) -> dict[str, Any]:
    """Set the port, and answer the preferences as they are then."""
    _set(session, desired, ctx, relisten=relisten)
    found = session.preferences(ctx)
    if relisten and not _is_set(found, desired):
        ctx.wait(_PAUSE_S)
        _set(session, desired, ctx, relisten=True)
        found = session.preferences(ctx)
    if not _is_set(found, desired):
        raise Retry(
            f"{desired.who} was set to {desired.port} and shows {found['listen_port']}; does another tool write its "
            "port, too? It is tried again"
        )
    return found


def _listening_status(session: Session, desired: DesiredPort, found: dict[str, Any], ctx: Context) -> str:
    """The connection status. Raises Retry or GiveUp where the port is only stored."""
    stored = f"{desired.who} is set to {desired.port}, but nothing listens there"
    if why := listening.reason(session, found, stored, ctx):
        raise why
    status = listening.status_of(session, ctx)
    if status == "disconnected":
        raise Retry(f"{stored} (does another program use that port?); it is tried again")
    return status


def _set(session: Session, desired: DesiredPort, ctx: Context, *, relisten: bool) -> None:
    if relisten:
        session.set_preferences(ctx, listen_port=desired.port - 1 or 2, **_OFF)
    session.set_preferences(ctx, listen_port=desired.port, **_OFF)


def _is_set(found: dict[str, Any], desired: DesiredPort) -> bool:
    return found["listen_port"] == desired.port and not any(found.get(name) for name in _OFF)


def _reason_to_relisten(
    desired: DesiredPort, before: dict[str, Any], ctx: Context, *, lost: bool, asked: bool
) -> str:  # fmt: skip
    """Why the port that is set already must be set anew, "" where it need not be."""
    if before["listen_port"] != desired.port:
        return ""
    if desired.is_written_anew(ctx):
        return "gluetun wrote that port anew"
    if asked:
        return "the rule asks for it"
    return "nothing listened there" if lost else ""


def _sentence(desired: DesiredPort, before: dict[str, Any], why: str, *, is_proven: bool) -> str:
    listens = f"{desired.who} {'listens on' if is_proven else 'is set to'} {desired.port}"
    if why:
        return f"{listens} anew, as {why}"
    if before["listen_port"] == desired.port:
        return f"{listens}, now without random port and UPnP"
    return f"{listens} (before: {before['listen_port']})"


def _to_whom(before: dict[str, Any], *, announced: bool, status: str) -> str:
    said = (
        f"; reannounced to the trackers; connection status {status}" if announced else f"; connection status {status}"
    )
    if status == "firewalled" and not before.get("current_interface_address"):
        # "all addresses" skips an IPv4-only tun0: qBittorrent#24854
        said += " (should that stay so, choose 'All IPv4 addresses' in its advanced options)"
    return said

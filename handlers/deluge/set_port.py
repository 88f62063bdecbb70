"""`deluge.set_port`: sets Deluge's listening port to the port that gluetun forwards.

It reads the configuration and the port on which Deluge really listens, sets `listen_ports` with random port, UPnP and
NAT-PMP off if they differ, and reads both again. A Web UI that is not connected to its daemon is connected first.
Deluge takes the value that it has as a no-op. But libtorrent listens on each network interface by itself: when tun0 is
made anew, its socket stays with the one that is gone, while Deluge still names the port (2.0.3, measured; 2.2.0 mends
that by itself). So after gluetun wrote its port file again, another port is set first, then the right one
("re-listen"), as for qBittorrent.
Skipped without a port, and while the container is known not to run. web_api.py has the session and the errors.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from handlers.deluge.web_api import NotConnected, Sessions, WebUi
from handlers.shared.desired_port import DesiredPort
from handlers.shared.set_port import SetPortOf
from hooks.handler import Context, Outcome, Retry

_PORTS = "listen_ports"
# All would let Deluge choose or advertise another port than gluetun's.
_OFF = {"random_port": "random port", "upnp": "UPnP", "natpmp": "NAT-PMP"}
_POLL_S, _POLLS = 0.25, 8  # it binds a moment after its answer


@dataclass(frozen=True, slots=True)
class SetPortArgs:
    """Arguments of `deluge.set_port`."""

    url: str | None = field(default=None, metadata={"says": "the Web UI's address; default DELUGE_URL"})
    container: str | None = field(default=None, metadata={"says": "its container; default DELUGE_CONTAINER"})
    port: int | None = field(default=None, metadata={"says": "1 to 65535; default the port gluetun forwards now"})


class SetPort(SetPortOf[SetPortArgs]):
    """Read the configuration, set what differs, read back and ask where it listens, reannounce to the trackers."""

    name = "deluge.set_port"
    says = "sets Deluge's listening port to the forwarded port; again when gluetun wrote the port again"
    kind = "deluge"
    Args = SetPortArgs

    def __init__(self) -> None:
        self._sessions = Sessions()

    def _plan(self, desired: DesiredPort, ctx: Context) -> str | None:
        web = self._sessions.of(desired.client, ctx)
        try:
            now = _read(web, ctx)
        except NotConnected:
            return f"{desired.who} would be connected to its daemon and set to {desired.port}"
        if not now.has(desired.port):
            return f"{desired.who} would be set to {desired.port} instead of {now.other_than(desired.port)}"
        if now.wrong:
            return f"{desired.who} would switch {now.wrong} off"
        why = _why_anew(desired, now, ctx)
        return f"{desired.who} would be made to listen on {desired.port} anew, as {why}" if why else None

    def _apply(self, desired: DesiredPort, ctx: Context) -> Outcome:
        web = self._sessions.of(desired.client, ctx)
        before, connected = _read_connected(web, ctx)
        on = f", with {before.wrong} on" if before.wrong else ""
        ctx.saw(f"{desired.who}: {_PORTS} is {list(before.ports)}{on}; it listens on {before.listens or 'no port'}")
        is_set, why = before.has(desired.port), _why_anew(desired, before, ctx)
        if is_set and not why and not before.wrong:
            said = f"{desired.who} listens on {desired.port} already"
            return Outcome("changed", said + connected) if connected else Outcome("unchanged", f"{said}; nothing to do")
        if is_set and why:
            _set(web, desired.port - 1 or 2, ctx)
        _set(web, desired.port, ctx)
        _prove(web, desired, ctx)
        announced = "; reannounced to the trackers" if web.reannounce(ctx) else ""
        desired.remember(ctx)
        return Outcome("changed", f"{_sentence(desired, before, why)}{announced}{connected}")


@dataclass(frozen=True, slots=True)
class _Reading:
    """What Deluge answered at one instant."""

    ports: tuple[int, ...]
    listens: int
    wrong: str  # what has to be switched off, in words
    interface: str

    def has(self, port: int) -> bool:
        """Whether this very port is set, whatever it listens on."""
        return self.ports == (port, port)

    def other_than(self, port: int) -> str:
        """Where it listens, or what is set where it listens on this port by chance: the one set was in use."""
        return str(self.ports[0] if self.listens == port and self.ports else self)

    def __str__(self) -> str:
        return str(self.listens or (self.ports[0] if self.ports else "none"))


def _read(web: WebUi, ctx: Context) -> _Reading:
    found = web.config(ctx, _PORTS, "listen_interface", *_OFF)
    ports = tuple(found[_PORTS]) if isinstance(found[_PORTS], list) else ()
    wrong = " and ".join(said for name, said in _OFF.items() if found[name])
    return _Reading(ports, web.listen_port(ctx), wrong, str(found["listen_interface"] or ""))


def _read_connected(web: WebUi, ctx: Context) -> tuple[_Reading, str]:
    """The reading, and the end of a sentence where the Web UI had to be connected for it."""
    try:
        return _read(web, ctx), ""
    except NotConnected:
        daemon = web.connect(ctx)
    return _read(web, ctx), f"; its Web UI was connected to no daemon, and now is to {daemon}"


def _why_anew(desired: DesiredPort, now: _Reading, ctx: Context) -> str:
    """Why it has to listen anew although the port is set, "" if it does not."""
    if desired.is_written_anew(ctx):
        return "gluetun wrote that port anew"
    return "" if now.listens == desired.port else "nothing listened there"


def _set(web: WebUi, port: int, ctx: Context) -> None:
    web.set_config(ctx, {**dict.fromkeys(_OFF, False), _PORTS: [port, port]})


def _prove(web: WebUi, desired: DesiredPort, ctx: Context) -> None:
    """Return once it has the port and listens there. Raises Retry if it does not."""
    found = _read(web, ctx)
    for _ in range(_POLLS):
        if (found.has(desired.port) and found.listens == desired.port) or ctx.left() <= 2 * _POLL_S:
            break
        ctx.wait(_POLL_S)
        found = _read(web, ctx)
    if not found.has(desired.port) or found.wrong:
        raise Retry(
            f"{desired.who} was set to {desired.port} and shows {found}; does another tool write its port, too, or are "
            "its settings read-only? It is tried again"
        )
    if found.listens != desired.port:
        where = f"listens on {found.listens} instead" if found.listens else "nothing listens there"
        is_gone = found.interface and not found.listens  # where it listens on another port, its interface is there
        cause = (
            f"it is bound to {found.interface}; is that there?" if is_gone else "does another program use that port?"
        )
        raise Retry(f"{desired.who} is set to {desired.port}, but {where} ({cause}); it is tried again")


def _sentence(desired: DesiredPort, before: _Reading, why: str) -> str:
    said = f"{desired.who} listens on {desired.port}"
    if not before.has(desired.port):
        return f"{said} (before: {before.other_than(desired.port)})"
    return f"{said} anew, as {why}" if why else f"{said}, now without {before.wrong}"

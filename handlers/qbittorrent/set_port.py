"""qBittorrent listens on the port that gluetun forwards, and listens anew when the tunnel under it is new."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from handlers.qbittorrent.web_api import Session, Sessions
from handlers.shared.http import address, shown
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry

# Both would let qBittorrent choose or advertise another port than gluetun's.
_OFF = {"random_port": False, "upnp": False}
_PAUSE_S = 1.5  # only after a read-back has failed


@dataclass(frozen=True, slots=True)
class SetPortArgs:
    """Arguments of `qbittorrent.set_port`."""

    url: str | None = field(default=None, metadata={"says": "the Web UI's address; default QBITTORRENT_URL"})
    container: str | None = field(default=None, metadata={"says": "its container; default QBITTORRENT_CONTAINER"})
    port: int | None = field(default=None, metadata={"says": "1 to 65535; default the port gluetun forwards now"})


@dataclass(frozen=True, slots=True)
class _Aim:
    """What shall be so, and where."""

    url: str
    port: int
    generation: str  # of the port file; "" without one

    @property
    def who(self) -> str:
        return f"qBittorrent at {shown(self.url)}"

    @property
    def memory_key(self) -> str:
        return f"qbittorrent.applied:{shown(self.url)}"

    @property
    def applied(self) -> dict[str, Any]:
        return {"generation": self.generation, "port": self.port}


class SetPort(Handler[SetPortArgs]):
    """Look at the preferences, set what differs, read back, tell the trackers."""

    name = "qbittorrent.set_port"
    says = "qBittorrent listens on the forwarded port; anew when gluetun wrote the port anew"
    Args = SetPortArgs
    reconciles = True
    uses_port = True

    def __init__(self) -> None:
        self._sessions = Sessions()

    def targets(self, args: SetPortArgs, settings: Settings) -> tuple[str, ...]:
        """The container and the Web UI's address."""
        return f"container:{_container(args, settings)}", shown(args.url or settings.qbittorrent_url)

    def plan(self, args: SetPortArgs, ctx: Context) -> str | None:
        """What `apply` would set."""
        aim = _aim(args, ctx)
        if isinstance(aim, Outcome):
            return None
        return _difference(aim, self._session(aim, args, ctx).preferences(ctx), ctx)

    def apply(self, args: SetPortArgs, ctx: Context) -> Outcome:
        """Make it so. Skipped without a port, or while the container is known not to run."""
        aim = _aim(args, ctx)
        if isinstance(aim, Outcome):
            return aim
        session = self._session(aim, args, ctx)
        before = session.preferences(ctx)
        if _difference(aim, before, ctx) is None:
            return Outcome("unchanged", f"{aim.who} listens on {aim.port} already; nothing to do")
        relisten = before["listen_port"] == aim.port and _written_anew(aim, ctx)
        _listen(session, aim, ctx, relisten=relisten)
        session.reannounce(ctx)
        # last: an attempt that broke off before this is repeated as a whole
        ctx.memory.put(aim.memory_key, aim.applied)
        return Outcome("changed", _said(aim, before, relisten=relisten, status=session.connection_status(ctx)))

    def _session(self, aim: _Aim, args: SetPortArgs, ctx: Context) -> Session:
        return self._sessions.of(aim.url, _container(args, ctx.settings), ctx)


def _container(args: SetPortArgs, settings: Settings) -> str:
    return args.container or settings.qbittorrent_container


def _aim(args: SetPortArgs, ctx: Context) -> _Aim | Outcome:
    url = args.url or ctx.settings.qbittorrent_url
    known = ctx.world.containers.get(_container(args, ctx.settings))
    if known and not known.running:
        return Outcome("skipped", f"{known.name} is not running; its port is set when it starts")
    file = ctx.world.port
    port = args.port if args.port is not None else file.ports[0] if file else None
    if port is None:
        return Outcome("skipped", f"no forwarded port for qBittorrent at {shown(url)}; it is set when gluetun has one")
    if not 1 <= port <= 65535:  # qBittorrent answers 200 to -1 and 65536, and stops listening
        raise GiveUp(f"{port} is no port that qBittorrent at {shown(url)} could listen on; write 1 to 65535")
    return _Aim(address(url, "qBittorrent"), port, file.generation if file else "")


def _difference(aim: _Aim, found: dict[str, Any], ctx: Context) -> str | None:
    """What is to be done, as a sentence, or None."""
    if found["listen_port"] != aim.port:
        return f"{aim.who} would listen on {aim.port} instead of {found['listen_port']}"
    if _written_anew(aim, ctx):
        return f"{aim.who} would be made to listen on {aim.port} anew, as the tunnel may be a new one"
    wrong = [name for name in _OFF if found.get(name)]
    return f"{aim.who} would switch {' and '.join(wrong)} off" if wrong else None


def _written_anew(aim: _Aim, ctx: Context) -> bool:
    """Whether gluetun wrote the file since the last time: then tun0 is new, and setting the same port is a no-op."""
    return bool(ctx.memory.get(aim.memory_key) != aim.applied)


def _listen(session: Session, aim: _Aim, ctx: Context, *, relisten: bool) -> None:
    _set(session, aim, ctx, relisten=relisten)
    found = session.preferences(ctx)
    if relisten and not _is_set(found, aim):
        ctx.wait(_PAUSE_S)
        _set(session, aim, ctx, relisten=True)
        found = session.preferences(ctx)
    if not _is_set(found, aim):
        raise Retry(
            f"{aim.who} was set to {aim.port} and shows {found['listen_port']}; does another tool write its port, too? "
            "It is tried again"
        )


def _set(session: Session, aim: _Aim, ctx: Context, *, relisten: bool) -> None:
    if relisten:
        session.set_preferences(ctx, listen_port=aim.port - 1 or 2, **_OFF)
    session.set_preferences(ctx, listen_port=aim.port, **_OFF)


def _is_set(found: dict[str, Any], aim: _Aim) -> bool:
    return found["listen_port"] == aim.port and not any(found.get(name) for name in _OFF)


def _said(aim: _Aim, before: dict[str, Any], *, relisten: bool, status: str) -> str:
    if relisten:
        done = f"{aim.who} listens on {aim.port} anew, as gluetun wrote that port anew"
    elif before["listen_port"] == aim.port:
        done = f"{aim.who} listens on {aim.port}, now without random port and UPnP"
    else:
        done = f"{aim.who} listens on {aim.port} (before: {before['listen_port']})"
    said = f"{done}; the trackers are told; connection status {status}"
    if status == "firewalled" and not before.get("current_interface_address"):
        # "all addresses" skips an IPv4-only tun0: qBittorrent#24854
        said += " (should that stay so, choose 'All IPv4 addresses' in its advanced options)"
    return said

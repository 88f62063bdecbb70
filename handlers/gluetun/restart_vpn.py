"""`gluetun.restart_vpn`: restarts the VPN inside gluetun, so that its container and its network namespace stay.

The shipped rule heal-vpn calls it when gluetun is unhealthy or has no port for longer than gluetun's own healing
takes.
It reads the status, and does nothing where the tunnel has an address, a port (where one is expected) and a good
health.
Before `stopped` is sent, the intent is saved. A later attempt that finds the intent and a stopped VPN starts it; a
stopped VPN without an intent was stopped by its owner and stays so.
One run restarts the VPN at most once: a further attempt of the run only waits for the address and the port.
Raises GiveUp for a crashed VPN, since gluetun is then in a back-off that no call ends; Retry where the tunnel did not
come up in time. The routes and their answers are in control_server.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from handlers.gluetun.addressed import VpnArgs, container_of, control_of, not_running, targets_of
from handlers.gluetun.control_server import Control
from handlers.gluetun.stopped_vpn import StoppedVpn
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry

_POLL_S = 1.0
_RESERVE_S = 2.0  # to end with a sentence of our own before the attempt's time is over
_UNSETTLED = ("starting", "stopping")


@dataclass(frozen=True, slots=True)
class RestartVpnArgs(VpnArgs):
    """Arguments of `gluetun.restart_vpn`."""


class RestartVpn(Handler[RestartVpnArgs]):
    """Look whether the tunnel is fine; if not, stop it, start it, and wait until it is."""

    name = "gluetun.restart_vpn"
    says = "the VPN is restarted inside of gluetun, unless it is fine"
    Args = RestartVpnArgs
    reconciles = True

    def targets(self, args: RestartVpnArgs, settings: Settings) -> tuple[str, ...]:
        """The container and the control server's address."""
        return targets_of(args, settings)

    def plan(self, args: RestartVpnArgs, ctx: Context) -> str | None:
        """What `apply` would do to a tunnel that is not fine."""
        if not_running(args, ctx):
            return None
        with control_of(args, ctx) as control:
            return _Tunnel(control, container_of(args, ctx.settings), ctx).plan()

    def apply(self, args: RestartVpnArgs, ctx: Context) -> Outcome:
        """Restart it at most once per run. Skipped while the container is known not to run, or the owner stopped it."""
        down = not_running(args, ctx)
        if down:
            return Outcome(
                "skipped", f"{down.name} is not running, so there is no VPN to restart; its VPN starts with it"
            )
        with control_of(args, ctx) as control:
            return _Tunnel(control, container_of(args, ctx.settings), ctx).restart()


@dataclass(frozen=True, slots=True)
class _Reading:
    """What gluetun answered about its tunnel at one instant."""

    status: str
    ip: str = ""
    port: int = 0
    wants_port: bool = False

    @property
    def missing(self) -> list[str]:
        """What a tunnel that is up would have."""
        running = [] if self.status == "running" else [f"status running (it is {self.status})"]
        return running + ([] if self.ip else ["public IP"]) + (["port"] if self.wants_port and not self.port else [])

    def __str__(self) -> str:
        return f"public IP {self.ip}" + (f", port {self.port}" if self.port else "")


class _Tunnel:
    """One attempt at one tunnel."""

    def __init__(self, control: Control, container: str, ctx: Context) -> None:
        self._control, self._ctx, self._who = control, ctx, control.who
        address = control.who.rpartition(" ")[2]
        self._stopped, self._done = StoppedVpn(control, container, ctx), f"gluetun.restarted:{address}"
        self._intent = self._stopped.restarting
        known = ctx.world.containers.get(container)
        # gluetun keeps address and port of a tunnel that is dead: then its health check alone knows
        self._unhealthy = bool(known and known.health == "unhealthy")
        awaits = ctx.world.file is not None or ctx.event.type.startswith("port.")
        forwards = not (known and known.forwards_no_port)
        self._wants_port = awaits and forwards and container == ctx.world.gluetun

    def plan(self) -> str | None:
        reading = self._read()
        if reading.status == "crashed":
            raise self._crashed()
        if reading.status == "stopped":
            return f"{self._who}: its VPN, stopped by us, would be started" if self._is_ours() else None
        return None if self._is_fine(reading) else f"{self._who}: its VPN would be restarted ({self._why(reading)})"

    def restart(self) -> Outcome:
        began_s = self._ctx.now()
        reading = self._settled()
        self._ctx.saw(self._seen(reading))
        if reading.status == "crashed":
            self._clear_intent()
            raise self._crashed()
        if reading.status == "running":
            self._stopped.forget()  # whoever has started it: what stops it next is another stop
        if reading.status == "stopped":
            if not self._is_ours():
                return self._left_stopped()
        elif self._ctx.memory.get(self._done) == self._ctx.run:
            self._clear_intent()
            return self._wait_for_tunnel(began_s)
        elif self._is_fine(reading):
            self._clear_intent()
            return Outcome("unchanged", f"{self._who}: its VPN is fine ({reading}); nothing to do")
        else:
            skipped = self._stop()
            if skipped:
                return skipped
        self._start()
        return self._wait_for_tunnel(began_s)

    def _read(self) -> _Reading:
        status = self._control.status()
        if status != "running":
            return _Reading(status)
        ip = self._control.public_ip()
        return _Reading(status, ip, self._port() if self._wants_port else 0, self._wants_port)

    def _port(self) -> int:
        """The port; by its file where gluetun holds that answer, because its UP or DOWN command runs."""
        try:
            return self._control.port()
        except Retry as why:
            if why.kind != "late":
                raise
            file = self._ctx.world.port
            return file.ports[0] if file else 0

    def _settled(self) -> _Reading:
        for reading in self._readings():
            if reading.status not in _UNSETTLED:
                return reading
        raise Retry(f"{self._who}: its VPN has not stopped or started for a whole attempt; it is checked again")

    def _readings(self) -> Iterator[_Reading]:
        """Polls, once a second, until the attempt's time is nearly over."""
        yield self._read()
        while self._ctx.left() > _POLL_S + _RESERVE_S:
            self._ctx.wait(_POLL_S)
            yield self._read()

    def _is_fine(self, reading: _Reading) -> bool:
        return not reading.missing and not self._unhealthy

    def _seen(self, reading: _Reading) -> str:
        port = f", port {reading.port or 'none'}" if reading.wants_port else ""
        up = f", public IP {reading.ip or 'none'}{port}" if reading.status == "running" else ""
        return f"{self._who}: VPN status {reading.status}{up}{', container unhealthy' if self._unhealthy else ''}"

    def _why(self, reading: _Reading) -> str:
        return f"no {' and no '.join(reading.missing)}" if reading.missing else "its health check fails"

    def _is_ours(self) -> bool:
        return self._ctx.memory.get(self._intent) is not None

    def _clear_intent(self) -> None:
        if self._is_ours():
            self._ctx.memory.put(self._intent, None)

    def _left_stopped(self) -> Outcome:
        self._clear_intent()
        if self._stopped.obstacle() is None:
            said = (
                f"{self._who}: its VPN was stopped by gluetun.stop_vpn; it stays so until gluetun.start_vpn starts it"
            )
            return Outcome("skipped", said)
        return Outcome(
            "skipped",
            f"{self._who}: its VPN was stopped, and not by us; it stays so until it is started "
            "(PUT /v1/vpn/status with running does that, and the container stays)",
        )

    def _stop(self) -> Outcome | None:
        """Stop it. The intent is saved first: a later attempt that finds it starts the VPN."""
        self._ctx.memory.put(self._intent, {"run": self._ctx.run, "at": self._ctx.now()})
        try:
            outcome = self._control.bring("stopped")
        except GiveUp:  # refused, so nothing was stopped
            self._clear_intent()
            raise
        if outcome in ("stopped", "stopping"):
            self._ctx.memory.put(self._done, self._ctx.run)
            return None
        self._clear_intent()
        if outcome in ("already stopped", "already stopping"):
            return self._left_stopped()
        if outcome.endswith("crashed"):
            raise self._crashed()
        raise Retry(f"{self._who} answers {outcome!r} when its VPN is to be stopped; it is checked again")

    def _start(self) -> None:
        """What we stopped we start: again and again, while the attempt lasts."""
        outcome = self._request_start()
        while outcome in ("", "already stopping") and self._ctx.left() > _POLL_S + _RESERVE_S:
            self._ctx.wait(_POLL_S)
            outcome = self._request_start()
        if outcome.endswith("crashed"):
            self._clear_intent()
            raise self._crashed()
        if not outcome.endswith(("running", "starting")):
            raise Retry(
                f"{self._who} has stopped its VPN and does not start it ({outcome or 'no answer'}); it is tried again"
            )
        self._clear_intent()

    def _request_start(self) -> str:
        """The outcome, or "" where there was none."""
        try:
            return self._control.bring("running")
        except Retry:
            return ""

    def _wait_for_tunnel(self, began_s: float) -> Outcome:
        """Wait for a public address, and for a port where one is expected."""
        while True:
            try:
                reading = self._read()
            except Retry:  # it stays restarted, whatever the control server does now
                reading = _Reading("unknown")
            took = f"{self._ctx.now() - began_s:.1f} s"
            if reading.status == "crashed":
                raise self._crashed()
            if reading.status == "stopped":
                return self._left_stopped()
            if not reading.missing:
                return Outcome("changed", f"{self._who}: its VPN was restarted; {reading} after {took}")
            if self._ctx.left() <= _POLL_S + _RESERVE_S:
                raise Retry(
                    f"{self._who}: its VPN was restarted, but has no {' and no '.join(reading.missing)} after {took}; "
                    "it is checked again, and not restarted again by this run"
                )
            self._ctx.wait(_POLL_S)

    def _crashed(self) -> GiveUp:
        return GiveUp(
            f"{self._who}: its VPN has crashed and gluetun is in a back-off of its own, which no call ends; look at "
            "its log (credentials? region?): only a restart of the container comes next"
        )

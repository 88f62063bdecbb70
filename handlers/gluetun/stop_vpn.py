"""`gluetun.stop_vpn`: stops the VPN inside gluetun, whose container, network and firewall stay; see stopped_vpn.py."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from handlers.gluetun.addressed import VpnArgs, container_of, control_of, not_running, targets_of
from handlers.gluetun.stopped_vpn import StoppedVpn
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry


@dataclass(frozen=True, slots=True)
class StopVpnArgs(VpnArgs):
    """Arguments of `gluetun.stop_vpn`."""


class StopVpn(Handler[StopVpnArgs]):
    """Stop it, wait until it is stopped, and remember that; nothing leaves gluetun's network then."""

    name: ClassVar[str] = "gluetun.stop_vpn"
    says: ClassVar[str] = "the VPN is stopped inside of gluetun; `gluetun.start_vpn` starts it again"
    Args: ClassVar[type] = StopVpnArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: StopVpnArgs, settings: Settings) -> tuple[str, ...]:
        """The container and the control server's address."""
        return targets_of(args, settings)

    def plan(self, args: StopVpnArgs, ctx: Context) -> str | None:
        """That it would be stopped, or None."""
        if not_running(args, ctx):
            return None
        with control_of(args, ctx) as control:
            runs = control.status() in ("running", "starting")
            return f"{control.who}: its VPN would be stopped" if runs else None

    def apply(self, args: StopVpnArgs, ctx: Context) -> Outcome:
        """Stop it. Skipped while the container is known not to run."""
        if down := not_running(args, ctx):
            return Outcome("skipped", f"{down.name} is not running, so there is no VPN to stop")
        with control_of(args, ctx) as control:
            vpn = StoppedVpn(control, container_of(args, ctx.settings), ctx)
            status = vpn.settled()
            ctx.saw(f"{control.who}: VPN status {status}")
            if status == "crashed":
                raise Retry(f"{control.who}: its VPN has crashed, and gluetun stops none that has; it is checked again")
            return _stop(vpn) if status == "running" else _is_stopped(vpn)


def _is_stopped(vpn: StoppedVpn) -> Outcome:
    if vpn.ctx.memory.get(vpn.restarting) is not None:  # a restart of ours was cut off: now it is to stay so
        vpn.intend()
    if vpn.obstacle():
        vpn.forget()
        return Outcome("unchanged", f"{vpn.control.who}: its VPN is stopped already, not by gluetun.stop_vpn")
    vpn.confirm()
    return Outcome("unchanged", f"{vpn.control.who}: its VPN is stopped, by gluetun.stop_vpn")


def _stop(vpn: StoppedVpn) -> Outcome:
    vpn.intend()
    try:
        outcome = vpn.control.bring("stopped")
    except GiveUp:  # refused, so nothing was stopped
        vpn.forget()
        raise
    if outcome in ("already stopped", "already stopping"):
        vpn.forget()
        return Outcome("unchanged", f"{vpn.control.who}: its VPN was stopped by somebody else at the same time")
    for _ in vpn.polls():
        if vpn.control.status() == "stopped":
            vpn.confirm()
            return Outcome("changed", f"{vpn.control.who}: its VPN was stopped")
    raise Retry(
        f"{vpn.control.who} answers {outcome!r} when its VPN is to be stopped, and it is not; it is checked again"
    )

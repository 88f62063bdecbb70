"""`gluetun.start_vpn`: starts the VPN inside gluetun, and waits until it has a public address; see stopped_vpn.py."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from handlers.gluetun.addressed import VpnArgs, container_of, control_of, not_running, targets_of
from handlers.gluetun.stopped_vpn import StoppedVpn
from hooks.config.settings import Settings
from hooks.handler import Context, Handler, Outcome, Retry


@dataclass(frozen=True, slots=True)
class StartVpnArgs(VpnArgs):
    """Arguments of `gluetun.start_vpn`."""

    only_ours: bool = field(default=False, metadata={"says": "only one that `gluetun.stop_vpn` has stopped"})


class StartVpn(Handler[StartVpnArgs]):
    """Start a VPN that is stopped, and wait until it has a public address."""

    name: ClassVar[str] = "gluetun.start_vpn"
    says: ClassVar[str] = "the VPN is started inside of gluetun, if it is stopped"
    Args: ClassVar[type] = StartVpnArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: StartVpnArgs, settings: Settings) -> tuple[str, ...]:
        """The container and the control server's address."""
        return targets_of(args, settings)

    def plan(self, args: StartVpnArgs, ctx: Context) -> str | None:
        """That it would be started, or None."""
        if not_running(args, ctx):
            return None
        with control_of(args, ctx) as control:
            vpn = StoppedVpn(control, container_of(args, ctx.settings), ctx)
            if control.status() != "stopped" or (args.only_ours and vpn.obstacle()):
                return None
            return f"{control.who}: its VPN would be started"

    def apply(self, args: StartVpnArgs, ctx: Context) -> Outcome:
        """Start it. Skipped while the container is known not to run, or the VPN has crashed."""
        if down := not_running(args, ctx):
            return Outcome("skipped", f"{down.name} is not running; its VPN starts with it")
        with control_of(args, ctx) as control:
            vpn = StoppedVpn(control, container_of(args, ctx.settings), ctx)
            status = vpn.settled()
            ctx.saw(f"{control.who}: VPN status {status}")
            if status == "crashed":
                said = f"{control.who}: its VPN has crashed; gluetun starts it again by itself, which no call speeds up"
                return Outcome("skipped", said)
            if status == "running":
                return self._running(vpn)
            if args.only_ours and (why := vpn.obstacle()):
                return Outcome("unchanged", f"{control.who}: its VPN stays stopped until you start it: {why}")
            return self._start(vpn)

    def _running(self, vpn: StoppedVpn) -> Outcome:
        vpn.forget()
        if vpn.ctx.memory.get(_begun(vpn)) != vpn.ctx.run:
            return Outcome("unchanged", f"{vpn.control.who}: its VPN runs")
        return self._wait(vpn)  # an attempt of this run has started it

    def _start(self, vpn: StoppedVpn) -> Outcome:
        outcome = ""
        for _ in vpn.polls():  # it may still be stopping for a moment
            outcome = vpn.control.bring("running")
            if outcome != "already stopping":
                break
        if not outcome.endswith(("running", "starting")):
            raise Retry(f"{vpn.control.who} does not start its VPN ({outcome}); it is tried again")
        vpn.ctx.memory.put(_begun(vpn), vpn.ctx.run)
        vpn.forget()
        vpn.ctx.memory.put(vpn.restarting, None)
        return self._wait(vpn)

    def _wait(self, vpn: StoppedVpn) -> Outcome:
        for _ in vpn.polls():
            if vpn.control.status() == "running" and (ip := vpn.control.public_ip()):
                vpn.ctx.memory.put(_begun(vpn), None)
                return Outcome("changed", f"{vpn.control.who}: its VPN was started; public IP {ip}")
        raise Retry(f"{vpn.control.who}: its VPN was started, but has no public IP; it is checked again")


def _begun(vpn: StoppedVpn) -> str:
    return f"gluetun.starting:{vpn.control.who.rpartition(' ')[2]}"

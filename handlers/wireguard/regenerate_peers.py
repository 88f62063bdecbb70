"""`wireguard.regenerate_peers`: keeps WireGuard's peer configurations up to date with the server.

The shipped rule peers-follow-dns calls it when AdGuard has another address; `dns_of` then reads that address from
Docker.
It reads the folder of linuxserver/wireguard (files.py), compares it with the desired values (desired.py, plan.py), and
writes what differs: profiles, QR codes, Apple profiles, the server's file (rewrite.py, new_peer.py, devices.py).
It guarantees: no key is ever changed; a connected device stays connected; a full disk or a kill leaves each file old
or new (hooks/storage), and the next run writes the rest; which devices must import again is reported exactly once
(pending_notice.py). With `method = "container"` the image writes the files itself (image.py).
Skipped where there is no WireGuard configuration. An argument that is left out keeps what the peers have.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import ClassVar, Literal

from handlers.shared.docker import docker_client, inspect
from handlers.wireguard import desired as desired_values
from handlers.wireguard import image as wireguard_image
from handlers.wireguard import live as wireguard_live
from handlers.wireguard.conf import Conf
from handlers.wireguard.desired import Desired
from handlers.wireguard.dns_address import addresses_of
from handlers.wireguard.files import Layout, read
from handlers.wireguard.folder_errors import absence, in_words
from handlers.wireguard.pending_notice import Notice, listing
from handlers.wireguard.rewrite import Rewrite, carry_out, survey
from hooks.config import settings
from hooks.config.settings import Settings
from hooks.handler import Context, Duration, GiveUp, Handler, Outcome

_SO = "nothing was written"


@dataclass(frozen=True)
class RegenerateArgs:
    """Arguments of `wireguard.regenerate_peers`. What is left out stays as it is."""

    dns: str | list[str] | None = field(default=None, metadata={"says": "the peers' name servers, as addresses"})
    dns_of: str | None = field(
        default=None,
        metadata={"says": "instead: a container that shares a network with WireGuard's; its address there"},
    )
    endpoint: str | None = field(default=None, metadata={"says": "the server's name or address, without the port"})
    port: int | None = field(default=None, metadata={"says": "the server's port"})
    allowed_ips: str | list[str] | None = field(
        default=None, metadata={"says": "the networks that peers reach through the tunnel"}
    )
    keepalive: Duration | None = field(
        default=None, metadata={"says": 'how often peers send a keepalive; "0s" for never'}
    )
    peers: list[str] | None = field(
        default=None,
        metadata={"says": "all peers by name; new ones are made, others are locked out, their folders stay"},
    )
    home_ssids: list[str] | None = field(
        default=None, metadata={"says": "make Apple profiles, with the tunnel off in these Wi-Fis"}
    )
    dir: str | None = field(default=None, metadata={"says": "the image's folder /config; default: WIREGUARD_DIR"})
    interface: str | None = field(default=None, metadata={"says": "default: WIREGUARD_INTERFACE"})
    method: Literal["files", "container"] = field(
        default="files", metadata={"says": "write the files, or hand the values to the image and restart its container"}
    )


class RegeneratePeers(Handler[RegenerateArgs]):
    """Rewrite what differs, add new peers, lock removed ones out, and say which devices must import what."""

    name: ClassVar[str] = "wireguard.regenerate_peers"
    says: ClassVar[str] = "brings WireGuard's peers, their files and the server's list of peers up to date; keys stay"
    Args: ClassVar[type] = RegenerateArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: RegenerateArgs, settings: Settings) -> tuple[str, ...]:
        """The folder, and the container that reads it."""
        return (f"wireguard:{args.dir or settings.wireguard_dir}", f"container:{settings.wireguard_container}")

    def plan(self, args: RegenerateArgs, ctx: Context) -> str | None:
        """What differs, or None. What only the running server does not have yet is not read."""
        rewrite = _survey(args, ctx)
        if isinstance(rewrite, str) or not rewrite.words:
            return None
        return f"WireGuard's peers in {rewrite.layout.dir} would change: {listing(rewrite.words)}"

    def apply(self, args: RegenerateArgs, ctx: Context) -> Outcome:
        """Read, write what differs, update the running server, and report what was not reported yet."""
        rewrite = _survey(args, ctx)
        if isinstance(rewrite, str):
            return Outcome("skipped", rewrite)
        ctx.saw(f"in {rewrite.layout.dir} differs: {listing(rewrite.words) or 'nothing'}")
        notice = Notice(rewrite.layout.dir, ctx.memory)
        if args.method == "container":
            return _by_the_image(rewrite, notice, ctx)
        with in_words(rewrite.layout.dir, _SO), notice.adding(rewrite):
            server = carry_out(rewrite, ctx.left)
        return _serve(server, rewrite.layout, notice, ctx) if args.peers else notice.outcome()


def _survey(args: RegenerateArgs, ctx: Context) -> Rewrite | str:
    """What is out of step, or why that is not to be asked now."""
    desired, interface, ssids = _desired(args), _interface(args, ctx), _home_ssids(args)
    directory = Path(args.dir or ctx.settings.wireguard_dir)
    with in_words(directory, _SO):
        if absent := absence(directory):  # first: without WireGuard nothing else is worth a message
            return absent
        found = addresses_of(args.dns_of, ctx) if args.dns_of else ()
        if isinstance(found, str):
            return found
        layout = read(directory, interface)
        return survey(layout, _with_dns(desired, found, layout), ssids)


def _interface(args: RegenerateArgs, ctx: Context) -> str:
    try:
        return settings.interface(args.interface or ctx.settings.wireguard_interface)
    except ValueError as error:
        raise GiveUp(f"interface {args.interface!r} of wireguard.regenerate_peers is none; {error}") from None


def _home_ssids(args: RegenerateArgs) -> tuple[str, ...] | None:
    from handlers.wireguard.devices import wrong_ssid

    if args.home_ssids is None:
        return None
    if wrong := wrong_ssid(args.home_ssids):
        raise GiveUp(f"home_ssids of wireguard.regenerate_peers: {wrong}; nothing was written")
    return tuple(args.home_ssids)


def _desired(args: RegenerateArgs) -> Desired:
    if args.dns is not None and args.dns_of is not None:
        raise GiveUp("wireguard.regenerate_peers has both dns and dns_of; leave one out")
    return Desired(
        dns=desired_values.addresses(args.dns),
        host=desired_values.host(args.endpoint),
        port=desired_values.port(args.port),
        allowed_ips=desired_values.networks(args.allowed_ips),
        keepalive_s=desired_values.keepalive_s(args.keepalive),
        peers=desired_values.names(args.peers),
    )


def _with_dns(desired: Desired, candidates: Sequence[str], layout: Layout) -> Desired:
    # of several shared networks the one that peers use already
    used = {address for peer in layout.listed for address in peer.dns}
    chosen = next((one for one in candidates if one in used), next(iter(candidates), None))
    return replace(desired, dns=(chosen,)) if chosen else desired


def _by_the_image(rewrite: Rewrite, notice: Notice, ctx: Context) -> Outcome:
    try:
        with in_words(rewrite.layout.dir, _SO), notice.adding(rewrite):
            wireguard_image.hand_over(rewrite, ctx)
    except wireguard_image.LeftAlone as why:
        return Outcome("skipped", str(why))
    return notice.outcome()


def _serve(server: Conf, layout: Layout, notice: Notice, ctx: Context) -> Outcome:
    """Bring the running server in step with its file."""
    name = ctx.settings.wireguard_container
    with docker_client(ctx, f"update the server in container '{name}'", "CONTAINERS=1, EXEC=1 and POST=1") as client:
        seen = inspect(client, name)
        if seen is None:
            return notice.outcome(f"Docker knows no container '{name}', so restart WireGuard where it runs")
        if not seen.running:
            return notice.outcome(f"container '{name}' does not run and reads its file when it starts")
        inside = wireguard_live.inside(client, seen.id, left=ctx.left, wait=ctx.wait)
        is_new = wireguard_live.serve(inside, layout.interface, server)
    done = notice.outcome("the running server has the new peers, and no device was disconnected" if is_new else "")
    return replace(done, status="changed") if is_new else done

"""`wireguard.set_dns_forward`: sets where CoreDNS in WireGuard's container forwards. Devices need no new import.

With PEERDNS=auto every device has the server's own address as its DNS, which never changes; only the image's Corefile
has to follow. No device has to import anything.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar

from handlers.shared.docker import docker_client, inspect
from handlers.wireguard import desired as desired_values
from handlers.wireguard import live as wireguard_live
from handlers.wireguard.dns_address import addresses_of
from handlers.wireguard.folder_errors import absence, in_words
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry
from hooks.storage import atomic_files

_FORWARD = re.compile(r"(?m)^(?P<indent>[ \t]*)forward[ \t]+\.[ \t]+(?P<to>[^\s{#]+(?:[ \t]+[^\s{#]+)*)")
_RELOAD = re.compile(r"(?m)^[ \t]*reload\b")
_RELOAD_LINE = "reload 10s"  # from now on CoreDNS reads its file again by itself
_RESTART = ("/command/s6-svc", "-r", "/run/service/svc-coredns")


@dataclass(frozen=True)
class ForwardArgs:
    """Arguments of `wireguard.set_dns_forward`: one of `dns` and `dns_of`."""

    dns: str | list[str] | None = field(default=None, metadata={"says": "where to forward to, as addresses"})
    dns_of: str | None = field(
        default=None, metadata={"says": "a container that shares a network with WireGuard's; its address there"}
    )
    dir: str | None = field(default=None, metadata={"says": "the image's folder /config; default: WIREGUARD_DIR"})


@dataclass(frozen=True, slots=True)
class Corefile:
    """CoreDNS's configuration, as far as it matters here."""

    path: Path
    text: str

    @property
    def to(self) -> tuple[str, ...]:
        """Where it forwards to now. Raises GiveUp where that is not one line."""
        found = [match["to"].split() for match in _FORWARD.finditer(self.text)]
        if len(found) == 1:
            return tuple(found[0])
        raise GiveUp(
            f'{self.path} has {len(found) or "no"} lines "forward . …" and should have one; nothing was written: '
            "correct it, or remove it and restart the container, which makes it anew"
        )

    @property
    def reloads(self) -> bool:
        """Whether CoreDNS notices by itself that the file is another."""
        return _RELOAD.search(self.text) is not None

    def forwarding(self, to: Sequence[str]) -> str:
        """The text that forwards there, and that CoreDNS reads again."""
        (found,) = _FORWARD.finditer(self.text)
        reload = "" if self.reloads else f"{found['indent']}{_RELOAD_LINE}\n"
        line = found[0].removesuffix(found["to"]) + " ".join(to)
        return self.text[: found.start()] + reload + line + self.text[found.end() :]


class SetDnsForward(Handler[ForwardArgs]):
    """Rewrite one line of the Corefile, and have CoreDNS read it."""

    name: ClassVar[str] = "wireguard.set_dns_forward"
    says: ClassVar[str] = "has the DNS server in WireGuard's container forward to another; devices need no change"
    Args: ClassVar[type] = ForwardArgs
    reconciles: ClassVar[bool] = True

    def targets(self, args: ForwardArgs, settings: Settings) -> tuple[str, ...]:
        """The folder, and the container that reads it."""
        return (f"wireguard:{args.dir or settings.wireguard_dir}", f"container:{settings.wireguard_container}")

    def plan(self, args: ForwardArgs, ctx: Context) -> str | None:
        """What would be forwarded where, or None."""
        found = _survey(args, ctx)
        if isinstance(found, str):
            return None
        file, to = found
        return (
            None if file.to == to else f"{file.path} would forward to {', '.join(to)} instead of {', '.join(file.to)}"
        )

    def apply(self, args: ForwardArgs, ctx: Context) -> Outcome:
        """Read, write what differs, and restart CoreDNS once where it would not read the file by itself."""
        found = _survey(args, ctx)
        if isinstance(found, str):
            return Outcome("skipped", found)
        file, to = found
        ctx.saw(
            f"{file.path} forwards to {', '.join(file.to)}{'' if file.reloads else ', and CoreDNS does not reread it'}"
        )
        where, pending = f"{file.path} forwards to {', '.join(to)}", f"wireguard.coredns:{file.path}"
        if file.to == to and not ctx.memory.get(pending):
            return Outcome("unchanged", where)
        ctx.memory.put(pending, not file.reloads or ctx.memory.get(pending))
        if file.to != to:
            with in_words(file.path.parent):
                atomic_files.write({file.path: file.forwarding(to).encode()}, like=file.path, secret=False)
        said = _reload_coredns(ctx) if ctx.memory.get(pending) else "CoreDNS reads it within seconds"
        ctx.memory.put(pending, None)
        return Outcome("changed", f"{where}; {said}")


def _survey(args: ForwardArgs, ctx: Context) -> tuple[Corefile, tuple[str, ...]] | str:
    """The file and where it should forward to, or why that is not to be asked now."""
    if (args.dns is None) == (args.dns_of is None):
        raise GiveUp('wireguard.set_dns_forward needs one of dns and dns_of; write for example dns_of = "adguard"')
    given, directory = desired_values.addresses(args.dns), Path(args.dir or ctx.settings.wireguard_dir)
    path = directory / "coredns" / "Corefile"
    with in_words(directory):
        if absent := absence(directory):
            return absent
        to = addresses_of(args.dns_of, ctx) if args.dns_of else given or ()
        if isinstance(to, str):
            return to
        file = Corefile(path, path.read_text("utf-8", "surrogateescape"))
    return file, _to(to, file, one=bool(args.dns_of))


def _to(addresses: tuple[str, ...], file: Corefile, *, one: bool) -> tuple[str, ...]:
    # of a container's several addresses the one in use, else the first
    return tuple(a for a in addresses if a in file.to)[:1] or addresses[:1] if one else addresses


def _reload_coredns(ctx: Context) -> str:
    name = ctx.settings.wireguard_container
    manual = f"CoreDNS reads it after `docker restart {name}`, once; from then on by itself"
    with docker_client(ctx, f"restart CoreDNS in container '{name}'", "CONTAINERS=1, EXEC=1 and POST=1") as client:
        seen = inspect(client, name)
        if seen is None:
            return manual
        if not seen.running:
            return f"CoreDNS reads it when container '{name}' starts"
        with suppress(Retry):
            inside = wireguard_live.inside(client, seen.id, left=ctx.left, wait=ctx.wait)
            return manual if inside(_RESTART)[0] else "CoreDNS was restarted to read it"
    return manual

"""The other way: hand the values to linuxserver/wireguard, and let it write its files at a restart.

The image takes `NAME` from the file that `FILE__NAME` names, and writes everything anew when a value is another than in
.donoteditthisfile, or when that is missing. It keeps all keys. Its restart ends all sessions for some seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from handlers.containers.restart_attempt import left_by_us, read_back, restart
from handlers.containers.restart_budget import RestartBudget
from handlers.shared.docker import docker_client, find
from handlers.wireguard.conf import Malformed
from handlers.wireguard.desired import Desired
from handlers.wireguard.files import read
from handlers.wireguard.plan import in_brackets
from handlers.wireguard.rewrite import Rewrite, carry_out, survey
from hooks.handler import Context, GiveUp, Retry
from hooks.storage import atomic_files

_CONFIG = PurePosixPath("/config")
_MARKER = ".donoteditthisfile"
_PAUSE_S = 0.5


class LeftAlone(Exception):  # noqa: N818 - a fact, not a failure
    """The container was not touched; the text says why."""


def hand_over(rewrite: Rewrite, ctx: Context) -> None:
    """Have the image write what is out of step; what it does not make is made here.

    Raises LeftAlone, GiveUp where the compose file has to be changed first, Retry where it did not come about in time,
    and OSError.
    """
    if rewrite.is_configured:
        carry_out(rewrite, ctx.left)
        return
    name, directory = ctx.settings.wireguard_container, rewrite.layout.dir
    with docker_client(ctx, f"restart container '{name}'", "CONTAINERS=1 and POST=1") as client:
        seen = find(client, name, ctx)
        if seen.stopped and not left_by_us(seen, ctx):
            raise LeftAlone(f"container '{name}' does not run, so nothing was handed to it")
        files = _files(rewrite.desired, _environment(client, seen.id), directory)
        budget = RestartBudget(name, ctx)
        if refused := budget.refusal():
            budget.report_refusal()
            raise LeftAlone(refused)
        atomic_files.write(files, like=rewrite.layout.path, secret=False)
        (directory / _MARKER).unlink(missing_ok=True)
        budget.spend()
        restart(client, seen, None, ctx)
        read_back(client, seen, "restarted", ctx)
    _wait(rewrite, ctx)


def _wait(rewrite: Rewrite, ctx: Context) -> None:
    """Until the image has written everything; then Apple's profiles are made anew."""
    layout = rewrite.layout
    while ctx.left() > _PAUSE_S:
        ctx.wait(_PAUSE_S)
        try:
            now = survey(read(layout.dir, layout.interface), rewrite.desired, rewrite.home_ssids)
        except (Malformed, FileNotFoundError):  # it empties a file before it writes it
            continue
        if now.is_configured:
            carry_out(now, ctx.left)
            return
    raise Retry(f"container '{ctx.settings.wireguard_container}' was restarted and has not written what it was given")


def _files(desired: Desired, environment: Mapping[str, str], directory: Path) -> dict[Path, bytes]:
    values = {name: value for name, value in _values(desired).items() if value is not None}
    missing = [name for name in values if not environment.get(f"FILE__{name}", "").startswith(f"{_CONFIG}/")]
    if missing:
        lines = ", ".join(f"FILE__{name}: {_CONFIG}/gluehook/{name}" for name in missing)
        raise GiveUp(
            f"the image cannot be given {', '.join(missing)}; replace it in the container's environment by {lines} "
            "and re-create it, or leave out method"
        )
    places = {name: PurePosixPath(environment[f"FILE__{name}"]).relative_to(_CONFIG) for name in values}
    if out := next((place for place in places.values() if ".." in place.parts), None):
        raise GiveUp(f"the container's environment names a file outside of {_CONFIG}: {out}; correct it")
    # without a line end: the image would take it for a part of the value
    return {directory / place: str(values[name]).encode() for name, place in places.items()}


def _values(desired: Desired) -> dict[str, str | None]:
    if desired.keepalive_s is not None:
        raise GiveUp("the image knows no keepalive of a peer's own; leave out keepalive, or method")
    return {
        "PEERDNS": ",".join(desired.dns) if desired.dns else None,
        "SERVERURL": in_brackets(desired.host) if desired.host else None,
        "SERVERPORT": str(desired.port) if desired.port else None,
        "ALLOWEDIPS": ",".join(desired.allowed_ips) if desired.allowed_ips else None,
        "PEERS": ",".join(desired.peers) if desired.peers else None,
    }


def _environment(client: Any, container_id: str) -> dict[str, str]:
    raw = client.inspect_container(container_id)
    pairs = (str(line).partition("=") for line in (raw.get("Config") or {}).get("Env") or ())
    return {name: value for name, _, value in pairs}

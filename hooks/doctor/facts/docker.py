"""Docker: every container by one list, those that matter here by an inspect each, and what else our access allows."""

from __future__ import annotations

import re
import stat
from collections.abc import Sequence
from contextlib import closing, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

from handlers.containers.dependents import NOTHING, Dependent, Earlier, Remembered, judged, members, orphans
from handlers.shared import docker_rights
from hooks.docker import client as docker_host
from hooks.docker import refusals
from hooks.docker.container import MALFORMED, InspectedContainer, ListedContainer, inspected
from hooks.docker.listing import list_containers
from hooks.doctor.facts.model import Docker, DockerAccess
from hooks.handler import Context, GiveUp
from hooks.images import roles

ADGUARDS = ("adguard", "adguardhome")
# healers and programs that set the port: their environment says what they do
_OTHERS = re.compile(r"autoheal|deunhealth|loggifly|adguard|glue|qbit|torrent|port", re.IGNORECASE)
_UNNEEDED = {"/images/json": "IMAGES", "/volumes": "VOLUMES", "/info": "INFO"}  # path -> a socket proxy's word for it


def read(ctx: Context, *, closely: bool = False) -> Docker:
    """Every container; `closely` inspects them all, and not only those that the settings and some images name.

    Raises GiveUp with the reason and the remedy if Docker cannot be asked.
    """
    from docker.errors import DockerException

    try:
        with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
            listing = list_containers(client, networks=True)
            everyone = listing.containers
            seen = [_inspected(client, one) for one in everyone if closely or _matters(one, ctx)]
    except (OSError, DockerException) as error:  # what requests raises descends from OSError
        raise GiveUp(refusals.why(error, docker_host.where())) from None
    by_name = {one.name: one for one in seen if one}
    containers = {one.name: by_name.get(one.name, one).for_world() for one in everyone}
    return Docker(containers, by_name, everyone, docker_host.engine().podman, tuple(listing.doubts))


def read_access(ctx: Context) -> DockerAccess:
    """How we reach Docker, and what else that access allows.

    Over TCP this requests three lists that gluehook does not need: a proxy that guards the socket refuses them.
    """
    where = docker_host.where()
    if where.startswith("/"):
        return DockerAccess(where, writable_by_all=bool(Path(where).stat().st_mode & stat.S_IWOTH))
    with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
        answered = tuple(word for path, word in _UNNEEDED.items() if _answers(client, path))
        return DockerAccess(where, is_socket=False, tls=client.base_url.startswith("https:"), unneeded=answered)


def read_refused(ctx: Context, uses: Sequence[docker_rights.Use]) -> tuple[docker_rights.Refused, ...]:
    """The requests that the rules need and that are refused."""
    with closing(ctx.docker(max(ctx.left(), 0.1))) as client:
        return docker_rights.ask(client, uses)


def dependents(
    docker: Docker, parent: str, earlier: Earlier, memory: Remembered = NOTHING
) -> tuple[list[Dependent], list[ListedContainer]]:
    """The containers that belong into the parent's namespace, and those that have lost theirs with an unknown one.

    The second are those that join a container that no longer exists, each followed by those that join it in turn. Where
    the parent itself is gone, as in the middle of its re-creation, all of its containers are among them. `memory`: what
    gluehook has seen of them and done to them.
    """
    owner = docker.inspected.get(parent)
    found = members(owner, docker.listed, earlier) if owner else []
    by_id = {one.id: one for one in docker.inspected.values()}
    there = {word for one in docker.listed for word in (one.id, one.name)}
    known = replace(memory, exists=there.__contains__)
    return judged(owner, found, by_id, known) if owner else [], orphans(docker.listed, found)


def _matters(seen: ListedContainer, ctx: Context) -> bool:
    settings = ctx.settings
    named = (settings.gluetun_container, settings.qbittorrent_container, settings.wireguard_container, *ADGUARDS)
    has_role = bool(roles.by_image(seen.image) or roles.by_name(seen.name, seen.service))
    of_interest = has_role or seen.name in named or seen.id == ctx.own_id or seen.parent is not None
    return of_interest or _OTHERS.search(seen.image) is not None


def _inspected(client: Any, one: ListedContainer) -> InspectedContainer | None:
    """By an inspect; None if that fails, as for a container that is just being removed."""
    if isinstance(one, InspectedContainer):
        return one
    with suppress(OSError, *MALFORMED):
        return inspected(client.inspect_container(one.id))
    return None


def _answers(client: Any, path: str) -> bool:
    with suppress(OSError):
        return bool(client._get(client._url(path)).ok)
    return False

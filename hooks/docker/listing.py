"""The one list of all containers: each entry is judged by itself, and what the list lacks is inspected.

The Docker source, handlers, the doctor and `gluehook init` list containers only here, so that one odd entry hides no
other, and so that all of them know the same. Podman's list has no HostConfig: whose network a container shares stands
only in its inspect, and where that cannot be had the container is in `unknown`, never taken for one with a network of
its own (recordings of Podman 4.3 and 5.8: tests/samples/containers).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from hooks.docker.answers import is_absent
from hooks.docker.container import MALFORMED, ListedContainer, inspected, listed
from hooks.images.roles import is_image_id


class NoEngineError(OSError):
    """What answers is no Docker engine. Its text is a sentence without full stop."""


@dataclass(frozen=True, slots=True)
class Skipped:
    """An entry that cannot be read. `ident` is the container's id, "" where the entry has none."""

    ident: str
    reason: str

    def __str__(self) -> str:
        return f"container {self.ident[:12] or 'without an id'} ({self.reason})"


@dataclass(frozen=True, slots=True)
class Listing:
    """All containers of an engine, running or not."""

    containers: tuple[ListedContainer, ...] = ()
    skipped: tuple[Skipped, ...] = ()
    unknown: tuple[str, ...] = ()  # names of containers of which it cannot be told whose network they share

    @property
    def doubts(self) -> list[str]:
        """What may be missing in an answer that is made of this, as sentences without full stop."""
        said = [f"Docker's list has an entry that cannot be read and is left out: {one}" for one in self.skipped]
        if self.unknown:
            names = ", ".join(f"'{name}'" for name in self.unknown)
            said.append(f"it cannot be told whose network {names} shares, because Docker does not show it")
        return said


def list_containers(client: Any, *, networks: bool = False) -> Listing:
    """Every container, by one list.

    `networks`: also whose network each shares, and the name of the image that it was created from, by an inspect where
    the list lacks one of them (Podman has no networks there, and Docker an image's id once its name is another's).
    Raises docker's and requests' errors for a request that fails, and NoEngineError for an answer that is no list.
    """
    try:
        answer = client.containers(all=True)
    except RecursionError:  # lists in lists, thousands deep
        answer = None
    if not isinstance(answer, list):
        raise NoEngineError("Docker's list of containers is none of a Docker engine")
    found, skipped = _read(answer)
    if not networks:
        return Listing(tuple(found), tuple(skipped))
    full = [one if one.network_mode and not is_image_id(one.image) else _in_full(client, one) for one in found]
    unknown = tuple(one.name for one in full if one and not one.network_mode)
    return Listing(tuple(one for one in full if one), tuple(skipped), unknown)


def _read(answer: Iterable[Any]) -> tuple[list[ListedContainer], list[Skipped]]:
    found, skipped = [], []
    for raw in answer:
        try:
            found.append(listed(raw))
        except MALFORMED as error:
            skipped.append(Skipped(_ident(raw), _reason(raw, error)))
    return found, skipped


def _in_full(client: Any, one: ListedContainer) -> ListedContainer | None:
    """The container by an inspect; as the list shows it where that fails; None if it is gone by then."""
    try:
        return inspected(client.inspect_container(one.id))
    except OSError as error:  # docker's and requests' errors descend from it
        response = getattr(error, "response", None)
        if response is None:
            raise
        return None if is_absent(error) else one
    except MALFORMED:
        return one


def _ident(raw: Any) -> str:
    ident = raw.get("Id") if isinstance(raw, Mapping) else None
    return ident if isinstance(ident, str) and ident.isascii() and ident.isprintable() else ""


def _reason(raw: Any, error: Exception) -> str:
    if isinstance(raw, Mapping) and not raw.get("Names"):
        return "it has no name, as one that Docker could not remove completely"
    return f"{type(error).__name__}: {str(error)[:80]!a}"

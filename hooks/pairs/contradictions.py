"""What tables, settings and the server say of one thing, each something else; a sentence says whose word counts.

`doubts` asks it. Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator

from hooks.config.settings import Settings
from hooks.images.roles import by_image
from hooks.pairs.model import Client, Gluetun
from hooks.pairs.pairs import Pairs
from hooks.rules.servers import heading
from hooks.rules.table import Table
from hooks.world.model import World


def contradictions(world: World, settings: Settings, pairs: Pairs, table: Table) -> Iterator[str]:
    """The sentences, each without full stop."""
    yield from _roles(world, settings, table)
    yield from _gluetuns_of_clients(world, pairs, table)
    yield from _one_address(world, pairs)


def _roles(world: World, settings: Settings, table: Table) -> Iterator[str]:
    for name, role in table.roles.items():
        what = heading(role) + (f' with kind = "{role}"' if role != "gluetun" else "")
        others = [other for other, named in settings.containers.items() if named == name and other != role]
        for other in others:
            said = f"{other.upper()}_CONTAINER={name} says {other}"
            yield f"'{name}' has a {what}, and {said}: the table counts; correct one of them"
        container = world.containers.get(name)
        shown = by_image(container.image) if container else ""
        if container and shown not in ("", role) and not others:
            yield (
                f"'{name}' has a {what}, and its image {container.image} is {shown}: the table counts; "
                f"correct it, or take the table out"
            )


def _gluetuns_of_clients(world: World, pairs: Pairs, table: Table) -> Iterator[str]:
    for one in table.clients:
        if one.gluetun in world.containers and pairs.gluetun(one.gluetun) is None:
            yield (
                f"the [[client]] of '{one.container}' says gluetun = \"{one.gluetun}\", and that container is no "
                f'gluetun: it gets no port; write gluetun = "{pairs.gluetuns[0].name}", or leave the key out'
            )


def _one_address(world: World, pairs: Pairs) -> Iterator[str]:
    first = dict[str, str]()
    everyone: tuple[Gluetun | Client, ...] = (*pairs.gluetuns, *pairs.clients())
    for one in everyone:
        container = world.containers.get(one.name)
        if container is None or not container.running:
            continue  # one that is stopped may have the same port
        other = first.setdefault(one.url, one.name)
        if other != one.name:
            yield (
                f"'{other}' and '{one.name}' are both reached at {one.url}, and only one of them can be; give one of "
                f"them another port, or correct the url in its table"
            )

"""What does not fit together: names that nobody has, two where one is meant, a role that rules need and nobody has.

Said at the start, after each reload, and by `gluehook check --live`. Each is one sentence without full stop that says
who, what happens now, and the line to write.

Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hooks.config.settings import Settings
from hooks.events.wording import did_you_mean
from hooks.images.roles import ONE_IS_MEANT, PROGRAMS, TORRENT_CLIENTS, by_image, by_name, usual_names
from hooks.pairs.access import chosen
from hooks.pairs.contradictions import contradictions
from hooks.pairs.pairs import Pairs
from hooks.pairs.port_files import port_files
from hooks.pairs.rule_names import names_of_rules
from hooks.pairs.rule_roles import needed_roles
from hooks.rules.servers import heading
from hooks.rules.table import Table
from hooks.world.model import World

_SEVERAL = ("gluetun", *TORRENT_CLIENTS)  # roles of which a server may have several


def doubts(world: World, settings: Settings, table: Table, own_id: str = "", *, closely: bool = False) -> list[str]:
    """The sentences, none where everything fits. `closely`: also of any name in a rule that nobody has."""
    return [
        *_names_of_settings(world, settings), *_left_alone(world, settings),
        *unclear_roles(world, settings, table, own_id, closely=closely),
    ]  # fmt: skip


def unclear_roles(
    world: World, settings: Settings, table: Table, own_id: str = "", *, closely: bool = False
) -> list[str]:
    """As `doubts`, without those about settings that name a container: the doctor has a check for them."""
    files = port_files(world, settings, own_id, table)
    main, *others = files
    world = world.with_forwarders(main, others)  # as it is where the ports are followed
    pairs = Pairs(world, settings, own_id, table)
    is_owned = _is_owned(world, settings, own_id, table)
    return [
        *_names_of_tables(world, table), *contradictions(world, settings, pairs, table),
        *_ambiguous(world, settings, pairs, file_is_owned=is_owned), *_without_gluetun(world, pairs),
        *needed_roles(world, settings, table), *names_of_rules(world, table, closely=closely),
    ]  # fmt: skip


def _names_of_settings(world: World, settings: Settings) -> Iterator[str]:
    for role, name in settings.containers.items():
        if name in world.containers:
            continue
        setting, alike = f"{role.upper()}_CONTAINER", _of_image(world, role)
        said = f"{setting} names '{name}', and no container has that name"
        if alike:
            yield f"{said}: {_shown(world, alike)}; write {setting}={alike[0]}, or leave the setting out"
        else:
            yield f"{said}{did_you_mean(name, world.containers, ' ({})')}; correct it, or leave the setting out"


def _names_of_tables(world: World, table: Table) -> Iterator[str]:
    for one in (*table.gluetuns, *table.clients):
        for name in filter(None, (one.container, one.gluetun)):
            if name not in world.containers:
                alike = _of_image(world, one.role if name == one.container else "gluetun")
                near = did_you_mean(name, world.containers) or (_shown(world, alike) if alike else "")
                key = "container" if name == one.container else "gluetun"
                said = f'a {one.heading} says {key} = "{name}", and no container has that name'
                yield f"{said}: {near}" if near else f"{said}; correct it, or take the table out"


def _left_alone(world: World, settings: Settings) -> Iterator[str]:
    for role, name in settings.containers.items():
        others = [one for one in _of_image(world, role) if one != name and not world.containers[one].role]
        if name in world.containers and others:
            setting = f"{role.upper()}_CONTAINER"
            yield (
                f"{setting} chooses '{name}', so that {_shown(world, others)} is left alone; to look after all of "
                f"them, take {setting} out"
            )


def _is_owned(world: World, settings: Settings, own_id: str, table: Table) -> bool:
    """Whether mounts or tables show whose file FORWARDED_PORT_FILE is."""
    without = replace(settings, forwarded_port_file=Settings().forwarded_port_file)
    return settings.forwarded_port_file in port_files(world, without, own_id, table).values()


def _ambiguous(world: World, settings: Settings, pairs: Pairs, *, file_is_owned: bool) -> Iterator[str]:
    for role in _SEVERAL:
        found = [one.name for one in (pairs.gluetuns if role == "gluetun" else pairs.clients(role))]
        set_here = [name.upper() for name in _about_one(role, file_is_owned) if chosen(settings, name)]
        if len(found) > 1 and set_here and role not in settings.containers:
            are, they, them = ("is", "it is", "it") if len(set_here) == 1 else ("are", "they are", "them")
            several = f"{_listed(found)} are {PROGRAMS[role]}"
            taken = f"{_joined(set_here)} {are} set, and {several}: {they} taken for '{found[0]}'"
            yield (
                f"{taken}; if that is wrong, leave {them} out and write a {heading(role)} with "
                f'container = "…" for the one that {they} about'
            )
    for role in ONE_IS_MEANT:
        found = list(world.roles.get(role, ()))
        if len(found) > 1 and not any(name in usual_names(role) for name in found):
            line = f"write WIREGUARD_CONTAINER={found[0]}" if role == "wireguard" else (
                f'write container = "{found[0]}" instead of role = "adguard" in the rules'
            )  # fmt: skip
            yield f"{_listed(found)} are {PROGRAMS[role]}, and one is meant; {line}, if that is it"


def _about_one(role: str, file_is_owned: bool) -> tuple[str, ...]:
    if role != "gluetun":
        return (f"{role}_url",)
    return ("gluetun_url",) if file_is_owned else ("forwarded_port_file", "gluetun_url")


def _without_gluetun(world: World, pairs: Pairs) -> Iterator[str]:
    if len(pairs.gluetuns) < 2:
        return
    for client in pairs.clients():
        # one whose table names a container that is no gluetun is a contradiction
        if pairs.gluetun(client.gluetun) is None and client.gluetun not in world.containers:
            names = _listed([one.name for one in pairs.gluetuns])
            yield (
                f"'{client.name}' ({PROGRAMS[client.kind]}) shares the network of no gluetun, and there are {names}: "
                f'it gets no port; write [[client]] with kind = "{client.kind}", container = "{client.name}" and '
                f'gluetun = "{pairs.gluetuns[0].name}", or the other one'
            )


def _of_image(world: World, role: str) -> list[str]:
    alike = (one for one in world.containers.values() if role in (by_image(one.image), by_name(one.name, one.service)))
    return sorted(one.name for one in alike)


def _shown(world: World, names: Iterable[str]) -> str:
    return _joined([f"'{name}' ({world.containers[name].image})" for name in names])


def _listed(names: Iterable[str]) -> str:
    return _joined([f"'{name}'" for name in names])


def _joined(words: list[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))

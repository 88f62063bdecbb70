"""Roles that rules need and nobody has.

Without a gluetun, or without any torrent client, gluehook has nothing to do, and its runs fail: `doubts` says that. A
rule for another role is idle until a container has it, which is normal: owners keep the shipped rules as they are.
Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterator

from hooks.config.settings import Settings
from hooks.images.roles import PROGRAMS, TORRENT_CLIENTS
from hooks.pairs.access import chosen
from hooks.rules.matching import OneOf
from hooks.rules.table import Entry, Rule, Table
from hooks.world.model import World


def needed_roles(world: World, settings: Settings, table: Table) -> Iterator[str]:
    """A sentence for each role that nobody has and without which gluehook has nothing to do."""
    known = _Known(world, settings)
    said = set[tuple[str, ...]]()
    for rule, entry in _entries(table):
        if (roles := known.missing(entry)) and roles not in said and known.is_needed(roles):
            said.add(roles)
            yield f"no container is {_either(roles)}, which rule {rule.name} needs; {_line(roles[0])}"


def idle_rules(world: World, settings: Settings, table: Table) -> list[str]:
    """A sentence for each rule that waits for a role that nobody has, where a server may well do without it."""
    known = _Known(world, settings)
    found = dict[str, list[tuple[str, ...]]]()
    for rule, entry in _entries(table):
        if (roles := known.missing(entry)) and not known.is_needed(roles):
            found.setdefault(rule.name, []).append(roles)
    count = {rule.name: len(rule.on) for rule in table.rules}
    return [
        f"rule {name} is idle{'' if len(missing) == count[name] else ' in part'}: no container is "
        f"{_either(tuple(dict.fromkeys(role for roles in missing for role in roles)))}; {_line(missing[0][0])}"
        for name, missing in found.items()
    ]


class _Known:
    """Which roles somebody has in this world, by these settings."""

    def __init__(self, world: World, settings: Settings) -> None:
        self._world, self._settings = world, settings

    def missing(self, entry: Entry) -> tuple[str, ...]:
        """The roles that the entry needs, if nobody has any of them."""
        match = entry.match.get("role")
        roles = match.values if isinstance(match, OneOf) else ()
        # one whose setting names nobody is said by that, with another line to write
        return () if any(self._is_known(role) or role in self._settings.containers for role in roles) else roles

    def is_needed(self, roles: tuple[str, ...]) -> bool:
        """Whether gluehook has nothing to do without them."""
        if "gluetun" in roles:
            return True
        of_clients = any(role in TORRENT_CLIENTS for role in roles)
        return of_clients and not any(self._is_known(role) for role in TORRENT_CLIENTS)

    def _is_known(self, role: str) -> bool:
        # one with a URL of its own may be no container
        return role in self._world.roles or bool(chosen(self._settings, f"{role}_url"))


def _entries(table: Table) -> Iterator[tuple[Rule, Entry]]:
    return ((rule, entry) for rule in table.rules if rule.enabled for entry in rule.on)


def _either(roles: tuple[str, ...]) -> str:
    return " or ".join(PROGRAMS[role] for role in roles)


def _line(role: str) -> str:
    line = f"{role.upper()}_CONTAINER=…" if role != "adguard" else 'container = "…" in the rule'
    return f"if there is one with an image of its own, write {line}"

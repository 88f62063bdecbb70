"""Containers that rules name and nobody has, as in a rules file of a server with the usual names.

`doubts` asks it. Guaranteed: pure, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from hooks.images.roles import by_name
from hooks.rules.conditions import AnyHolds, Condition, ContainerIs
from hooks.rules.matching import OneOf
from hooks.rules.table import Rule, Table
from hooks.world.model import World


def names_of_rules(world: World, table: Table, *, closely: bool) -> Iterator[str]:
    """The sentences. `closely`: also of names that say no role that another container has."""
    for rule in (rule for rule in table.rules if rule.enabled):
        for key, names, line in dict.fromkeys((*_of_events(rule), *_of_conditions(rule.only_if), *_of_steps(rule))):
            if any(name in world.containers for name in names):
                continue
            role = next((found for name in names if (found := by_name(name)) and found in world.roles), "")
            said = f'rule {rule.name} says {key} = "{names[0]}", and no container has that name'
            if role:
                others = " and ".join(f"'{name}'" for name in sorted(world.roles[role]))
                write = line.format(role=role, first=min(world.roles[role]))
                yield f"{said}: {others} {'is' if len(world.roles[role]) == 1 else 'are'} {role}; write {write} instead"
            elif closely:
                yield f"{said}; correct it, or take the rule out if the container is gone"


def _of_events(rule: Rule) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for entry in rule.on:
        match = entry.match.get("container")
        if isinstance(match, OneOf) and entry.event.startswith(("container.", "port.")):
            yield "container", tuple(map(str, match.values)), 'role = "{role}"'


def _of_conditions(conditions: Iterable[Condition]) -> Iterator[tuple[str, tuple[str, ...], str]]:
    """The containers that must be there for conditions to hold; within `not` an absent one is as good."""
    for one in conditions:
        if isinstance(one, ContainerIs) and isinstance(one.container, str) and "absent" not in one.standings:
            yield "container", (one.container,), 'role = "{role}"'
        elif isinstance(one, AnyHolds):
            yield from _of_conditions(one.conditions)


def _of_steps(rule: Rule) -> Iterator[tuple[str, tuple[str, ...], str]]:
    for step in rule.do:
        container = step.args.get("container")
        for name in container if isinstance(container, list) else [container]:
            if isinstance(name, str) and name:
                yield "container", (name,), 'container = "{first}" or "${{event.container}}"'
        of = step.args.get("of")
        if step.use == "containers.rejoin" and isinstance(of, str) and of != "*":
            yield "of", (of,), 'of = "*"'

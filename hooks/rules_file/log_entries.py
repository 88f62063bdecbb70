"""Checks entries of `on` for container.log: which lines of which containers, and the groups that their regex names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from hooks.events.catalogue import CATALOGUE, EventType
from hooks.rules.log_groups import LOG, names
from hooks.rules.matching import Match
from hooks.rules.table import Entry
from hooks.rules_file.errors import quoted
from hooks.rules_file.node import Node

_WHICH = ("container", "role", "labels", "service", "project", "image", "gluetun", "id")
_TAKEN = frozenset({*CATALOGUE[LOG].fields, "type", "subject"})


def check(node: Node, kind: EventType, match: Mapping[str, Match]) -> None:
    """Report what an entry for container.log lacks, and groups whose names are taken. Does nothing for other events."""
    if kind.name != LOG:
        return
    if not any(node.has(name) for name in _WHICH):
        said = "a container.log must say whose log it is about: only the logs of these containers are read"
        hint = 'write container = "sonarr", a glob such as container = "web-*", a role or labels'
        node.report("log-of-what", "event", said, hint)
    if not node.has("line"):
        said = "a container.log must say which lines it is about"
        hint = 'write line = "*some text*", or line = { regex = ".*some text: (?P<name>.+)" }'
        node.report("log-of-what", "event", said, hint)
    for group in sorted(names(match.get("line")) & _TAKEN):
        said = f"the group {quoted(group)} has the name of a field of {LOG}, so ${{event.{group}}} would be that field"
        node.report("bad-match", "line", said, f"call it otherwise, such as (?P<the_{group}>…)")


def groups(entries: Iterable[Entry]) -> frozenset[str]:
    """The groups that every entry for container.log has."""
    found = [names(entry.match.get("line")) for entry in entries if entry.event == LOG]
    return frozenset.intersection(*found) if found else frozenset()

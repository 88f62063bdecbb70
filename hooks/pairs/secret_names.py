"""Secrets that tables and rules name and that have no value, and secrets whose file cannot be used.

Said at the start, after each reload, by `gluehook check --live` and by the doctor. Each is one sentence without full
stop that says who needs it, what was looked at, what happens now, and what to do.

Guaranteed: pure but for `find`, and nothing is raised.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from hooks.config.missing_secrets import Missing
from hooks.config.settings import SECRETS
from hooks.rules.placeholders import templates
from hooks.rules.table import Rule, Table

Find = Callable[[str], Missing | None]


def secrets_without_value(table: Table, find: Find) -> Iterator[str]:
    """The sentences. `find` says what is wrong about the secret of a name."""
    for one in (*table.gluetuns, *table.clients):
        for key in ("password", "api_key"):
            if (name := getattr(one, key)) and (found := find(name)):
                yield _sentence(f"the {one.heading} of '{one.container}' has {key} = \"${{secret:{name}}}\"", found,
                                "gluehook signs in there without it")  # fmt: skip
    for rule in (rule for rule in table.rules if rule.enabled):
        for name in _named(rule):
            if found := find(name):
                yield _sentence(f"rule {rule.name} needs ${{secret:{name}}}", found, "that step is skipped")
    for name in SECRETS:  # of these one that nobody has set is not missed
        if (found := find(name)) and found.file_is_wrong:
            yield f"secret {name}: {found.seen}; until then what needs it fails: {found.cure}"


def _sentence(who: str, found: Missing, effect: str) -> str:
    if found.file_is_wrong:
        return f"{who}, and {found.seen}; until then what needs it fails: {found.cure}"
    return f"{who}, and that secret has no value: {found.seen}; until then {effect}: {found.cure}"


def _named(rule: Rule) -> list[str]:
    found = (part for step in rule.do for text in templates(step.args) for part in text.placeholders)
    return list(dict.fromkeys(part.path for part in found if part.root == "secret"))

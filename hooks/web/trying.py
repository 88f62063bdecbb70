"""Tries without doing: an event with the rules in force, and the events of the last day with a pasted rules file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from hooks.control import client
from hooks.control.server import Refused
from hooks.events import jsonl
from hooks.web.children import ChildError, Children
from hooks.web.pages.trials import Explained, Replayed, explained, replayed
from hooks.web.views import Views
from hooks.workbench import event_words

LONGEST_RULES = 262_144  # characters of a pasted file
LONGEST_EVENT = 32_768
_WITHIN_S = 30.0
_SINCE = "24h"


def explain(views: Views, text: str) -> Explained:
    """What the rules in force would do with the event of this text: words, or a line of a recording."""
    if len(text) > LONGEST_EVENT:
        return explained((), problem=f"the event is longer than {LONGEST_EVENT:,} characters")
    line = text.strip()
    try:
        event = event_words.read([line] if line.startswith("{") else line.split())
        items, said = views.runner.ask("explain", event=json.loads(jsonl.dumps(event)))
    except event_words.EventSyntaxError as wrong:
        return explained((), problem=str(wrong))
    except (client.NotRunning, Refused) as why:
        return explained((), problem=str(why))
    return explained(items, said)


def replay(children: Children, pasted: str, in_force: str = "", *, within_s: float = _WITHIN_S) -> Replayed:
    """What the pasted rules would have decided in the last 24 h; only what is different from `in_force` if that is
    given.
    """
    compared = bool(in_force)
    if len(pasted) > LONGEST_RULES:
        return replayed((), problem=f"the rules file is longer than {LONGEST_RULES:,} characters", compared=compared)
    files = [pasted, *([in_force] if in_force else [])]
    try:
        if errors := _errors(children, pasted, within_s):
            return replayed((), problem=errors, compared=compared)
        which = ("--rules", "{1}", "--compare", "{0}") if in_force else ("--rules", "{0}")
        with children.run("replay", "--json", "--since", _SINCE, *which, within_s=within_s, files=files) as child:
            found = replayed(child.records(), pasted=child.paths[0], compared=compared)
            _, said = child.end()
            return replace(found, said=_named(said, child.paths))
    except ChildError as why:
        return replayed((), problem=f"the replay has no result: {why}", compared=compared)


def _errors(children: Children, pasted: str, within_s: float) -> str:
    """What is wrong with the rules, "" if nothing is."""
    with children.run("check", "{0}", within_s=within_s, files=[pasted]) as child:
        text = child.text()
        code, said = child.end()
        return _named(f"{text}\n{said}".strip(), child.paths) if code else ""


def _named(text: str, paths: Sequence[str]) -> str:
    for path, name in zip(paths, ("the pasted rules", "the rules in force"), strict=False):
        text = text.replace(path, name)
    return text

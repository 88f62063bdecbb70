"""Small rules files, written as an owner would."""

from __future__ import annotations

from handlers import HANDLERS
from hooks.rules.table import Table
from hooks.rules_file import reader


def rule(name: str, on: str = '"container.oom"', do: str = '"gluetun.restart_vpn"', more: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\non = {on}\ndo = {do}\n{more}\n'


def file_of(*rules: str) -> str:
    return "version = 1\n" + "".join(rules)


def table_of(text: str) -> Table:
    """The table of a text without its version line."""
    found = reader.read("version = 1\n" + text, "rules.toml", HANDLERS)
    assert isinstance(found, Table), [one.sentence for one in found]
    return found


TICK = rule("tick", '{ event = "timer.tick", every = "1h" }')
WRONG = file_of(TICK.replace("timer.tick", "timer.tock"), rule("b", do='"gluetun.restart_vqn"'))

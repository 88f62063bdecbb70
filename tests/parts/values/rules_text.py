"""Small rules files, written as an owner would."""

from __future__ import annotations


def rule(name: str, on: str = '"container.oom"', do: str = '"gluetun.restart_vpn"', more: str = "") -> str:
    return f'[[rule]]\nname = "{name}"\non = {on}\ndo = {do}\n{more}\n'


def file_of(*rules: str) -> str:
    return "version = 1\n" + "".join(rules)


TICK = rule("tick", '{ event = "timer.tick", every = "1h" }')
WRONG = file_of(TICK.replace("timer.tick", "timer.tock"), rule("b", do='"gluetun.restart_vqn"'))

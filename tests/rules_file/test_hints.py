"""What an error tells the owner to write instead, where that depends on what was written."""

from __future__ import annotations

import pytest

from hooks.events.catalogue import CATALOGUE
from hooks.rules_file import reader
from tests.parts.values.small_handlers import SMALL_HANDLERS

RULE = '[[rule]]\nname = "a"\non = "container.die"\ndo = "gluetun.restart_vpn"\n'


def hints(*changed: tuple[str, str]) -> list[str]:
    """The hints of a good rule after these replacements."""
    text = RULE
    for old, new in changed:
        text = text.replace(old, new)
    found = reader.read("version = 1\n" + text, "rules.toml", SMALL_HANDLERS)
    return [one.hint for one in found] if isinstance(found, list) else []


@pytest.mark.parametrize(("event", "hint"), [
    ("port.gone", f"these exist: {', '.join(kind for kind in CATALOGUE if kind.startswith('port.'))}"),
    ("image.qqqqqqq", "`gluehook events` lists all of them"),
    ("nothing", "`gluehook events` lists all of them"),
    ("containers.die", "did you mean 'container.die'?"),
])  # fmt: skip
def test_of_an_unknown_event(event: str, hint: str) -> None:
    assert hints(("container.die", event)) == [hint]


@pytest.mark.parametrize(("name", "hint"), [
    ("Café Zürich 2", "caf-z-rich-2"), ("--", "restart-web"), ("Heal_VPN", "heal-vpn"),
])  # fmt: skip
def test_of_a_bad_name(name: str, hint: str) -> None:
    assert hints(('"a"', f'"{name}"')) == [f'write small letters, digits and single hyphens: name = "{hint}"']


@pytest.mark.parametrize(("placeholder", "hint"), [
    ("${xyz.port}", "write ${event.…}, ${state.…}, ${run.…} or ${secret:NAME}"),
    ("${evnt.container}", "did you mean ${event.container}?"),
    ("${stat.port}", "did you mean ${state.port}?"),
])  # fmt: skip
def test_of_an_unknown_placeholder(placeholder: str, hint: str) -> None:
    step = f'{{ use = "containers.restart", container = "{placeholder}" }}'
    assert hints(('"gluetun.restart_vpn"', step)) == [hint]


@pytest.mark.parametrize("field", ["container", "old_name"])
def test_of_a_container_name_with_a_slash(field: str) -> None:
    entry = f'{{ event = "container.rename", {field} = "/db" }}'
    assert hints(('"container.die"', entry)) == ['write it without /: "db"']


@pytest.mark.parametrize(
    ("old", "new", "hint"),
    [
        ("[[rule]]", "\ufeff[[rule]]", "delete it, or write an ordinary blank there"),  # two files in one
        ("name =", "name\u00a0=", "delete it, or write an ordinary blank there"),
        ("on = ", "\u200bon = ", "delete it, or write an ordinary blank there"),
        ("die", "di\x1ae", "delete it, or write an ordinary blank there"),
        ('restart_vpn"\n', 'restart_vpn"\n\0', "delete it, or write an ordinary blank there"),
        ('"a"\n', '"a"\r', "save it with the line ends of Linux or Windows"),
        ('"a"', "\u201ca\u201d", 'write straight quotes: "text"'),
        ('"a"', "\u00aba\u00bb", 'write straight quotes: "text"'),
    ],
)
def test_of_a_character_that_an_editor_does_not_show_as_it_is(old: str, new: str, hint: str) -> None:
    assert hints((old, new)) == [hint]

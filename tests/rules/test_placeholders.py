"""Placeholders: how they are read, and what they become."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.rules.placeholders import Empty, Placeholder, Template, parse, render, templates, walk

WORLD = {
    "event": {
        "port": 51413,
        "ports": [1, 2],
        "labels": {"com.x.y": "yes", "com.x": {"y": "no"}, "a": "b"},
        "none": None,
    },
    "state": {"port": None, "ports": []},
    "run": {"said": "done"},
    "secret": {"KEY": "s3cret", "BLANK": ""},
}


def look(placeholder: Placeholder) -> Any:
    """What the world of these tests says."""
    return walk(WORLD[placeholder.root], placeholder.path)


@pytest.mark.parametrize("text", ["", "plain", "$", "{x}", "$ {event.port}", "$event.port", "$()"])
def test_a_text_without_placeholder_stays_itself(text: str) -> None:
    assert parse(text) == text


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("${event.port}", (Placeholder("event", "port"),)),
        ("a${state.ports.1}b", ("a", Placeholder("state", "ports.1"), "b")),
        ("${secret:KEY}${run.said}", (Placeholder("secret", "KEY"), Placeholder("run", "said"))),
        ("$${event.x}}", ("$", Placeholder("event", "x"), "}")),
        ("${event.labels.com.x-y:z}", (Placeholder("event", "labels.com.x-y:z"),)),
    ],
)
def test_a_text_with_placeholders_is_a_template(text: str, parts: tuple[str | Placeholder, ...]) -> None:
    template = parse(text)
    assert isinstance(template, Template)
    assert template.parts == parts
    assert "".join(map(str, template.parts)) == text


@pytest.mark.parametrize("text", ["${}", "${port}", "${event}", "${event.}", "${env:X}", "${secret.X}", "${ event.x }"])
def test_a_bad_placeholder_is_named(text: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the message is the placeholder itself
        parse(f"a {text} b")
    assert str(refused.value) == text


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${event.port}", 51413),
        ("${event.ports}", [1, 2]),
        ("${event.ports.1}", 2),
        ("port ${event.port}", "port 51413"),
        ("${event.labels.com.x.y}", "yes"),
        ("${event.labels.a}${secret:KEY}", "bs3cret"),
        ("${run.said}", "done"),
    ],
)
def test_one_alone_keeps_its_type(text: str, value: Any) -> None:
    assert render(parse(text), look) == value


@pytest.mark.parametrize(
    "text", ["${state.port}", "x ${event.none}", "${event.ports.2}", "${secret:BLANK}", "${event.port.x}"]
)
def test_what_is_empty_says_so(text: str) -> None:
    with pytest.raises(Empty, match=r"^\$\{"):
        render(parse(text), look)


def test_they_are_filled_at_any_depth() -> None:
    value = {"a": ["x", parse("${event.port}")], "b": {"c": (parse("${run.said}!"),)}, "d": 1}
    assert render(value, look) == {"a": ["x", 51413], "b": {"c": ["done!"]}, "d": 1}
    assert [str(one.placeholders[0]) for one in templates(value)] == ["${event.port}", "${run.said}"]

"""Placeholders: how they are read, and what they become."""

from __future__ import annotations

import json
import pickle
from contextlib import suppress
from typing import Any

import pytest

from hooks.events.catalogue import Event
from hooks.rules.filters import FilterError
from hooks.rules.placeholders import Empty, Placeholder, Template, canonical, parse, render, templates, walk
from hooks.rules.table import Rule

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


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("${event.none | default('none')}", "none"), ("${event.absent|default(\"it's {not} there | a\")}!",
                                                      "it's {not} there | a!"),
        ("${event.none | default(0)}", 0), ("${event.none | default( -12 )}", -12),
        ("${event.none | default(true)}", True), ("is ${event.none | default(false)}", "is false"),
        ("${event.port | default('none')}", 51413), ("${event.none | default('a|b')}", "a|b"),
        ("a${event.none | default('')}b", "ab"), ("${secret:BLANK | default(\"\")}", ""),
        ("${event.none | default('x') | default('y')}", "x"), ("${event.none | upper | default('y')}", "y"),
        ("${event.none | default('straße') | upper}", "STRASSE"), ("${run.said | upper | lower | upper}", "DONE"),
        ("${secret:KEY|upper}", "S3CRET"), ("${event.labels.a | json}", '"b"'),
        ("${event.ports | json}", "[1, 2]"), ("it is ${event.labels | json }",
                                             'it is {"com.x.y": "yes", "com.x": {"y": "no"}, "a": "b"}'),
        ("${event.port | json}", "51413"), ("${event.labels | json | json}",
                                            json.dumps('{"com.x.y": "yes", "com.x": {"y": "no"}, "a": "b"}')),
    ],
)  # fmt: skip
def test_a_filter_makes_something_of_the_value(text: str, value: Any) -> None:
    template = parse(text)
    assert isinstance(template, Template)
    assert template.render(look) == value
    assert type(template.render(look)) is type(value)
    assert parse(canonical(text)) == template
    assert canonical(canonical(text)) == canonical(text)
    assert pickle.loads(pickle.dumps(template)) == template


@pytest.mark.parametrize(
    ("key", "is_"),
    [("${event.port | default('x')}", "5"), ("${event.old_port | default(true)}", "true"), ("${event.ports}", "[5, 6]"),
     ("${event.gluetun | upper}", "VPN"), ("${event.old_port | json}", "vpn"), ("${event.labels}", '{"a": "b"}')],
)  # fmt: skip
def test_a_key_is_a_text(key: str, is_: str) -> None:
    event = Event("x", "vpn", 1, data={"port": 5, "ports": [5, 6], "gluetun": "vpn", "labels": {"a": "b"}})
    assert Rule("r", (), (), key=parse(key)).key_of(event) == is_


@pytest.mark.parametrize(
    "text", ["${event.none | upper}", "${event.none | json}", "${secret:BLANK | json}", "${event.absent | lower}"]
)
def test_a_filter_makes_nothing_of_what_is_empty(text: str) -> None:
    with pytest.raises(Empty, match=r"^\$\{"):
        render(parse(text), look)


@pytest.mark.parametrize("text", ["${secret:KEY | upper}", "a ${event.port | json | lower} b"])
def test_what_is_not_known_stays_with_its_filters(text: str) -> None:
    assert render(parse(text), lambda one: one) == text


@pytest.mark.parametrize(
    ("behind", "said"),
    [
        ("| uper", "there is no filter 'uper'; did you mean 'upper'?"), ("| UPPER", "there is no filter 'UPPER'"),
        ("| default", "default does not say what it gives"), ("| default()", "default does not say what it gives"),
        ("| default( )", "default does not say what it gives"), ("| default(none)", "default(…) gives no text"),
        ("| default('a)", "default(…) gives no text"), ("| default(1.5)", "default(…) gives no text"),
        ("| default(٥)", "default(…) gives no text"), ("| default('a', 'b')", "default(…) gives no text"),
        ("| default 'a'", "default does not say"), ("| upper()", "| upper takes no value"),
        ("| json(2)", "| json takes no value"), ("|", "a | without a filter"), ("| upper |", "a | without a filter"),
        ("|| upper", "a | without a filter"), ("| upper lower", "what stands behind | upper is no filter"),
        ("| upper 'pw'", "what stands behind | upper is no filter"), ("| " + "x" * 100_000, "there is no filter 'xxx"),
        ("| default('${event.x}') | first", "there is no filter 'first'"),
    ],
    ids=lambda text: str(text)[:30],
)  # fmt: skip
def test_a_bad_filter_is_said(behind: str, said: str) -> None:
    with pytest.raises(ValueError) as refused:  # noqa: PT011 - the text is looked at
        parse(f"${{event.port {behind}}}")
    assert isinstance(refused.value, FilterError)
    assert str(refused.value).startswith(("| " + said, said))
    assert len(str(refused.value)) < 200


def test_a_long_chain_and_a_long_text_are_read_in_linear_time() -> None:
    chain = parse("${event.none" + " | upper" * 20_000 + " | default('x')}")
    assert render(chain, look) == "x"
    for piece in ("${event.x | default('", '${"', "${'", '${event.x | default("', "${"):
        with suppress(ValueError):
            parse(piece * 50_000)


def test_they_are_filled_at_any_depth() -> None:
    value = {"a": ["x", parse("${event.port}")], "b": {"c": (parse("${run.said}!"),)}, "d": 1}
    assert render(value, look) == {"a": ["x", 51413], "b": {"c": ["done!"]}, "d": 1}
    assert [str(one.placeholders[0]) for one in templates(value)] == ["${event.port}", "${run.said}"]

"""`do` of a rule that is good: what each argument becomes."""

from __future__ import annotations

import json
import tomllib
from dataclasses import dataclass
from typing import Any

import pytest

from hooks.rules.placeholders import Placeholder, Template
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.rules_file.arguments import arguments
from tests.parts.values.small_handlers import SMALL_HANDLERS
from tests.rules_file.test_reader import codes, rule


def filled(root: str, path: str) -> Template:
    """A text that is one placeholder."""
    return Template((Placeholder(root, path),))


@pytest.mark.parametrize(
    ("step", "args"),
    [
        ('use = "qbittorrent.set_port", port = 1', {"port": 1}),
        ('use = "qbittorrent.set_port", port = "${event.port}"', {"port": filled("event", "port")}),
        ('use = "qbittorrent.set_port", port = "${state.ports.1}"', {"port": filled("state", "ports.1")}),
        (
            'use = "containers.restart", container = "${event.port}", stop_timeout = "90s"',
            {"container": Template(("", Placeholder("event", "port"))), "stop_timeout": 90.0},
        ),
        ('use = "containers.restart", container = "c", stop_timeout = "0s"', {"container": "c", "stop_timeout": 0.0}),
        (
            'use = "notify.send", title = "port ${event.ports.0}!", message = "$ {x}", urls = ["a", "${secret:URL}"]',
            {
                "title": Template(("port ", Placeholder("event", "ports.0"), "!")),
                "message": "$ {x}",
                "urls": ["a", filled("secret", "URL")],
            },
        ),
        (
            'use = "webhook.post", url = "u", method = "PUT", rate = 2, follow = true, headers.a = "${event.type}"',
            {"url": "u", "method": "PUT", "rate": 2, "follow": True, "headers": {"a": filled("event", "type")}},
        ),
    ],
)
def test_an_argument_is_what_the_handler_takes(step: str, args: dict[str, Any]) -> None:
    assert rule(f'on = "port.forwarded"\ndo = {{ {step} }}').do[0].args == args


_SEND = "use = 'notify.send', message = 'm', title ="
_PORT = "use = 'qbittorrent.set_port', port ="


@pytest.mark.parametrize(
    ("on", "step", "wrong"),
    [
        ("port.changed", _SEND + "'''${event.port | default('a|b')}'''", []),
        ("port.changed", _PORT + "'${event.old_port | default(1)}'", []),
        ("port.changed", _PORT + "'''${event.old_port | default('none')}'''", ["placeholder-type"]),
        ("port.changed", _PORT + "'${event.old_port | json}'", ["placeholder-type"]),
        ("port.forwarded", _SEND + "'${event.ports | json} ${state.ports | json}'", []),
        ("port.forwarded", _SEND + "'${event.ports | lower}'", ["placeholder-filter"]),
        ("port.changed", _SEND + "'''${event.old_port | default('x') | upper}'''", ["placeholder-filter"]),
        ("port.changed", _SEND + "'${event.port | ${event.old_port}}'", ["placeholder-syntax"]),
        ("container.die", _SEND + "'${event.labels | json | upper}'", []),
        ("container.die", _SEND + "'''${event.labels | default('none')}'''", ["placeholder-type"]),
        ("container.start", _SEND + "'''${event.exit_code | default('none')}'''", ["placeholder-unknown"]),
        ('["container.start", "container.die"]', _SEND + "'''${event.exit_code | default('none')}'''", []),
        ("container.die", _SEND + "'''${run.said | default('x')}'''", ["placeholder-misplaced"]),
        ("container.die", _SEND + "'''${secret:A | default('x')}'''", ["secret-in-clear"]),
        ("container.die", _SEND + "'${secret:A|json}'", []),
    ],
    ids=str,
)
def test_a_filter_has_the_type_of_what_it_makes(on: str, step: str, wrong: list[str]) -> None:
    on = on if on.startswith("[") else f'"{on}"'
    assert codes(f'[[rule]]\nname = "a"\non = {on}\ndo = {{ {step} }}\n') == wrong


@pytest.mark.parametrize(
    ("key", "wrong"),
    [
        ("${event.project | default('none') | upper}", []),
        ("${event.exit_code | upper}", ["placeholder-filter"]),
        ("${event.labels | json}", []),
        ("${secret:A | default('x')}", ["placeholder-misplaced"]),
    ],
)
def test_a_key_may_have_filters(key: str, wrong: list[str]) -> None:
    head = '[[rule]]\nname = "a"\non = "container.die"\ndo = "gluetun.restart_vpn"\n'
    assert codes(f"{head}key = '''{key}'''\n") == wrong


@dataclass(frozen=True)
class MixedArgs:
    level: int | str = 0
    value: Any = None


class Mixed(SMALL_HANDLERS["gluetun.restart_vpn"]):  # type: ignore[misc]
    name = "test.mixed"
    Args = MixedArgs


@pytest.mark.parametrize("level", [3, "high"])
def test_a_value_may_have_any_of_the_types_of_its_argument(level: int | str) -> None:
    text = f'[[rule]]\nname = "a"\non = "container.die"\ndo = {{ use = "test.mixed", level = {json.dumps(level)} }}'
    found = reader.read(f"version = 1\n{text}", "rules.toml", {"test.mixed": Mixed})
    assert isinstance(found, Table)
    assert found.rules[0].do[0].args == {"level": level}


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ("[1, { a = nan }]", "entry a of value of test.mixed is nan and should be a text, a number"),
        ("-inf", "value of test.mixed is -inf and should be"),
        ("2020-01-01", "is a date or time and should be"),
        ("{ a = [[07:32:00]] }", "entry 1 of value of test.mixed is a date or time"),
        ('[["${event.prt}"]]', "${event.prt} does not exist"),
        ('{ a = ["x ${event.ports}"] }', "takes a text, a number"),
    ],
)
def test_an_argument_of_any_type_takes_what_json_has(value: str, said: str) -> None:
    text = f'[[rule]]\nname = "a"\non = "port.forwarded"\ndo = {{ use = "test.mixed", value = {value} }}'
    found = reader.read(f"version = 1\n{text}", "rules.toml", {"test.mixed": Mixed})
    assert isinstance(found, list)
    assert said in found[0].sentence
    assert len(found) == 1


@pytest.mark.parametrize("value", ["1", "[1, 2]", "{ a = 1 }", "true"])
def test_an_argument_of_any_type_takes_every_value(value: str) -> None:
    text = f'[[rule]]\nname = "a"\non = "port.forwarded"\ndo = {{ use = "test.mixed", value = {value} }}'
    found = reader.read(f"version = 1\n{text}", "rules.toml", {"test.mixed": Mixed})
    assert isinstance(found, Table)
    assert found.rules[0].do[0].args == {"value": tomllib.loads(f"value = {value}")["value"]}


def test_a_type_that_no_argument_can_have_is_named_with_those_that_it_can() -> None:
    @dataclass(frozen=True)
    class SetArgs:
        names: set[str]

    with pytest.raises(
        TypeError, match=r"can be set\[str\]: use str, int, float, bool, Duration, Any, Literal, or a list"
    ):
        arguments(SetArgs)


def test_labels_fill_a_table_of_texts() -> None:
    said = rule('do = { use = "webhook.post", url = "${event.labels.com.x.y}", headers = "${event.labels}" }')
    assert said.do[0].args == {
        "url": Template((Placeholder("event", "labels.com.x.y"),)),
        "headers": Template((Placeholder("event", "labels"),)),
    }


def test_a_number_in_a_text_argument_arrives_as_text() -> None:
    step = rule('on = "port.forwarded"\ndo = { use = "containers.restart", container = "${event.port}" }').do[0]
    assert step.args["container"].render(lambda _: 51413) == "51413"


def test_a_later_step_may_say_what_the_one_before_said() -> None:
    said = rule('do = ["gluetun.restart_vpn", { use = "notify.send", title = "${run.id}", message = "${run.said}" }]')
    assert said.do[1].args["message"] == Template((Placeholder("run", "said"),))


def test_broken_events_do_not_make_good_placeholders_bad() -> None:
    body = '[[rule]]\nname = "a"\non = "port.forwared"\ndo = { use = "qbittorrent.set_port", port = "${event.port}" }\n'
    assert codes(body) == ["unknown-event"]


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("${ event.port }", "did you mean ${event.port}?"),
        ("${event.port }", "did you mean ${event.port}?"),
        ("${event . port}", "did you mean ${event.port}?"),
        ("${ port }", "did you mean ${event.port}?"),
        ("${ secret:KEY }", "write ${secret:KEY}"),
        ("${evnt.port}", "did you mean ${event.port}?"),
        ("${event.old port}", "write ${event.…}, ${state.…}, ${run.…} or ${secret:NAME}"),
    ],
)
def test_a_malformed_placeholder_is_answered_by_one_that_can_be_read(text: str, hint: str) -> None:
    head = 'version = 1\n[[rule]]\nname = "a"\non = "port.changed"\n'
    found = reader.read(f"{head}do = {{ {_SEND}'{text}' }}\n", "rules.toml", SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [one.hint for one in found] == [hint]

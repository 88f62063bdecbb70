"""The schema for editors: it takes what gluehook takes, and refuses what a schema can know to be wrong."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft7Validator

from handlers import HANDLERS
from hooks.events.catalogue import CATALOGUE
from hooks.rules.table import Table
from hooks.rules_file import reader
from hooks.workbench.json_schema import FILE_NAME, schema
from tests.handlers.completeness import missing
from tests.parts.places import TOP
from tests.parts.values.small_handlers import SMALL_HANDLERS

SCHEMA = schema(HANDLERS)
BROKEN = sorted((TOP / "tests/broken").glob("*.toml"))
# What words mean together, what is said elsewhere in the file, and text that is no TOML: no schema can know these.
BEYOND_A_SCHEMA = set(
    """duplicate-name escalates-itself for-needs-state for-or-debounce key-required placeholder-filter
    placeholder-syntax placeholder-type placeholder-unknown queued-cannot-wait repeat-needs-cooldown
    repeat-needs-for syntax test-checks-nothing test-never test-too-late unknown-rule when-changed-first""".split()
)


def good_texts() -> Iterator[Any]:
    """Every rules text of ours that gluehook takes: shipped, in docs/, in the tests' own sources."""
    fenced = re.compile(r"^```toml\n(.*?)^```", re.MULTILINE | re.DOTALL)
    quoted = re.compile(r'(?:"""|\'\'\')\\?\n?(version = 1\n.*?)(?:"""|\'\'\')', re.DOTALL)
    for file in [TOP / "README.md", *TOP.glob("docs/*.md"), *TOP.glob("tests/**/*.py")]:
        pattern = quoted if file.suffix == ".py" else fenced
        for number, found in enumerate(pattern.findall(file.read_text(encoding="utf-8")), 1):
            yield pytest.param(found, id=f"{file.relative_to(TOP)}-{number}")
    for file in [TOP / "rules.toml", *TOP.glob("docs/examples/*.toml"), *TOP.glob("tests/replays/*.toml")]:
        yield pytest.param(file.read_text(encoding="utf-8"), id=str(file.relative_to(TOP)))


@pytest.mark.parametrize("text", list(good_texts()))
def test_what_gluehook_takes_the_schema_takes(text: str) -> None:
    whole = text if "version =" in text else "version = 1\n" + text
    if isinstance(reader.read(whole, "rules.toml", HANDLERS), Table):
        errors = [
            f"{error.json_path}: {error.message[:300]}" for error in validator().iter_errors(tomllib.loads(whole))
        ]
        assert errors == []


def test_there_is_something_to_hold_against_it() -> None:
    good = [one for one in good_texts() if isinstance(reader.read(str(one.values[0]), "", HANDLERS), Table)]
    assert len(good) > len(HANDLERS)


@pytest.mark.parametrize("file", BROKEN, ids=lambda file: file.stem)
def test_what_a_schema_can_know_it_refuses(file: Path) -> None:
    if file.stem == "syntax":
        with pytest.raises(tomllib.TOMLDecodeError):
            tomllib.loads(file.read_text(encoding="utf-8"))
        return
    refused = not Draft7Validator(schema(SMALL_HANDLERS)).is_valid(tomllib.loads(file.read_text(encoding="utf-8")))
    assert refused == (file.stem not in BEYOND_A_SCHEMA)


def test_what_is_beyond_it_is_there() -> None:
    assert {file.stem for file in BROKEN} > BEYOND_A_SCHEMA


@pytest.mark.parametrize(
    ("on", "is_good"),
    [
        ('"container.die"', True), ('"timer.tick"', False), ('{ event = "timer.tick", every = "5m" }', True),
        ('{ event = "timer.tick", every = 300 }', False), ('"timer.cron"', False),
        ('{ event = "timer.cron", at = "0 4 * * sun", catch_up = true }', True),
        ('{ event = "timer.cron", at = ["@daily", "*/5 * * * *"] }', True),
        ('{ event = "timer.cron", at = "0 0 4 * * sun" }', False),
        ('{ event = "timer.cron", at = "@daily", catch_up = "yes" }', False),
        ('{ event = "container.die", catch_up = true }', False),
        ('{ event = "container.die", exit_code = { min = 1 } }', True),
        ('{ event = "container.die", exit_code = { not = 0 } }', True),
        ('{ event = "port.changed", port = { not = "${event.old_port}" }, old_port = ["${event.port}", 1] }', True),
        ('{ event = "port.changed", port = { min = "${event.old_port}", max = 9 } }', True),
        ('{ event = "port.changed", port = { min = "1" } }', False),
        ('{ event = "port.changed", port = "${state.port}" }', False),
        ('{ event = "container.die", labels = { a = "${event.container}" }, service = "${event.container}" }', True),
        ('{ event = "container.die", container = "x-${event.service}" }', False),
        ('{ event = "container.die", port = 1 }', False),
        ('{ event = "container.die", exit_code = "1" }', False), ('{ event = "container.die", container = {} }', False),
        ('{ event = "container.die", labels = { "a.b" = ["x", "y*", { regex = "z" }] } }', True),
        ('{ event = "port.forwarded", port = 70000 }', False), ('{ event = "file.written", path = "a" }', False),
        ('[{ event = "file.written", path = ["/a", "/b"] }, "daemon.reload"]', True), ("[]", False),
    ],
)  # fmt: skip
def test_each_field_takes_what_it_can_be(on: str, *, is_good: bool) -> None:
    text = f'version = 1\n[[rule]]\nname = "a"\nkey = "k"\non = {on}\ndo = "gluetun.restart_vpn"\n'
    assert validator().is_valid(tomllib.loads(text)) == is_good
    assert isinstance(reader.read(text, "", HANDLERS), Table) == is_good, "gluehook itself thinks otherwise"


@pytest.mark.parametrize(
    ("given", "is_good"),
    [
        ('event = "container.die", container = "web", exit_code = 1, labels = { a = "b" }', True),
        ('event = "port.forwarded", port = 51413, ports = [51413, 51414]', True),
        ('event = "timer.cron", schedule = "@daily", late = "start"', True),
        ('event = "timer.cron"', False), ('event = "timer.cron", at2 = "@daily"', False),
        ('event = "container.die"', False), ('event = "container.die", container = "web", port = 1', False),
        ('event = "container.die", container = "web-*", exit_code = "1"', False), ('event = "no.such"', False),
    ],
)  # fmt: skip
def test_what_a_test_is_given_is_an_event(given: str, *, is_good: bool) -> None:
    rule = '[[rule]]\nname = "a"\non = "container.die"\ndo = "gluetun.restart_vpn"\n'
    text = f'version = 1\n{rule}[[test]]\nname = "t"\ngiven = [{{ at = "0s", {given} }}]\nuntil = "1s"\n'
    assert validator().is_valid(tomllib.loads(text)) == is_good
    assert isinstance(reader.read(text, "", HANDLERS), Table) == is_good, "gluehook itself thinks otherwise"


def test_every_name_has_a_meaning_to_show() -> None:
    """Taplo shows the meaning of an enum's value only if they are as many."""
    enums = [one for one in walk(SCHEMA) if "x-taplo" in one]
    shown = {name for one in enums for name in one["enum"]}
    assert {*CATALOGUE, *HANDLERS} <= shown
    for one in enums:
        assert len(one["enum"]) == len(one["x-taplo"]["docs"]["enumValues"])
        assert all(one["x-taplo"]["docs"]["enumValues"])


def test_nothing_stands_beside_a_reference_and_each_leads_somewhere() -> None:
    """Taplo ignores whatever stands beside a `$ref`."""
    references = [one for one in walk(SCHEMA) if "$ref" in one]
    assert [one for one in references if len(one) > 1] == []
    used = {one["$ref"].removeprefix("#/definitions/") for one in references}
    assert used == set(SCHEMA["definitions"])


def test_it_is_a_schema_without_null() -> None:
    Draft7Validator.check_schema(SCHEMA)
    assert "null" not in json.dumps(SCHEMA)


def test_the_file_that_ships_is_what_the_code_says_now() -> None:
    if missing():
        return  # a handler is not complete, which tests/handlers/test_table.py reports
    written = json.loads((TOP / FILE_NAME).read_text(encoding="utf-8"))
    assert written == SCHEMA, "rules.schema.json is out of date: make docs"


@pytest.mark.parametrize(("step", "good"), [
    ('"containers.stop"', False), ('{ use = "containers.stop" }', False),
    ('{ use = "containers.stop", container = "a" }', True),
    ('{ use = "containers.stop", container = ["a", "b"] }', True),
    ('{ use = "containers.stop", label = "a=b", stop_timeout = "5s" }', True),
    ('{ use = "containers.stop", label = "a=b", project = "c" }', False),
    ('{ use = "containers.signal", project = "c" }', False), ('"gluetun.stop_vpn"', True),
])  # fmt: skip
def test_a_step_names_its_containers_in_exactly_one_way(step: str, good: bool) -> None:
    rules = tomllib.loads(f'version = 1\n[[rule]]\nname = "a"\non = "container.die"\ndo = {step}\n')
    assert validator().is_valid(rules) is good


def test_the_shipped_rules_name_it() -> None:
    """A directive counts only before the first line that is no comment."""
    head, _, _ = (TOP / "rules.toml").read_text(encoding="utf-8").partition("\nversion")
    assert f"#:schema ./{FILE_NAME}" in head.splitlines()
    assert all(line.startswith("#") for line in head.splitlines() if line)


def validator() -> Draft7Validator:
    return Draft7Validator(SCHEMA)


def walk(made: Any) -> Iterator[dict[str, Any]]:
    """Every table in the schema."""
    if isinstance(made, dict):
        yield made
    for inner in made.values() if isinstance(made, dict) else made if isinstance(made, list) else ():
        yield from walk(inner)

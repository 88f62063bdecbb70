"""docs/add-an-event.md, followed to the letter in a copy of the repository."""

from __future__ import annotations

import re
from pathlib import Path

from tests.docs.copied import run
from tests.parts.places import TOP

PAGE = (TOP / "docs/add-an-event.md").read_text(encoding="utf-8")
PARTS = dict(re.findall(r"^```(?:python|text)\n# (\S+?(?:, in \w+)?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
ENTRY, FIELD, SAMPLE = PARTS
MESSAGE = re.findall(r"^```text\n(the catalogue.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
TESTS = ("pytest", "-p", "no:randomly", "tests/events", "tests/docs/test_generated.py")


def add(copy: Path, part: str, end: str) -> None:
    """Write a part of the page at the end of the table that it names."""
    name, _, table = part.partition(", in ")
    text = (copy / name).read_text(encoding="utf-8")
    start = re.search(rf"^{table}: .*[({{]$", text, re.MULTILINE)
    assert start
    at = text.index(end, start.end()) + 1
    (copy / name).write_text(text[:at] + PARTS[part] + text[at:], encoding="utf-8")


def add_entry(copy: Path) -> None:
    add(copy, ENTRY, "\n)")
    add(copy, FIELD, "\n}")


def test_the_page_names_its_parts() -> None:
    assert (ENTRY, FIELD, SAMPLE) == (
        "hooks/events/catalogue.py, in _TYPES", "hooks/events/fields.py, in FIELDS",
        "tests/samples/plugin.create.jsonl",
    )  # fmt: skip
    assert len(MESSAGE) == 1


def test_without_a_sample_one_test_fails_with_the_message_of_the_page(copy: Path) -> None:
    add_entry(copy)
    assert run(copy, "docs")[0] == 0
    code, output = run(copy, *TESTS)
    assert code == 1, output
    assert MESSAGE[0] in output
    assert output.count("\nFAILED ") == 1, output


def test_a_developer_who_follows_the_page_has_an_event_that_rules_can_use(copy: Path) -> None:
    add_entry(copy)
    (copy / SAMPLE).write_text(PARTS[SAMPLE], encoding="utf-8")
    code, output = run(copy, "docs")
    assert code == 0, output
    assert {"docs/events.md is written", "rules.schema.json is written"} <= set(output.splitlines())
    code, output = run(copy, *TESTS)
    assert code == 0, output
    rule = re.search(r"`(on = \{ event = \"plugin.create\".*?\})`", PAGE)
    assert rule
    (copy / "own.toml").write_text(
        f'version = 1\n[[rule]]\nname = "x"\n{rule[1]}\ndo = {{ use = "command.run", command = ["x"] }}\n'
    )
    code, output = run(copy, "hooks", "check", "own.toml")
    assert code == 0, output

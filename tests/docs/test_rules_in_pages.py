"""The TOML blocks of the pages are rules files: the rules reader reads each of them."""

from __future__ import annotations

import re

import pytest

from handlers import HANDLERS
from hooks.rules.table import Table
from hooks.rules_file import reader, schema
from tests.docs.pages import PAGES, name_of
from tests.parts.places import TOP

BLOCKS = [
    pytest.param(block, id=f"{name_of(page)}-{number}")
    for page in PAGES
    for number, block in enumerate(  # a whole file of a page that adds something is tested with what it adds
        re.findall(
            r"^```toml\n(?!# docs/|# rules\.toml)(.*?)^```", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL
        ),
        1,
    )
]


@pytest.mark.parametrize("block", BLOCKS)
def test_the_rules_in_the_pages_are_what_they_are_said_to_be(block: str) -> None:
    """A part stands for a file with a version. One that begins with `# wrong: CODE` has that error and no other."""
    whole = block if "version =" in block else "version = 1\n" + block
    found = reader.read(whole, "rules.toml", HANDLERS)
    wrong = re.match(r"# wrong: ([a-z-]+)\n", block)
    if wrong:
        assert isinstance(found, list), f"nothing is wrong with it, although it says {wrong[1]}"
        assert [one.code for one in found] == [wrong[1]]
    else:
        assert isinstance(found, Table), found[0].sentence


def test_the_pages_hold_rules_of_both_kinds() -> None:
    wrong = [block for block in BLOCKS if str(block.values[0]).startswith("# wrong")]
    assert len(wrong) >= 3
    assert len(BLOCKS) - len(wrong) >= len(HANDLERS)


SHAPES = (schema.Rule, schema.Defaults, schema.GluetunTable, schema.ClientTable)


def test_every_word_of_a_rule_is_explained() -> None:
    keys = [field.alias or name for shape in SHAPES for name, field in shape.model_fields.items()]
    page = (TOP / "docs/rules.md").read_text(encoding="utf-8")
    missing = [key for key in keys if not re.search(rf"`?\b{key}\b( *=|`)", page)]
    assert missing == []
    assert {"version", "defaults", "gluetun", "client", "rule", "test"} == set(schema.Document.model_fields)

"""The generated parts of the pages are what the code says now, and nothing is left out of them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from hooks.config.settings import SECRETS, Settings
from hooks.events.catalogue import CATALOGUE
from hooks.events.fields import FIELDS
from hooks.rules_file.errors import CODES
from tests.docs.pages import name_of
from tests.handlers.completeness import missing
from tests.parts.places import TOP

GENERATED = [page for page in generate.PAGES if "<!-- made:" in page.read_text(encoding="utf-8")]


@pytest.mark.parametrize("page", GENERATED, ids=name_of)
def test_a_generated_page_is_what_the_code_says_now(page: Path) -> None:
    if missing():
        return  # a handler is not complete, which tests/handlers/test_table.py reports
    written = page.read_text(encoding="utf-8")
    assert generate.made(written) == written, f"{name_of(page)} is out of date: make docs"


def test_the_check_names_each_stale_file_and_the_command_and_writes_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    missing, readme = TOP / "docs" / "no-such-page.md", TOP / "README.md"
    text = readme.read_text(encoding="utf-8")
    assert generate.bring_up_to_date([(missing, "text"), (readme, text)], only_check=True) == 1
    assert capsys.readouterr().out == "docs/no-such-page.md is out of date; write it again with: make docs\n"
    assert not missing.exists()
    assert generate.bring_up_to_date([(readme, text)], only_check=True) == 0


def test_every_part_is_in_a_page() -> None:
    parts = [part for page in GENERATED for part in re.findall(r"made: (\w+)", page.read_text(encoding="utf-8"))]
    assert sorted(parts) == sorted(generate.PARTS)


def test_a_part_is_replaced_and_the_prose_around_it_stays() -> None:
    page = "before\n<!-- made: settings -->\nout of date\n<!-- end -->\nafter\n"
    after = generate.made(page)
    assert after.startswith("before\n<!-- made: settings -->\n\n| variable")
    assert after.endswith("\n<!-- end -->\nafter\n")
    assert "out of date" not in after


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("events", CATALOGUE), ("events", FIELDS),
        ("settings", [*(name.upper() for name in Settings.__dataclass_fields__), *SECRETS]),
    ],
    ids=["events", "fields", "settings"],
)  # fmt: skip
def test_everything_is_in_its_page(page: str, names: list[str]) -> None:
    text = (TOP / f"docs/{page}.md").read_text(encoding="utf-8")
    assert [name for name in names if f"`{name}`" not in text] == []


def test_every_error_is_in_its_page() -> None:
    headings = re.findall(r"^## (.+)$", (TOP / "docs/errors.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert headings == list(CODES)

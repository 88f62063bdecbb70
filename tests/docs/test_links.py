"""Every link, and every file that a page names, is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from docs import generate
from tests.docs.pages import PAGES, README, name_of
from tests.parts.places import TOP


def anchors(page: Path) -> set[str]:
    """The anchors that a page's headings make."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_link_leads_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        file = (page.parent / path).resolve() if path else page
        assert file.exists(), f"{name_of(page)} links to {target}"
        assert not anchor or anchor in anchors(file), f"{name_of(page)} links to {target}, and there is no such heading"


WRITTEN_BY_THE_READER = r"^```\w+\n# (\S+)$"  # the first line of a block that is a whole file


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    written_by_the_reader = re.findall(WRITTEN_BY_THE_READER, text, re.MULTILINE)
    named = re.findall(r"(?<![\w/.])((?:hooks|handlers|tests|container)/[\w./-]+\.\w+)", text)
    assert [name for name in named if not (TOP / name).exists() and name not in written_by_the_reader] == []


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, left = set(), [README]
    while left:
        page = left.pop()
        if page not in reached:
            reached.add(page)
            links = re.findall(r"\]\(([\w./-]+\.md)", page.read_text(encoding="utf-8"))
            left += [(page.parent / link).resolve() for link in links]
    assert set(generate.PAGES) - reached == set()

"""mkdocs.yml: every page is in the navigation, and nothing of the theme comes from another host."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

from tests.docs.pages import PAGES
from tests.parts.places import TOP

SITE: dict[str, Any] = yaml.safe_load((TOP / "mkdocs.yml").read_text(encoding="utf-8"))


def pages(entries: list[dict[str, Any]]) -> Iterator[str]:
    for title_and_page in entries:
        for below in title_and_page.values():
            yield from [below] if isinstance(below, str) else pages(below)


def test_every_page_is_in_the_navigation_once() -> None:
    named = sorted("README.md" if page == "index.md" else page for page in pages(SITE["nav"]))
    assert named == sorted(page.name for page in PAGES), "add the page to the nav of mkdocs.yml"


def test_a_warning_fails_the_build_and_no_font_is_fetched() -> None:
    assert SITE["strict"] is True
    assert SITE["theme"]["font"] is False

"""The pages, and a page's text in the form that a test compares."""

from __future__ import annotations

from pathlib import Path

from docs import generate
from tests.parts.places import TOP

README = TOP / "README.md"
PAGES = [README, TOP / "CHANGELOG.md", *generate.PAGES]


def name_of(page: Path) -> str:
    return str(page.relative_to(TOP))


def text_of(name: str) -> str:
    """A page on one line, so that a line end in the prose hides nothing."""
    return " ".join((TOP / name).read_text(encoding="utf-8").split())

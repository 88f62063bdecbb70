"""What pytest reported of one row, sorted by story."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from xml.etree import ElementTree

from tests.matrix.columns import column
from tests.parts.docker.differences import BY_NATURE


@dataclass
class Cell:
    """One story on one row."""

    passed: int = 0
    failed: list[str] = field(default_factory=list)
    """The tests that failed, could not be set up, or were skipped for a reason that is not in the engine's nature."""
    differs: Counter[str] = field(default_factory=Counter)
    """Why tests do not apply, and how many."""


def read(report: Path) -> dict[str, Cell]:
    """The cells of a row by column.

    Raises:
        OSError: there is no report; pytest did not come to an end.
        xml.etree.ElementTree.ParseError: the report is cut short.
    """
    cells: dict[str, Cell] = {}
    for case in ElementTree.parse(report).getroot().iter("testcase"):
        module, name = case.get("classname", ""), case.get("name", "")
        _add(cells.setdefault(column(module), Cell()), case, f"{module.replace('.', '/')}.py::{name}")
    return cells


def _add(cell: Cell, case: ElementTree.Element, test: str) -> None:
    for kind in ("failure", "error"):
        if case.find(kind) is not None:
            cell.failed.append(test)
            return
    skipped = case.find("skipped")
    if skipped is None:
        cell.passed += 1
        return
    why = skipped.get("message", "")
    if why.startswith(BY_NATURE):
        cell.differs[why.removeprefix(BY_NATURE)] += 1
    else:
        cell.failed.append(f"{test} (skipped: {why})")

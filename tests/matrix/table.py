"""The table of a run: a line for each engine, a column for each story, and beneath it what differs and what failed."""

from __future__ import annotations

from dataclasses import dataclass

from tests.matrix.columns import COLUMNS
from tests.matrix.results import Cell


@dataclass(frozen=True)
class Line:
    """One row that was run. Without cells it did not come to an end."""

    name: str
    seconds: float
    cells: dict[str, Cell]

    @property
    def failed(self) -> list[str]:
        """The tests that failed, or the one reason why there are none."""
        if not self.cells:
            return ["no test was run to its end"]
        return [test for cell in self.cells.values() for test in cell.failed]


def table(lines: list[Line]) -> str:
    """The whole text: passed, `~` with the number that differ by nature, `FAILED` with the number; `-` for none."""
    columns = [name for name in COLUMNS if any(name in line.cells for line in lines)]
    grid = [["", *columns, "seconds"]]
    grid += [[line.name, *(_cell(line, name) for name in columns), f"{line.seconds:.0f}"] for line in lines]
    widths = [max(len(row[place]) for row in grid) for place in range(len(grid[0]))]
    text = ["  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in grid]
    text.insert(1, "-" * max(map(len, text)))
    return "\n".join([*text, "", *_notes(lines, columns)])


def _cell(line: Line, column: str) -> str:
    cell = line.cells.get(column)
    if cell is None:
        return "-"
    words = [str(cell.passed)] if cell.passed or not (cell.differs or cell.failed) else []
    words += [f"~{cell.differs.total()}"] if cell.differs else []
    words += [f"{len(cell.failed)} FAILED"] if cell.failed else []
    return " ".join(words)


def _why_none(line: Line, column: str) -> str:
    if line.name.startswith("qbittorrent"):
        return "this row has no engine"
    if column == "port":
        return "this row has no qBittorrent"
    return "for time, it runs on the newest engines and by `make test` only" if column == "image" else "no test was run"


def _notes(lines: list[Line], columns: list[str]) -> list[str]:
    notes = [f"- {line.name}, {name}: {_why_none(line, name)}" for line in lines for name in columns
             if line.cells and name not in line.cells]  # fmt: skip
    for line in lines:
        for name, cell in line.cells.items():
            notes += [f"~ {line.name}, {name}, {count}: {why}" for why, count in cell.differs.items()]
    for line in lines:
        notes += [f"FAILED {line.name}: {test}" for test in line.failed]
    return notes

"""`make matrix`: make the roots where they are missing, run each row, print the table."""

from __future__ import annotations

import argparse
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from xml.etree.ElementTree import ParseError

from tests.matrix.releases import RELEASES
from tests.matrix.results import Cell, read
from tests.matrix.roots import CACHE, RootError, root_of
from tests.matrix.rows import LOGS, Row, rows, run
from tests.matrix.table import Line, table


def main() -> int:
    """Run it; 0 where nothing failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.matrix", description=__doc__)
    parser.add_argument("--only", default="", help='rows whose name has this, as in --only "podman 5"')
    parser.add_argument("rest", nargs="*", help="arguments for pytest, after --")
    asked = parser.parse_args()
    if os.geteuid() != 0:
        print("private engines can only be started by root", file=sys.stderr)
        return 1
    began = time.monotonic()
    try:
        with ThreadPoolExecutor(len(RELEASES)) as pool:
            roots = dict(zip((release.name for release in RELEASES), pool.map(root_of, RELEASES), strict=True))
    except RootError as error:
        print(error, file=sys.stderr)
        return 1
    print(
        f"   roots in {CACHE}: {', '.join(root.name for root in roots.values())} ({time.monotonic() - began:.0f} s)",
        flush=True,
    )
    lines = [_line(row, asked.rest) for row in rows(roots) if asked.only in row.name]
    print(f"\n{table(lines)}\n\n{time.monotonic() - began:.0f} s; what pytest said is in {LOGS}", flush=True)
    return 1 if any(line.failed for line in lines) or not lines else 0


def _line(row: Row, arguments: list[str]) -> Line:
    began = time.monotonic()
    report, cells = run(row, arguments), dict[str, Cell]()
    with suppress(OSError, ParseError):
        cells = read(report)
    line = Line(row.name, time.monotonic() - began, cells)
    print(f"   {row.name} ({row.release.name}): {line.seconds:.0f} s, {len(line.failed)} failed", flush=True)
    return line


if __name__ == "__main__":
    sys.exit(main())

"""The table of handlers: nothing is missing in it, and each entry is explained and tested."""

from __future__ import annotations

import subprocess
import sys

import pytest

from handlers import HANDLERS
from tests.handlers.completeness import missing


def test_every_handler_is_complete() -> None:
    if lines := missing():
        pytest.fail("\n".join(["a handler is not complete; see docs/add-a-handler.md", *lines]), pytrace=False)


def test_the_path_is_the_word() -> None:
    for name in HANDLERS:
        assert HANDLERS[name].__module__ == f"handlers.{name}"


def test_the_table_costs_no_heavy_import() -> None:
    heavy = "{'docker', 'requests', 'urllib3', 'qbittorrentapi', 'apprise', 'pydantic', 'blinker'}"
    script = f"import sys, handlers; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"

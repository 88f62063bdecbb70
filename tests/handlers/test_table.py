"""The table of handlers: nothing is missing in it, and each entry is explained and tested."""

from __future__ import annotations

import dataclasses
import importlib
import inspect
import pkgutil
import re
import subprocess
import sys
from typing import Any

import pytest

import handlers
from handlers import HANDLERS
from hooks.handler import Handler
from tests.handlers.test_contract import CASES  # filled by all cases_*.py

every_handler = pytest.mark.parametrize("handler", HANDLERS.values(), ids=list(HANDLERS))


def defined() -> dict[str, type[Handler[Any]]]:
    """Every concrete handler in the package, by name."""
    modules = [importlib.import_module(found.name) for found in pkgutil.walk_packages(handlers.__path__, "handlers.")]
    classes = {c for m in modules for c in vars(m).values() if inspect.isclass(c) and issubclass(c, Handler)}
    return {c.name: c for c in classes if not inspect.isabstract(c)}


def test_every_handler_is_in_the_table_under_its_name() -> None:
    assert dict(HANDLERS) == defined()


@every_handler
def test_its_name_is_a_target_and_a_verb(handler: type[Handler[Any]]) -> None:
    assert re.fullmatch(r"[a-z]+\.[a-z]+(_[a-z]+)*", handler.name)
    assert handler.__module__.split(".")[1] == handler.name.partition(".")[0]


@every_handler
def test_it_explains_itself_and_each_argument(handler: type[Handler[Any]]) -> None:
    assert handler.says
    assert not handler.says.endswith(".")
    assert dataclasses.is_dataclass(handler.Args)
    assert handler.Args.__dataclass_params__.frozen
    for field in dataclasses.fields(handler.Args):
        assert field.metadata.get("says"), f"{handler.name}: {field.name}"


@every_handler
def test_it_is_put_to_the_contract(handler: type[Handler[Any]]) -> None:
    assert [case.name for case in CASES if case.handler is handler]


def test_the_table_costs_no_heavy_import() -> None:
    heavy = "{'docker', 'requests', 'urllib3', 'qbittorrentapi', 'apprise', 'pydantic', 'blinker'}"
    script = f"import sys, handlers; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=20)
    assert done.stdout.strip() == "[]"

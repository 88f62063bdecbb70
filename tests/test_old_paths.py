"""What a user's own module meets that imports a path of gluehook 0.1."""

from __future__ import annotations

import subprocess
import sys
from importlib import import_module
from importlib.util import find_spec

import pytest

from hooks.old_paths import MOVED
from tests.parts.places import TOP


@pytest.mark.parametrize("path", sorted(set(MOVED.values())))
def test_every_new_path_is_a_module_or_a_name_in_one(path: str) -> None:
    module, _, name = path.rpartition(".")
    assert hasattr(import_module(module), name) or find_spec(path), f"hooks/old_paths.py: {path} has moved again"


def test_no_old_path_is_a_module_today() -> None:
    modules = [path for path in MOVED if TOP.joinpath(*path.split(".")).with_suffix(".py").exists()]
    assert modules == [], "these are imported, so the table is never asked about them"


@pytest.mark.parametrize(
    ("statement", "old", "new"),
    [
        ("import hooks.wire", "hooks.wire", "hooks.events.jsonl"),
        ("import hooks.dispatch as it", "hooks.dispatch", "hooks.runtime.dispatcher"),
        ("from hooks import settings", "hooks.settings", "hooks.config.settings"),
        ("from hooks.events import Event", "hooks.events.Event", "hooks.events.catalogue.Event"),
        ("from hooks.events import CATALOGUE, Event", "hooks.events.CATALOGUE", "hooks.events.catalogue.CATALOGUE"),
        ("from hooks.control import Control", "hooks.control.Control", "hooks.control.server.Server"),
        ("from hooks.verbs.running import run", "hooks.verbs", "hooks.cli"),
        ("from handlers.http import address", "handlers.http", "handlers.shared.http"),
        ("from handlers.webhook import Post", "handlers.webhook.Post", "handlers.webhook.post.Post"),
        ("__import__('hooks.wire')", "hooks.wire", "hooks.events.jsonl"),
    ],
)  # fmt: skip
def test_an_import_of_an_old_path_is_one_line_with_the_new_one(statement: str, old: str, new: str) -> None:
    with pytest.raises(ImportError) as caught:
        exec(statement)
    assert str(caught.value) == f"{old} is now {new}; import it from there"
    assert caught.value.name == old


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("import hooks.nowhere", "No module named 'hooks.nowhere'"),
        ("from hooks.events import Nothing", "cannot import name 'Nothing' from 'hooks.events'"),
        ("import nowhere.hooks.wire", "No module named 'nowhere'"),
        ("import hooks.events.nothing", "No module named 'hooks.events.nothing'"),
    ],
)
def test_any_other_import_that_fails_is_python_s_own_error(statement: str, says: str) -> None:
    with pytest.raises(ImportError, match=says):
        exec(statement)


def test_the_contract_for_handlers_of_one_s_own_has_kept_its_path() -> None:
    from handlers import base
    from hooks import handler

    assert [getattr(base, name) for name in base.__all__] == [getattr(handler, name) for name in base.__all__]
    assert "Handler" in base.__all__


def test_a_module_of_0_1_that_is_run_says_so_in_one_line() -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "hooks.health"], cwd=TOP, capture_output=True, text=True, timeout=20, check=False
    )
    assert ran.returncode == 1
    assert "hooks.health is now hooks.runtime.heartbeat; import it from there" in ran.stderr
    assert len(ran.stderr.splitlines()) == 1


def test_an_import_that_succeeds_loads_no_table_of_old_paths() -> None:
    code = "import sys, hooks.app.serve, handlers; print('hooks.old_paths' in sys.modules)"
    ran = subprocess.run([sys.executable, "-c", code], cwd=TOP, capture_output=True, text=True, timeout=20, check=True)
    assert ran.stdout == "False\n"

"""Loading: settings and rules come out of a real child process, and no child can hurt its parent."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from hooks.app import loading
from hooks.app.loading import Loaded, Loading
from hooks.rules.matching import Glob
from hooks.rules.table import Table

RULES = """
version = 1
[[rule]]
name = "tell"
on = { event = "container.start", container = "web-*" }
do = { use = "notify.send", title = "${event.container} has started", message = "so it has" }
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a good rules.toml, and none of our variables set."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith(("GLUEHOOK_", "QBITTORRENT_", "GLUETUN_", "APPRISE_")):
            monkeypatch.delenv(name)
    (tmp_path / "rules.toml").write_text(RULES)
    return tmp_path


def child(code: str) -> Loading:
    """A child of ours that runs other code."""
    pipe = subprocess.PIPE
    argv = [sys.executable, "-c", code, "", "/nowhere", *sys.path]
    return Loading(subprocess.Popen(argv, stdout=pipe, stderr=pipe), dry_run=False)


def test_settings_secrets_and_rules_arrive(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUETUN_URL", "http://vpn:8000/")
    monkeypatch.setenv("GLUETUN_API_KEY", "the key")
    loaded = loading.begin().result()
    assert (loaded.errors, loaded.diagnostics, loaded.count) == ((), "", 0)
    assert loaded.settings
    assert loaded.settings.gluetun_url == "http://vpn:8000"
    assert not loaded.settings.gluehook_dry_run
    assert loaded.sources.variables["GLUETUN_API_KEY"] == "the key"
    assert loaded.table
    (rule,) = loaded.table.rules
    assert (rule.name, rule.on[0].match["container"]) == ("tell", Glob("web-*"))


def test_the_child_and_this_process_answer_alike() -> None:
    there, here = loading.begin().result(), loading.load()
    assert there.table
    assert (there.settings, there.table, there.errors) == (here.settings, here.table, here.errors)


def test_the_parent_never_imports_pydantic() -> None:
    code = (
        "import sys\n"
        "from hooks.app import loading\n"
        "loaded = loading.begin().result()\n"
        "assert loaded.table and loaded.settings, loaded\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules} & {'pydantic', 'pydantic_settings', 'dotenv'}))\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    ran = subprocess.run([sys.executable, "-c", code], env=env, capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"


def test_bad_settings_come_back_as_sentences(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEHOOK_DRY_RUN", "perhaps")
    monkeypatch.setenv("GLUEHOOK_NOPE", "1")
    loaded = loading.begin().result()
    assert loaded.settings is None
    assert len(loaded.errors) == 2
    assert all(error.startswith("settings: GLUEHOOK_") for error in loaded.errors)


def test_bad_rules_come_back_rendered_and_the_settings_with_them(folder: Path) -> None:
    (folder / "rules.toml").write_text(RULES + 'colour = "red"\nmode = "loud"\n')
    loaded = loading.begin().result()
    assert loaded.settings
    assert loaded.table is None
    assert loaded.count == 2
    assert "rules.toml:7:1: error[unknown-key]: rule 'tell': " in loaded.diagnostics


def test_a_reload_reads_nothing_but_the_rules(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEHOOK_NOPE", "broken since the start")
    loaded = loading.begin(str(folder / "rules.toml")).result()
    assert loaded.table
    assert (loaded.settings, loaded.errors) == (None, ())


def test_a_child_that_reads_ahead_answers_what_the_file_says_at_the_end(folder: Path) -> None:
    file = folder / "rules.toml"
    file.write_text("version = 2\n")
    ahead = loading.begin(str(file), ahead=True)
    ahead.refresh()
    file.write_text(RULES)
    loaded = ahead.result()
    assert loaded.table
    assert (loaded.text, loaded.diagnostics) == (RULES, "")


def test_what_is_wrong_is_read_ahead_too(folder: Path) -> None:
    (folder / "rules.toml").write_text("version = 2\n")
    ahead = loading.begin("rules.toml", ahead=True)
    assert "error[version]" in ahead.result().diagnostics


def test_a_child_that_reads_ahead_and_is_not_wanted_is_gone() -> None:
    ahead = loading.begin("rules.toml", ahead=True)
    ahead.cancel()
    assert "ended with status -9" in ahead.result().errors[0]
    assert ahead._child.poll() == -signal.SIGKILL


def test_a_child_that_reads_ahead_does_not_outlive_us() -> None:
    code = (
        "from hooks.app import loading\n"
        "ahead = loading.begin('rules.toml', ahead=True)\n"
        "print(ahead._child.pid, flush=True)\n"
        "import signal; signal.pause()\n"
    )
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    with subprocess.Popen([sys.executable, "-c", code], env=env, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout
        child = os.pidfd_open(int(parent.stdout.readline()))
        parent.kill()
    try:
        assert select.select([child], [], [], 20)[0], "it still runs"
    finally:
        os.close(child)


def test_dry_run_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEHOOK_DRY_RUN", "false")
    loaded = loading.begin(dry_run=True).result()
    assert loaded.settings
    assert loaded.settings.gluehook_dry_run


def test_without_a_file_of_ones_own_the_shipped_rules_are_meant(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert loading.rules_path() == "rules.toml"
    (folder / "rules.toml").unlink()
    assert Path(loading.rules_path()).is_file()
    monkeypatch.setenv("GLUEHOOK_RULES", "mine.toml")
    assert loading.rules_path() == "mine.toml", "a file that is named and missing is an error, never replaced"
    assert "error[file-missing]" in loading.begin().result().diagnostics


def test_rules_path_raises_every_settings_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GLUEHOOK_DRY_RUN", "perhaps")
    monkeypatch.setenv("GLUEHOOK_NOPE", "1")
    with pytest.raises(loading.SettingsError) as caught:
        loading.rules_path()
    assert len(str(caught.value).splitlines()) == 2


def test_check_gives_the_text_to_point_into(folder: Path) -> None:
    table, found, text = loading.check("rules.toml")
    assert isinstance(table, Table)
    assert (list(found), text) == ([], RULES)
    (folder / "bad.toml").write_text("version = 2\n")
    table, found, text = loading.check("bad.toml")
    assert (table, len(found), text) == (None, 1, "version = 2\n")


def test_a_folder_named_hooks_in_the_working_directory_is_not_ours(folder: Path) -> None:
    (folder / "hooks").mkdir()
    (folder / "hooks" / "__init__.py").write_text("raise SystemExit('the wrong hooks')")
    assert loading.begin().result().errors == ()


def test_what_the_child_prints_does_not_garble_its_answer() -> None:
    noise = "import atexit; atexit.register(print, 'noise'); "
    assert child(noise + loading._CHILD).result().errors == ()


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("raise SystemExit(3)", "ended with status 3: it said nothing"),
        ("raise RuntimeError('no http://me:hunter2@host')", "status 1: RuntimeError: no http://***@host"),
        ("import os; os.kill(os.getpid(), 9)", "ended with status -9: it said nothing"),
        ("print('noise')", "gave 6 bytes that make no sense (UnpicklingError)"),
        ("pass", "gave 0 bytes that make no sense (EOFError)"),
        ("import sys, pickle; pickle.dump([1], sys.stdout.buffer)", "answered with a list"),
        ("import signal; signal.pause()", "did not answer within 0.5 s and was ended"),
    ],
)
def test_a_child_that_fails_is_one_clear_error(code: str, said: str) -> None:
    started = child(code)
    loaded = started.result(timeout_s=0.5 if "pause" in code else 20)
    (error,) = loaded.errors
    assert error.startswith("loading: the process that checks settings and rules ")
    assert error.endswith("; `gluehook check` shows more")
    assert said in error
    assert loaded == Loaded(errors=(error,))
    assert started._child.poll() is not None, "it is still there"

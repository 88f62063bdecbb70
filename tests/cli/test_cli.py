"""The command line as a person or a script meets it: what it prints where, and its exit codes."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path

import click
import pytest

from handlers import HANDLERS
from hooks.cli.main import gluehook, main
from hooks.cli.verbs import VERBS
from hooks.events.catalogue import CATALOGUE
from hooks.runtime import heartbeat
from tests.parts.places import TOP
from tests.parts.process.gluehook import Gluehook

BAD = 'version = 1\n[[rule]]\nname = "r"\non = "container.strat"\nfor = 3\ndo = "qbittorrent.set_port"\n'
SHIPPED = (TOP / "rules.toml").read_text().count("\n[[rule]]")


def test_help_names_every_verb_in_whole_words(here: Gluehook) -> None:
    said = here.call("--help")
    assert said.returncode == 0
    assert "\n  health " in said.stdout
    for verb in VERBS:
        assert f"\n  {verb} " in said.stdout
        assert f"Usage: gluehook {verb}" in here.call(verb, "--help").stdout
    assert "..." not in said.stdout.partition("Commands:")[2]


@pytest.mark.parametrize("verb", sorted(VERBS))
def test_the_overview_says_of_a_verb_what_the_verb_says_of_itself(verb: str) -> None:
    command = gluehook.get_command(click.Context(gluehook), verb)
    assert command is not None
    assert (command.name, str(command.help).partition("\n")[0]) == (verb, VERBS[verb][1])


def test_a_verb_is_in_the_file_of_its_name_or_of_its_group() -> None:
    groups = {"control": {"retry", "pause", "resume"}, "reference": {"handlers", "events"}}
    for verb, (where, _) in VERBS.items():
        file = next((group for group, verbs in groups.items() if verb in verbs), verb)
        assert where == f"hooks.cli.{file}:{verb}"


def test_the_overview_loads_no_verb_and_not_even_click() -> None:
    code = "import sys; sys.argv[1:] = ['--help']; from hooks.__main__ import main; main(); print(*sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=20)
    loaded = set(said.stdout.splitlines()[-1].split())
    assert "hooks.cli.verbs" in loaded
    assert not loaded & {
        "click",
        "hooks.cli.main",
        "handlers",
        "docker",
        *(where.partition(":")[0] for where, _ in VERBS.values()),
    }


@pytest.mark.parametrize("words", [(), ("rnu",), ("check", "a", "b"), ("run", "--dry"), ("events", "--jsn")])
def test_wrong_use_is_two_and_says_what_would_be_right(here: Gluehook, words: tuple[str, ...]) -> None:
    said = here.call(*words)
    assert (said.returncode, said.stdout) == (2, "")
    assert "Usage: gluehook" in said.stderr


@click.command()
def interrupted() -> None:
    raise KeyboardInterrupt


def test_a_verb_that_is_interrupted_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(VERBS, "interrupted", (f"{__name__}:interrupted", ""))
    assert main(["interrupted"]) == 130


def test_python_m_hooks_is_the_command(here: Gluehook) -> None:
    by_name = subprocess.run(
        [Path(sys.executable).with_name("gluehook"), "check", "rules.toml"], cwd=here.folder, env=here.environment,
        capture_output=True, text=True, timeout=20, check=False,
    )  # fmt: skip
    by_module = here.call("check", "rules.toml")  # `python -m hooks`
    assert (by_module.stdout, by_module.returncode) == (by_name.stdout, by_name.returncode)


def test_version(here: Gluehook) -> None:
    assert here.call("--version").stdout.startswith("gluehook ")


# -- check -----------------------------------------------------------------------------------


def test_check_of_a_good_file(here: Gluehook) -> None:
    said = here.call("check", "rules.toml")
    assert (said.returncode, said.stderr) == (0, "")
    assert said.stdout == f"rules.toml: {SHIPPED} rules, all good\n"
    assert json.loads(here.call("check", "--json", "rules.toml").stdout) == {"file": "rules.toml", "rules": SHIPPED}


def test_check_without_a_file_takes_the_one_that_would_run(here: Gluehook) -> None:
    assert here.call("check").stdout == f"{here.rules}: {SHIPPED} rules, all good\n"


def test_check_tells_every_error_with_its_place(here: Gluehook) -> None:
    here.rules.write_text(BAD)
    said = here.call("check", "rules.toml")
    assert said.returncode == 1
    assert "rules.toml:4:6: error[unknown-event]: rule 'r': " in said.stdout
    assert "did you mean 'container.start'?" in said.stdout
    assert "rules.toml:5:7: error[bad-duration]: rule 'r': " in said.stdout
    assert "    for = 3\n          ^" in said.stdout
    assert said.stderr == "2 errors; a file with errors is not used at all\n"
    assert "\033" not in said.stdout, "colour is for people"


def test_check_as_json_is_one_error_a_line(here: Gluehook) -> None:
    here.rules.write_text(BAD)
    said = here.call("check", "--json", "rules.toml")
    errors = [json.loads(line) for line in said.stdout.splitlines()]
    assert [(e["code"], e["file"], e["line"]) for e in errors] == [
        ("unknown-event", "rules.toml", 4), ("bad-duration", "rules.toml", 5),
    ]  # fmt: skip
    assert said.returncode == 1


@pytest.mark.parametrize(("name", "code"), [("absent.toml", "file-missing"), (".", "not-a-file")])
def test_check_of_what_is_no_file(here: Gluehook, name: str, code: str) -> None:
    said = here.call("check", name)
    assert said.returncode == 1
    assert f"{name}: error[{code}]: " in said.stdout


def test_check_with_wrong_settings_is_wrong_use(here: Gluehook) -> None:
    said = here.call("check", GLUEHOOK_RULE="x", GLUEHOOK_DRY_RUN="maybe")
    assert (said.returncode, said.stdout) == (2, "")
    assert "GLUEHOOK_RULE is no setting of gluehook; did you mean GLUEHOOK_RULES?" in said.stderr
    assert "GLUEHOOK_DRY_RUN is 'maybe': write true or false" in said.stderr
    assert "Traceback" not in said.stderr


# -- the reference ---------------------------------------------------------------------------


def test_every_handler_and_every_event_is_in_the_reference(here: Gluehook) -> None:
    handlers = json.loads(here.call("handlers", "--json").stdout)
    assert {entry["name"] for entry in handlers} == set(HANDLERS)
    events = json.loads(here.call("events", "--json").stdout)
    assert {entry["name"]: entry["state"] for entry in events} == {n: kind.is_state for n, kind in CATALOGUE.items()}
    listed = here.call("handlers").stdout
    assert {name for name in HANDLERS if name not in listed} == set()


def test_one_of_them_is_told_with_its_details(here: Gluehook) -> None:
    said = here.call("handlers", "qbittorrent")
    assert "qbittorrent.set_port" in said.stdout
    assert "default QBITTORRENT_URL" in said.stdout
    assert "command.run" not in said.stdout
    assert "exit_code" in here.call("events", "container.die").stdout


@pytest.mark.parametrize(("verb", "word", "meant"), [
    ("handlers", "gluetun.restart_vnp", "gluetun.restart_vpn"), ("events", "container.strat", "container.start"),
])  # fmt: skip
def test_an_unknown_name_is_wrong_use_with_a_hint(here: Gluehook, verb: str, word: str, meant: str) -> None:
    said = here.call(verb, word)
    assert said.returncode == 2
    assert (
        f"there is no {verb[:-1]} '{word}' (did you mean '{meant}'?); `gluehook {verb}` lists them all" in said.stderr
    )


# -- health ----------------------------------------------------------------------------------


def test_health_without_a_runner_is_one_and_says_why(here: Gluehook) -> None:
    said = here.call("health")
    assert said.returncode == 1
    assert "gluehook is not running or has another GLUEHOOK_STATE" in said.stdout


def test_health_of_a_fresh_heartbeat_is_zero(here: Gluehook) -> None:
    here.state.mkdir()
    now = time.time()
    heartbeat.write(str(here.state / heartbeat.FILE_NAME), {
        "time": now, "sources": {"docker": {"connected": True, "since": now, "reason": ""}}, "overdue": [],
        "rules": 4, "rules_reason": "", "port_used": False, "gluetun_runs": True, "port": [], "port_since": now,
        "journal": "",
    })  # fmt: skip
    said = here.call("health")
    assert said.returncode == 0
    assert said.stdout.startswith("healthy: 4 rules in force, docker followed")


# -- doctor ----------------------------------------------------------------------------------


def test_a_public_ip_that_is_no_address_is_wrong_use(here: Gluehook) -> None:
    said = here.call("doctor", "--public-ip", "abc")
    assert (said.returncode, said.stdout) == (2, "")
    assert said.stderr.endswith("\nError: --public-ip: 'abc' is no IP address; write one such as 203.0.113.7\n")


# -- what it costs ---------------------------------------------------------------------------

HEAVY = {"docker", "requests", "pydantic", "pydantic_settings", "rich", "apprise", "qbittorrentapi", "pyinotify",
         "loguru", "sqlite3", "asyncio"}  # fmt: skip


@pytest.mark.parametrize(("words", "without"), [
    (["--help"], HEAVY), (["--version"], HEAVY), (["health"], HEAVY | {"click", "handlers", "hooks.cli.main"}),
    (["check", "rules.toml"], {"docker", "requests", "rich", "apprise", "qbittorrentapi", "pyinotify", "sqlite3"}),
    (["events", "--json"], HEAVY - {"rich"}),
])  # fmt: skip
def test_a_verb_loads_only_what_it_needs(here: Gluehook, words: list[str], without: set[str]) -> None:
    code = (
        "import sys; from hooks.__main__ import main; sys.argv[0] = 'gluehook'\n"
        "try: main()\n"
        "finally: sys.stderr.write('\\n' + ' '.join(sys.modules))"
    )
    said = subprocess.run(
        [sys.executable, "-c", code, *words], cwd=here.folder, env=here.environment, capture_output=True, text=True,
        timeout=20, check=False,
    )  # fmt: skip
    loaded = said.stderr.splitlines()[-1].split()
    assert "hooks.__main__" in loaded
    assert not without & set(loaded)


def test_a_reader_that_goes_away_is_no_error(here: Gluehook) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "hooks", "events", "--json"], cwd=here.folder, env=here.environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout
    process.stdout.close()
    assert "Traceback" not in process.communicate(timeout=20)[1]

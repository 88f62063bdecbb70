"""`gluehook run` and the other verbs with a handler of the owner beside rules.toml."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.places import TOP
from tests.parts.process.gluehook import SECRETS, Gluehook, until
from tests.parts.process.running import WAIT_S
from tests.parts.values.own_files import handler, place

RULES = """version = 1
[[rule]]
name = "own"
on   = "port.forwarded"
do   = { use = "sonarr.act", what = "port ${event.port}" }
retry = { attempts = 1 }

[[rule]]
name    = "dry"
on      = "port.forwarded"
do      = { use = "sonarr.act", what = "port ${event.port}" }
dry_run = true

[[test]]
name   = "a port"
given  = [{ at = "0s", event = "port.forwarded", port = 40000 }]
expect = [
    { at = "0s", rule = "own", use = "sonarr.act", what = "port 40000" },
    { at = "0s", rule = "dry", use = "sonarr.act" },
]
"""
SAYS = "return Outcome('changed', f'the {word} is told {{args.what}}')"


def text(word: str) -> str:
    return handler(SAYS.format(word=word))


@pytest.fixture
def runner(tmp_path: Path) -> Iterator[Gluehook]:
    """Not started yet."""
    part = Gluehook(tmp_path, RULES)
    place(tmp_path, sonarr=text("first"))
    try:
        yield part
    finally:
        part.clean_up()


def test_it_runs_is_reloaded_and_fails_like_any_other(runner: Gluehook) -> None:
    file = runner.folder / "handlers/sonarr.py"
    runner.write_port(40000)
    runner.start()
    runner.hears("the first is told port 40000")
    runner.hears("dry run, nothing was done: port 40000 would be done")
    file.write_text(text("second"))
    runner.hears("handlers of your own are others")
    runner.write_port(40001)
    runner.hears("the second is told port 40001")
    since = runner.mark()
    file.write_text("def (")
    runner.hears("rules.toml is rejected", since=since)
    runner.hears("error[unusable-handler]", "sonarr.py cannot be used: SyntaxError: invalid syntax (line 1 of")
    runner.write_port(40002)
    runner.hears("sonarr.act broke: SyntaxError: invalid syntax", since=since)
    since = runner.mark()
    file.write_text(handler("raise ValueError(ctx.secret('QBITTORRENT_PASSWORD'))"))
    runner.hears("handlers of your own are others", since=since)
    runner.write_port(40003)
    runner.hears("sonarr.act broke: ValueError: *** (line ", since=since)
    assert SECRETS["QBITTORRENT_PASSWORD"] not in "\n".join(runner.lines)
    since = runner.mark()
    file.write_text(handler("open('began', 'w').close()\nwhile True: pass"))
    runner.hears("handlers of your own are others", since=since)
    runner.write_port(40004)
    until((runner.folder / "began").exists, "it does not begin", WAIT_S)
    assert runner.ends(wait_s=20.0) == 0, "it waits for nothing that hangs, and leaves nothing behind"


def test_every_verb_knows_it(runner: Gluehook) -> None:
    path = runner.folder / "handlers/sonarr.py"
    assert runner.call("check").stdout.endswith("2 rules, all good\n")
    tested = runner.call("test")
    assert tested.returncode == 0, tested.stdout
    listed = runner.call("handlers", "sonarr")
    assert f"does what a test wants (from {path})" in listed.stdout
    assert "what to do" in listed.stdout
    facts = json.loads(runner.call("handlers", "sonarr.act", "--json").stdout)
    assert (facts[0]["from"], facts[0]["reconciles"]) == (str(path), True)
    assert "do_sonarr_act" in json.loads(runner.call("schema").stdout)["definitions"]
    assert "1. sonarr.act what = " in runner.call("explain", "port.forwarded", "port=1").stdout
    flaps = str(TOP / "tests/replays/port-flap.jsonl")
    played = runner.call("replay", flaps, "--assume", "sonarr.act=fail").stdout
    assert 'runs sonarr.act { what = "port 51414" }: fail' in played, played
    path.chmod(0o666)
    refused = runner.call("handlers", "containers")
    assert (refused.returncode, "sonarr.act" in refused.stdout) == (1, False)
    assert refused.stderr == f"every user can write {path} (mode 0666); run: chmod go-w {path}\n"
    checked = runner.call("check")
    assert checked.returncode == 1
    assert "error[unusable-handler]: rule 'own': every user can write " in checked.stdout

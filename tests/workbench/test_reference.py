"""`gluehook events` and `gluehook handlers`: the facts are whole, and a person can read them."""

from __future__ import annotations

import pytest

from handlers import HANDLERS
from hooks.events.catalogue import CATALOGUE
from hooks.workbench import reference


def test_types_are_told_as_an_owner_writes_them() -> None:
    told = {f"{h['name']} {a['name']}": a["type"] for h in reference.handlers(HANDLERS) for a in h["args"]}
    assert told["containers.restart container"] == '"text" or ["text", …]'
    assert told["containers.restart stop_timeout"] == '"30s"'
    assert told["qbittorrent.set_port port"] == "number"
    assert told["command.run command"] == '["text", …]'
    assert told["webhook.post headers"] == '{ name = "text" }'
    assert told["webhook.post method"] == '"POST" or "PUT"'


def test_the_terminal_shows_every_entry_on_one_line_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    reference.show(reference.events(), "event", details=False)
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines[1 : 1 + len(CATALOGUE)]] == list(CATALOGUE)


def test_the_terminal_shows_the_arguments_of_one_handler(capsys: pytest.CaptureFixture[str]) -> None:
    chosen = [entry for entry in reference.handlers(HANDLERS) if entry["name"] == "webhook.post"]
    reference.show(chosen, "handler", details=True)
    out = capsys.readouterr().out
    assert 'method "POST" or "PUT"' in out
    assert '(default: "POST")' in out
    assert "(required)" in out


def test_the_terminal_shows_only_names_of_fields_where_there_are_many_events(
    capsys: pytest.CaptureFixture[str],
) -> None:
    chosen = [entry for entry in reference.events() if entry["name"].startswith("container.")]
    reference.show(chosen, "event", details=True)
    out = capsys.readouterr().out
    assert "container, id, image, service, project, role, gluetun, labels, exit_code" in out
    assert len(out.splitlines()) == 1 + 2 * len(chosen)

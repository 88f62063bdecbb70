"""What an error shows of the source: no secret, and a caret that stands right."""

from __future__ import annotations

import re

import pytest

from hooks.config.masking import secret_values
from hooks.rules_file.errors import Diagnostic, as_record, render
from tests.rules_file.test_broken import GOOD, errors

STEP = GOOD.replace('"gluetun.restart_vpn"', '{ use = "webhook.post", url = "http://h/", %s }')


@pytest.mark.parametrize(
    "line",
    [
        'password = "hunter2"',
        "x-token = 'hunter2', bad = 1",
        'bad = 1, secret = """hunter2"""',
        'headers = { Authorization = "Bearer hunter2", n = 1 }',
        'headers = { "X-Api-Key" = "hunter2" }, bad = 1',
        'headers = { "X-Api-Key" = "${hunter2}" }',
        'headers = { "X-Api-Key" = "hunter2 ${" }',
        "api_key = [\"hunter2\", 'hunter2'], bad = 1",
        'key = "hunter2"',
        'credentials = { user = "hunter2" }, bad = 1',
        'command = ["curl", "-H", "Authorization: Bearer hunter2"]',
        'command = ["restic", "--password=hunter2"]',
        'urls = ["tgram://hunter2/42", "https://me:hunter2@h/", "https://h/hook/hunter2?t=hunter2"]',
        'method = "https://me:pass@word@h/hunter2"',
        'token = "hunter2',
        "token = hunter2",
    ],
)
def test_no_secret_is_shown(line: str) -> None:
    text = STEP % line
    found = errors(text)
    said = render(found, text, "rules.toml")
    assert found
    assert "hunter2" not in said
    assert "***" in said
    assert "hunter2" not in str([as_record(one, "rules.toml") for one in found])


def test_a_secret_over_several_lines_is_not_shown() -> None:
    text = GOOD.replace("do = ", '[rule.do]\npassword = """\nhunter2 \\\n  hunter2"""\nkey = "hunter2"\nuse = ') + "x"
    said = render([Diagnostic("syntax", "x", "y", "", line, 3) for line in range(1, 12)], text, "rules.toml")
    assert "hunter2" not in said
    assert said.count("***") == 4


def test_what_is_no_secret_is_shown() -> None:
    text = GOOD.replace("do = ", 'key = "gluetun" # not a secret\ndo = ') + 'name = "a"\n'
    said = render([Diagnostic("syntax", "x", "y", "", line, 1) for line in range(1, 8)], text, "rules.toml")
    assert 'key = "gluetun" # not a secret' in said
    assert "***" not in said
    assert "${secret:NAME}" in render(errors(GOOD.replace("do = ", 'key = "${secret:NAME}"\ndo = ')), "", "rules.toml")


@pytest.mark.parametrize(
    ("line", "column", "shown", "caret"),
    [
        ("\tname = 1", 9, "\tname = 1", "\t       ^"),
        ('"漢字" = x', 8, '"漢字" = x', "         ^"),
        ('"Ａ" = x', 7, '"Ａ" = x', "       ^"),
        ('token = "abc", x = 1', 16, "token = ***, x = 1", "             ^"),
        ('token = "abc"', 9, "token = ***", "        ^"),
        ("a\x1b[31mb", 1, "a�[31mb", "^"),
        ("x" * 500, 400, "x" * 140, " " * 60 + "^"),
        ("short", 99, "short", "     ^"),
    ],
)
def test_the_caret_stands_under_the_place(line: str, column: int, shown: str, caret: str) -> None:
    said = render([Diagnostic("syntax", "x", "y", "", 2, column)], f"# first\n{line}\r\n", "rules.toml")
    assert said.split("\n")[1:] == [f"    {shown}", f"    {caret}"]


def test_colour_only_paints() -> None:
    found = errors(GOOD.replace("die", "dye"))
    painted = render(found, GOOD, "rules.toml", colour=True)
    assert "\x1b[1;31merror[unknown-event]\x1b[0m" in painted
    assert re.sub(r"\x1b\[[0-9;]*m", "", painted) == render(found, GOOD, "rules.toml")


def test_a_record_holds_the_same_facts() -> None:
    (one,) = errors(GOOD.replace("die", "dye"))
    assert as_record(one, "rules.toml") == {
        "file": "rules.toml", "code": "unknown-event", "said": "there is no event 'container.dye'",
        "hint": "did you mean 'container.die'?", "rule": "'a'", "test": "", "line": 4, "column": 6,
    }  # fmt: skip


def test_names_tell_which_values_are_secret() -> None:
    assert secret_values({"API_KEY": "1", "DB_PASSWORD": "2", "PORT": "3", "AUTHORIZATION": "4"}) == ("1", "2", "4")
    assert secret_values(None) == ()

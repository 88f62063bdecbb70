"""Secrets: where they are read from, when, and that no text shows them."""

from __future__ import annotations

import json
from base64 import b64encode
from pathlib import Path
from urllib.parse import quote

import pytest

from handlers.shared.output import Tail, cut
from hooks.config.secrets import SecretError, Secrets, Sources, mask


def test_a_variable_wins_over_a_named_file_and_that_over_the_folder(tmp_path: Path) -> None:
    (tmp_path / "named").write_text("of-named-file")
    (tmp_path / "token").write_text("of-folder")
    named = {"TOKEN_FILE": str(tmp_path / "named")}
    folder = str(tmp_path)
    assert Secrets(Sources({"TOKEN": "of-variable", **named}, folder)).read("TOKEN") == "of-variable"
    assert Secrets(Sources(named, folder)).read("TOKEN") == "of-named-file"
    assert Secrets(Sources({}, folder)).read("TOKEN") == "of-folder"


def test_there_may_be_none(tmp_path: Path) -> None:
    assert Secrets(Sources({"EMPTY": ""}, str(tmp_path))).read("EMPTY") is None
    assert Secrets(Sources({}, str(tmp_path / "no folder"))).read("TOKEN") is None


def test_a_name_in_capitals_in_the_folder_is_found_too(tmp_path: Path) -> None:
    (tmp_path / "TOKEN").write_text("in capitals")
    assert Secrets(Sources({}, str(tmp_path))).read("TOKEN") == "in capitals"


def test_a_file_is_read_at_each_use_so_a_change_is_seen(tmp_path: Path) -> None:
    file = tmp_path / "token"
    secrets = Secrets(Sources({}, str(tmp_path)))
    file.write_text("before")
    assert secrets.read("TOKEN") == "before"
    file.write_text("after")
    assert secrets.read("TOKEN") == "after"
    assert secrets.mask("before and after") == "*** and ***"


@pytest.mark.parametrize(
    ("content", "value"),
    [
        ("word\n", "word"),
        ("word\r\n", "word"),
        ("\ufeffword\n", "word"),
        ("word\n\n", "word\n"),
        (" word ", " word "),
        ("pa:ss wörd", "pa:ss wörd"),
    ],
)
def test_one_trailing_newline_is_no_part_of_it(content: str, value: str, tmp_path: Path) -> None:
    (tmp_path / "token").write_bytes(content.encode())
    assert Secrets(Sources({}, str(tmp_path))).read("TOKEN") == value


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n", "is empty"),
        (b"\x80hunter2", "is not UTF-8 text"),
        (b"\xff\xfeh\0u\0n\0t\0e\0r\0002\0", "begins with a byte order mark and is UTF-16; save it as UTF-8"),
        (b"hunter2" * 10_000, "is longer than 64 KiB"),
        (None, "is a folder: Docker makes one where the file to mount is missing"),
    ],
)
def test_a_file_that_is_no_secret_is_an_error_that_names_it(content: bytes | None, said: str, tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.mkdir() if content is None else file.write_bytes(content)
    with pytest.raises(SecretError) as caught:
        Secrets(Sources({}, str(tmp_path))).read("TOKEN")
    assert str(caught.value) == f"secret TOKEN: its file {file} {said}; it is read again at the next try"


def test_a_named_file_that_is_missing_is_an_error() -> None:
    with pytest.raises(SecretError, match="secret TOKEN: its file /nowhere/token cannot be read: No such file"):
        Secrets(Sources({"TOKEN_FILE": "/nowhere/token"})).read("TOKEN")


def test_a_secret_is_masked_in_each_form_that_it_takes_in_a_message() -> None:
    value = 'p&ss "w/rd" é'
    secrets = Secrets(Sources({"TOKEN": value}))
    assert secrets.mask(f"said {value}") == f"said {value}", "nobody has read it yet"
    secrets.read("TOKEN")
    for form in (value, quote(value, safe=""), json.dumps(value)[1:-1]):
        assert secrets.mask(f"said {form}!") == "said ***!"


def test_of_a_list_of_addresses_each_is_masked() -> None:
    secrets = Secrets(Sources({"APPRISE_URLS": "tgram://bottoken/chat, ntfy://topic-only-i-know"}))
    secrets.read("APPRISE_URLS")
    assert secrets.mask("failed: ntfy://topic-only-i-know") == "failed: ***"


def test_a_secret_within_another_does_not_uncover_it() -> None:
    secrets = Secrets(Sources({"SHORT": "hunter", "LONG": "hunter2-and-more"}))
    secrets.read("SHORT")
    secrets.read("LONG")
    assert secrets.mask("hunter2-and-more") == "***"


def test_three_characters_are_not_masked() -> None:
    secrets = Secrets(Sources({"TOKEN": "abc"}))
    secrets.read("TOKEN")
    assert secrets.mask("abc abcd") == "abc abcd"


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("GET http://me:pw@host:80/x failed", "GET http://***@host:80/x failed"),
        ("at https://token@host", "at https://***@host"),
        ("at http://me:p@ss@host/a@b", "at http://***@host/a@b"),
        ("mail to me@host about http://host/x@y", "mail to me@host about http://host/x@y"),
    ],
)
def test_userinfo_of_an_url_is_masked_even_if_nobody_read_it(text: str, masked: str) -> None:
    assert Secrets(Sources()).mask(text) == masked


@pytest.mark.parametrize("name", ["QBITTORRENT_URL", "GLUETUN_URL"])
def test_the_password_of_a_settings_url_is_masked_before_anybody_reads_it(name: str, tmp_path: Path) -> None:
    url = "http://me:pa%2Fss%20wo@host:8080"
    (tmp_path / name.lower()).write_text(url)
    for sources in (Sources({name: url}), Sources({}, str(tmp_path))):
        secrets = Secrets(sources)
        for form in ("pa%2Fss%20wo", "pa/ss wo", "pa%2Fss+wo", b64encode(b"me:pa/ss wo").decode()):
            assert secrets.mask(f"sent {form} there") == "sent *** there"
        assert secrets.mask("me at host") == "me at host"
    assert Secrets(Sources({name: "http://tok-en-5@host"})).mask("tok-en-5") == "***"


def test_neither_sources_nor_secrets_show_a_value() -> None:
    sources = Sources({"TOKEN": "hunter2"})
    secrets = Secrets(sources)
    secrets.read("TOKEN")
    assert "hunter2" not in repr(sources) + repr(secrets)


def test_the_longest_secret_goes_first_and_short_ones_stay() -> None:
    assert mask("abcdef abcd on", ["abcd", "abcdef", "on"]) == "*** *** on"
    assert mask("http://u:p@h/x", ()) == "http://***@h/x"


@pytest.mark.parametrize("phrase", ["forward port with qBittorrent", "on 50123 the port", "a, b, the, rule"])
def test_a_passphrase_with_blanks_is_one_secret_and_its_words_are_words(phrase: str) -> None:
    secrets = Secrets(Sources({"QBITTORRENT_PASSWORD": phrase}))
    secrets.read("QBITTORRENT_PASSWORD")
    line = "forward-port: the rule sets the port of qBittorrent on 50123"
    assert secrets.mask(line) == line
    assert secrets.mask(f"said {phrase}!") == "said ***!"


@pytest.mark.parametrize(
    "value", ["hunter\u200b22", "hunter\t22 of  mine", "first line\nline two", "a b\nlonger than that"]
)
def test_what_a_program_says_of_it_is_masked_after_it_was_cut_to_one_line(value: str) -> None:
    secrets = Secrets(Sources({"TOKEN": value}))
    secrets.read("TOKEN")
    tail = Tail()
    tail.add(f"it is\n{value}\n".encode())
    assert secrets.mask(cut(tail.last_line())) == "***"


@pytest.mark.parametrize("limit", range(20, 45))
def test_a_passphrase_is_masked_where_its_end_was_cut_off(limit: int) -> None:
    secrets = Secrets(Sources({"TOKEN": "correct horse battery staple"}))
    secrets.read("TOKEN")
    shown = secrets.mask(cut("it said: correct horse battery staple, and more", limit))
    assert "correct" not in shown
    assert "horse" not in shown


def test_each_line_of_a_key_is_a_secret() -> None:
    secrets = Secrets(Sources({"KEY": "-----BEGIN-----\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASCBKcwggSj\nend\n"}))
    secrets.read("KEY")
    assert secrets.mask("it ended with 9w0BAQEFAASCBKcwggSj at the end") == "it ended with *** at the end"


@pytest.mark.parametrize(
    ("value", "shape"),
    [(" hunter2", "begins with a blank"), ("hunter2\t", "ends with a blank"), ('"hunter2"', "begins with a quotation"),
     ("hunter2'", "ends with a quotation mark"), ("\ufeffhunter2", "begins with a byte order mark"),
     ("hunter2\n", "ends with a line end"), ("“hunter2”", "begins with a quotation mark"),
     ("hunter2\u200b", "ends with a character that is not shown")],
)  # fmt: skip
def test_odd_ends_of_a_value_are_said_once_and_never_the_value(value: str, shape: str, problems: list[str]) -> None:
    secrets = Secrets(Sources({"QBITTORRENT_PASSWORD": value}))
    assert secrets.read("QBITTORRENT_PASSWORD") == value
    assert secrets.read("QBITTORRENT_PASSWORD") == value
    assert len(problems) == 1
    assert f"the secret QBITTORRENT_PASSWORD {shape}" in problems[0]
    assert "hunter2" not in problems[0]


def test_a_file_with_a_second_newline_says_so(tmp_path: Path, problems: list[str]) -> None:
    (tmp_path / "token").write_text("hunter2\n\n")
    assert Secrets(Sources({}, str(tmp_path))).read("TOKEN") == "hunter2\n"
    assert problems == [
        "the secret TOKEN ends with a line end, and that is used as a part of it; if it is not meant, take it out"
    ]


def test_a_list_may_end_as_it_likes(problems: list[str]) -> None:
    assert Secrets(Sources({"APPRISE_URLS": "ntfy://topic\n"})).read("APPRISE_URLS")
    assert not problems

"""The file itself: where it is, what it is made of, how it is read."""

from __future__ import annotations

import os
import tempfile
import tracemalloc
from pathlib import Path

import pytest

from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.values.small_handlers import SMALL_HANDLERS
from tests.rules_file.test_broken import GOOD


def test_a_half_written_file_is_a_syntax_error_at_its_end(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(GOOD + '[[rule]]\nname = "b"\non = "contai', encoding="utf-8")
    found = reader.load(path, SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [(one.code, one.line) for one in found] == [("syntax", 8)]


def test_ten_megabytes_are_refused_without_being_read(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text(GOOD + "# fill\n" * (10_000_000 // 7), encoding="utf-8")
    tracemalloc.start()
    found = reader.load(tmp_path / "rules.toml", SMALL_HANDLERS)
    _, most_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert isinstance(found, list)
    assert [one.code for one in found] == ["file-too-big"]
    assert most_bytes < 3_000_000


def test_a_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "rules.toml")
    found = reader.load(tmp_path / "rules.toml", SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [one.code for one in found] == ["not-a-file"]


def test_a_file_that_this_user_may_not_read_says_so(tmp_path: Path) -> None:
    path = tmp_path / "rules.toml"
    path.write_text(GOOD, encoding="utf-8")
    path.chmod(0)
    if os.geteuid() == 0:
        # root reads everything: be somebody else for a moment, who may enter the folder
        for folder in (tmp_path, *tmp_path.parents):
            if folder.stat().st_uid == 0 and folder.is_relative_to(tempfile.gettempdir()):
                folder.chmod(folder.stat().st_mode | 0o011)
        os.seteuid(65534)
    try:
        found = reader.load(path, SMALL_HANDLERS)
    finally:
        if os.getuid() == 0:
            os.seteuid(0)
    assert isinstance(found, list)
    assert [one.code for one in found] == ["file-unreadable"]
    assert "Permission denied" in found[0].said


def test_a_path_that_no_system_knows_is_an_error_and_no_exception() -> None:
    found = reader.load("a\0b", SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [one.code for one in found] == ["file-unreadable"]


@pytest.mark.parametrize(
    "written", [GOOD.encode("utf-8-sig"), GOOD.replace("\n", "\r\n").encode()], ids=["BOM", "CRLF"]
)
def test_a_file_from_another_system_is_good(tmp_path: Path, written: bytes) -> None:
    (tmp_path / "rules.toml").write_bytes(written)
    assert isinstance(reader.load(tmp_path / "rules.toml", SMALL_HANDLERS), Table)


def test_utf16_is_named(tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_bytes(GOOD.encode("utf-16"))
    found = reader.load(tmp_path / "rules.toml", SMALL_HANDLERS)
    assert isinstance(found, list)
    assert [one.code for one in found] == ["not-utf8"]

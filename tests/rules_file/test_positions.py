"""Positions in TOML, checked against what tomllib reads from the same text."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Iterator
from datetime import date, datetime, time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hooks.rules_file.positions import Path as KeyPath
from hooks.rules_file.positions import Position, locate
from tests.parts.places import TOP

TRICKY = {
    "empty": "",
    "only a comment": "# [a] b = 1",
    "brackets in strings": "a = \"[x]\\\"]\" # ]\nb = ']#['\nc = [ '], [', \"\\\\\" ] # ['\nd = 1\n",
    "many lines in one string": 'a = """\n[not]\nb = 1\\\n   """ # end\nc = 2\n',
    "quotes at the end of a string": 'a = """x"""""\nb = \'\'\'y\'\'\'\'\'\nc = """a"b""c\\""""\nd = 4\n',
    "an empty long string": "a = \"\"\"\"\"\"\nb = ''''''\nc = 1\n",
    "dotted and quoted keys": '"a b"."c.d" . e = 1\n\'x\'.y."" = 2\n"\\u00e9" = 3\n',
    "arrays over many lines": "a = [ # one\n  1, # ]\n  [2, 3,], # two\n  { b = [4] },\n]\nc = 5\n",
    "inline tables": "a = { b = { c = 1 }, d.e = [ { f = 2 } ], g = {} }\nh = {}\n",
    "arrays of tables within them": "[[a]]\nb = 1\n[[a.c]]\nd = 2\n[[a.c]]\n[a.c.e]\nf = 4\n[[a]]\n[[a.c]]\nd = 5\n",
    "tables out of order": "[a.b]\nc = 1\n[x]\ny = 2\n[a]\nd = 3\n[[x.z]]\nq = 1\n",
    "headers with blanks": "[ a . 'b' ]\nc=1\n  [[ d ]]  # x\n\te\t=\t2\n",
    "dates and odd numbers": "a = 1979-05-27 07:32:00Z\nb = [1979-05-27 07:32:00, 07:32:00]\nc = -inf\nd = 0xf\n",
    "Windows line ends": "a = 1\r\n[b]\r\nc = [\r\n 1,\r\n 2]\r\nd = 'x'\r\n",
    "no line end": "[a]\nb = true",
    "letters of two columns": "\"漢字\" = 1\na = ['漢', 1]\n",
}


def paths(value: Any, path: KeyPath = ()) -> Iterator[tuple[KeyPath, Any]]:
    """Every path of a parsed document, with its value."""
    if path:
        yield path, value
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for part, one in inner:
        yield from paths(one, (*path, part))


def check(text: str) -> int:
    """Each path has a position, at which its key, and its value if it is no table, can be read again."""
    positions = locate(text)
    rows = text.split("\n")
    assert set(positions.keys) == {path for path, _ in paths(tomllib.loads(text))}
    count = 0
    for path, value in paths(tomllib.loads(text)):
        assert path in positions.keys, f"{path} was not found"
        line, column = positions.find(path, key=True)
        there = rows[line - 1][column - 1 :]
        if isinstance(path[-1], str):
            assert there.startswith((path[-1] or '""', '"', "'")), (path, there)
        if not isinstance(value, dict | list):
            assert read_at(text, positions.find(path)) == value, path
        count += 1
    return count


def read_at(text: str, position: Position) -> Any:
    """The scalar whose text begins there."""
    rows = text.split("\n")[position.line - 1 :]
    rest = "\n".join([rows[0][position.column - 1 :], *rows[1:]])
    ends = (end for end in range(1, len(rest) + 1) if end == len(rest) or rest[end] in ",]} \t\r\n#")
    for end in ends:
        try:
            value = tomllib.loads(f"value = {rest[:end]}")["value"]
        except tomllib.TOMLDecodeError:
            continue
        # a date may go on with its time
        longer = rest[:19] if isinstance(value, date) and not isinstance(value, datetime) else ""
        try:
            return tomllib.loads(f"value = {rest[:20].rstrip()}")["value"] if longer[10:11] == " " else value
        except tomllib.TOMLDecodeError:
            return tomllib.loads(f"value = {longer}")["value"]
    raise AssertionError(f"nothing can be read at {position}: {rest[:40]!r}")


@pytest.mark.parametrize("text", TRICKY.values(), ids=TRICKY.keys())
def test_every_key_of_a_tricky_document_is_found(text: str) -> None:
    assert check(text) == len(list(paths(tomllib.loads(text))))


def test_every_key_of_the_files_of_this_project_is_found() -> None:
    root = TOP
    files = [root / "pyproject.toml", root / "rules.toml"]
    assert all(check(file.read_text(encoding="utf-8")) > 10 for file in files)


def test_the_places_are_exact() -> None:
    text = 'version = 1\n\n[[rule]]\nname = "a"\n[[rule]]\non = [ "x",\n  { event = "y", "a.b" = 3 } ]\n'
    positions = locate(text)
    assert positions.find(("version",), key=True) == (1, 1)
    assert positions.find(("version",)) == (1, 11)
    assert positions.find(("rule", 0)) == (3, 3)
    assert positions.find(("rule", 1)) == (5, 3)
    assert positions.find(("rule", 1, "on", 0)) == (6, 8)
    assert positions.find(("rule", 1, "on", 1, "a.b"), key=True) == (7, 18)
    assert positions.find(("rule", 1, "on", 1, "a.b")) == (7, 26)


def test_what_is_not_there_stands_where_it_should_be() -> None:
    positions = locate("version = 1\n[[rule]]\nlimit = { runs = 3 }\n")
    assert positions.find(("rule", 0, "limit", "per")) == (3, 9)
    assert positions.find(("rule", 0, "name")) == (2, 3)
    assert positions.find(("nothing", "at", "all")) == (1, 1)


def test_a_dotted_key_of_a_million_parts_costs_little() -> None:
    text = ".".join("a" * 300_000) + " = 1\nb = 2\n"
    positions = locate(text)
    assert positions.find(("b",)) == (2, 5)
    assert len(positions.keys) < 50


# -- random documents --------------------------------------------------------------------------

_NAMES = st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=5) | st.from_regex(
    r"[a-z_-]{1,4}", fullmatch=True
)
_SCALARS = (
    st.booleans()
    | st.integers(min_value=-(10**9), max_value=10**9)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs"]), max_size=12)
    | st.dates()
    | st.times(timezones=st.none()).map(lambda one: one.replace(microsecond=0))
    | st.datetimes().map(lambda one: one.replace(microsecond=0))
)
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)
_TABLES = st.dictionaries(
    _NAMES, _VALUES | st.lists(st.dictionaries(_NAMES, _VALUES, max_size=2), max_size=2), max_size=4
)


def text_of(name: str, draw: st.DataObject) -> str:
    """A key, bare where it can be."""
    bare = name.isascii() and name.replace("-", "a").replace("_", "a").isalnum()
    return name if bare and draw.draw(st.booleans()) else _basic(name)


def _basic(text: str) -> str:
    # JSON writes what is beyond the first plane as two surrogates, which TOML refuses
    wide = any(ord(sign) > 0xFFFF or sign == "\x7f" for sign in text)
    return '"' + "".join(f"\\U{ord(sign):08x}" for sign in text) + '"' if wide else json.dumps(text)


def inline(value: Any, draw: st.DataObject) -> str:
    """A value on one line, or a list over several."""
    match value:
        case bool():
            return str(value).lower()
        case str():
            return _string(value, draw)
        case list():
            between = draw.draw(st.sampled_from([", ", ",\n  ", ",  # ] x\n"]))
            return "[" + between.join(inline(one, draw) for one in value) + "]"
        case dict():
            return "{" + ", ".join(f"{text_of(k, draw)} = {inline(v, draw)}" for k, v in value.items()) + "}"
        case datetime():
            return value.isoformat(sep=draw.draw(st.sampled_from("T ")))
        case date() | time():
            return value.isoformat()
    return repr(value)


def _string(value: str, draw: st.DataObject) -> str:
    if draw.draw(st.booleans()) and value.isprintable() and "'" not in value:
        return f"'{value}'"
    basic = _basic(value)
    return f'""{basic}""' if draw.draw(st.booleans()) and not value.startswith("\n") else basic


def write(table: dict[str, Any], draw: st.DataObject, prefix: str = "") -> str:
    """The table as a document: plain keys first, then tables and arrays of tables under headers, or inline."""
    lines, headers = [], []
    for name, value in table.items():
        key = text_of(name, draw)
        many = isinstance(value, list) and value and all(isinstance(one, dict) for one in value)
        if isinstance(value, dict) and draw.draw(st.booleans()):
            headers.append(f"[{prefix}{key}]\n{write(value, draw, f'{prefix}{key}.')}")
        elif many and draw.draw(st.booleans()):
            headers += [f"[[ {prefix}{key} ]] # x\n{write(one, draw, f'{prefix}{key}.')}" for one in value]
        else:
            lines.append(f"{key} = {inline(value, draw)}")
    return "\n".join([*lines, *headers]) + "\n"


@settings(print_blob=True, database=None, deadline=None, max_examples=100)
@given(_TABLES, st.data())
def test_every_key_of_a_random_document_is_found(table: dict[str, Any], data: st.DataObject) -> None:
    text = write(table, data)
    assert tomllib.loads(text) == table
    check(text)

"""WireGuard configuration text: read into sections, changed line by line, and otherwise kept to the byte.

The grammar is that of `wg` (config.c of wireguard-tools): case and white space do not count, `#` begins a comment, keys
and sections may repeat. `wgconfig`, the kept parser on PyPI, drops line ends and comments behind values, replaces files
in place and does not say which line is wrong; the others there drop all comments.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_interface
from itertools import pairwise
from typing import Literal

from hooks.config.secrets import HIDDEN
from hooks.events import byte_order_mark

Kind = Literal["Interface", "Peer"]

_KINDS: dict[str, Kind] = {"[interface]": "Interface", "[peer]": "Peer"}
_KEY_BYTES = 32
_KEY = re.compile(r"[A-Za-z0-9+/]{42,43}=?=?")
_LINE = re.compile(r"[^\n]*\n|[^\n]+")
_ENTRY = re.compile(r"(?P<key>[^=#]*?)(?P<is>\s*=\s*)(?P<value>[^#\r\n]*?)(?P<rest>\s*(?:#.*)?[\r\n]*)", re.DOTALL)


class Malformed(ValueError):  # noqa: N818 - a fact about a file
    """A configuration that is not to be touched. Its text names file, line, what is wrong and what to do."""


def without_keys(text: str) -> str:
    """The text with everything that looks like a WireGuard key hidden."""
    return _KEY.sub(HIDDEN, text)


@dataclass(frozen=True, slots=True)
class Entry:
    """`key = value` on one line, counted from 1. The value is as written, without its comment."""

    key: str
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Section:
    """An [Interface] or a [Peer]. `title` is the comment right below its header: linuxserver names the peer there."""

    kind: Kind
    where: str
    number: int  # its place among the sections, from 0
    line: int
    end: int  # the line of its last entry, or of its header
    title: str
    entries: tuple[Entry, ...]

    def entry(self, key: str) -> Entry | None:
        """The first entry of this key, whose case does not count."""
        return next(self.of(key), None)

    def get(self, key: str) -> str | None:
        """The first value of this key, or None."""
        found = self.entry(key)
        return found.value if found else None

    def values(self, key: str) -> tuple[str, ...]:
        """Every value of this key: of repeated lines, and of lists with commas."""
        parts = (part.strip() for entry in self.of(key) for part in entry.value.split(","))
        return tuple(part for part in parts if part)

    def of(self, key: str) -> Iterator[Entry]:
        """Every entry of this key."""
        return (entry for entry in self.entries if entry.key.lower() == key.lower())

    def wrong(self, said: str, key: str = "") -> Malformed:
        """The error that points to the entry of this key, or to the section."""
        found = self.entry(key)
        return malformed(self.where, found.line if found else self.line, said)


@dataclass(frozen=True)
class Conf:
    """One file's text and its sections. Changing it makes another one."""

    where: str  # the file, for messages
    text: str

    @cached_property
    def sections(self) -> tuple[Section, ...]:
        """All sections in order. Raises Malformed at the first line that no WireGuard program would take."""
        return tuple(_sections(self.where, self._lines))

    @property
    def interface(self) -> Section:
        """The [Interface]. `parse` has made sure that there is one."""
        return next(section for section in self.sections if section.kind == "Interface")

    @property
    def peers(self) -> tuple[Section, ...]:
        """Every [Peer], in order."""
        return tuple(section for section in self.sections if section.kind == "Peer")

    @cached_property
    def _lines(self) -> list[str]:
        return _LINE.findall(self.text)  # splitlines() would also split at characters that are no line ends to `wg`

    @property
    def _newline(self) -> str:
        return "\r\n" if "\r\n" in self.text else "\n"

    def having(self, section: Section, key: str, value: str | None) -> Conf:
        """With this one value for the key, at the place of the first that was there; None takes the key out.

        `section` may be one of an earlier text of the same file, as long as no section was taken out.
        """
        section = self.sections[section.number]
        lines, there = list(self._lines), list(section.of(key))
        if value is not None and not there:
            lines[section.end - 1] = lines[section.end - 1].rstrip("\r\n") + self._newline
            lines.insert(section.end, f"{key} = {value}{self._newline}")
        for number, entry in reversed(list(enumerate(there))):
            keep = value is not None and number == 0
            lines[entry.line - 1] = _with_value(lines[entry.line - 1], str(value)) if keep else ""
        return Conf(self.where, "".join(lines))

    def without(self, section: Section) -> Conf:
        """Without the section, up to the next one's header, with the blank lines between them."""
        following = [other.line for other in self.sections if other.line > section.line]
        upto = following[0] - 1 if following else len(self._lines)
        return Conf(self.where, "".join(self._lines[: section.line - 1] + self._lines[upto:]))

    def adding(self, lines: list[str]) -> Conf:
        """With a further section at the end, a blank line before it."""
        before = self.text.rstrip() + self._newline * 2
        return Conf(self.where, before + "".join(line + self._newline for line in lines))


def parse(raw: bytes, where: str) -> Conf:
    """The configuration in a file's bytes. Raises Malformed: it is not UTF-8, half-written or no WireGuard's at all."""
    try:
        conf = Conf(where, byte_order_mark.decoded(raw))
    except UnicodeDecodeError as error:
        raise malformed(where, raw.count(b"\n", 0, error.start) + 1, "it is not UTF-8 text") from None
    except ValueError as error:
        raise malformed(where, 1, f"it {error}") from None
    interfaces = [section for section in conf.sections if section.kind == "Interface"]
    if len(interfaces) != 1:
        line = interfaces[1].line if interfaces else 1
        raise malformed(where, line, f"it has {len(interfaces) or 'no'} sections [Interface] and should have one")
    _check_key(conf.interface, "PrivateKey")
    for peer in conf.peers:
        _check_key(peer, "PublicKey")
        if peer.entry("PresharedKey"):
            _check_key(peer, "PresharedKey")
    _check_addresses(conf)
    return conf


def malformed(where: str, line: int, said: str) -> Malformed:
    """The error for a line of a file."""
    return Malformed(f"{where}:{line}: {said}; correct it, or restore it from a backup")


def is_key(text: str) -> bool:
    """Whether it is 32 bytes in base64, as every key of WireGuard."""
    try:
        return len(b64decode(text, validate=True)) == _KEY_BYTES
    except (Error, ValueError):
        return False


def _sections(where: str, lines: list[str]) -> Iterator[Section]:
    starts = [number for number, line in enumerate(lines, 1) if _bare(line).startswith("[")]
    for number in range(1, starts[0] if starts else len(lines) + 1):
        if _bare(lines[number - 1]):
            raise malformed(where, number, "this stands before any [Interface] or [Peer]")
    for number, (start, following) in enumerate(pairwise([*starts, len(lines) + 1])):
        yield _section(where, lines, number, start, following)


def _section(where: str, lines: list[str], number: int, start: int, following: int) -> Section:
    kind = _KINDS.get("".join(_bare(lines[start - 1]).split()).lower())
    if kind is None:
        raise malformed(where, start, "this is no section of WireGuard's, which are [Interface] and [Peer]")
    entries = []
    for line in range(start + 1, following):
        found = _ENTRY.fullmatch(lines[line - 1])
        if found and found["key"].strip():
            entries.append(Entry(found["key"].strip(), found["value"], line))
        elif _bare(lines[line - 1]):
            raise malformed(where, line, "this is no line of the form Key = value")
    below = lines[start].strip() if start < len(lines) else ""
    title = below.lstrip("#").strip() if below.startswith("#") else ""
    return Section(kind, where, number, start, entries[-1].line if entries else start, title, tuple(entries))


def _bare(line: str) -> str:
    return line.partition("#")[0].strip()


def _with_value(line: str, value: str) -> str:
    found = _ENTRY.fullmatch(line)
    assert found, "only entries are changed"
    return found["key"] + found["is"] + value + found["rest"]


def _check_key(section: Section, key: str) -> None:
    value = section.get(key)
    if value is None:
        raise section.wrong(f"this [{section.kind}] has no {key}")
    if not is_key(value):
        raise section.wrong(f"{key} is not 32 bytes in base64", key)


def _check_addresses(conf: Conf) -> None:
    for section in conf.sections:
        key = "Address" if section.kind == "Interface" else "AllowedIPs"
        for value in section.values(key):
            try:
                ip_interface(value)
            except ValueError:
                raise section.wrong(f"'{without_keys(value)}' in {key} is no address or network", key) from None

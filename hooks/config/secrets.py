"""Reads secrets when they are used, and masks them in every text that is shown.

The executor hands `Secrets.read` to handlers and to `${secret:NAME}`; the log, the journal, the control socket and the
command line pass every text through `Secrets.mask` before it leaves the process. Guaranteed: a changed secret file
counts from the next use on, without a restart; a value that was read once stays masked for the life of the process,
also after it has changed; a secret inside another one does not uncover the rest of it; the password in a URL among the
settings is masked from the start, as it is written, decoded, and as it is sent. Values shorter than four
characters are not masked, as hiding "on" or "12" everywhere would make texts unreadable. What looks secret by its name
or its place, and has not been read here, is the task of `masking`.
"""

from __future__ import annotations

import errno
import json
import os
import re
import threading
from base64 import b64encode
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus, unquote

from hooks.events import byte_order_mark

_LONGEST_BYTES = 64 * 1024
SHORTEST_MASKED_CHARS = 4  # of a value that is masked
WITH_USERINFO = ("QBITTORRENT_URL", "TRANSMISSION_URL", "DELUGE_URL", "GLUETUN_URL")
"""The settings whose URL may hold a user and a password."""
_USERINFO = re.compile(r"(?<=://)[^/?#\s@]+(?:@[^/?#\s@]+)*(?=@)")
LISTS = frozenset({"APPRISE_URLS"})
"""The secrets that hold several, apart by blanks or commas."""
_LONG_LINE = 8  # characters of a line of a key or a passphrase; a shorter one may be any word
_ODD = {"a blank": " \t\u00a0", "a quotation mark": "\"'`“”„‘’«»", "a byte order mark": "\ufeff", "a line end": "\n\r"}
HIDDEN = "***"
"""What is shown in place of a secret."""
CUT = " …"
"""How a text ends that was too long to be shown; it is cut between two words."""


class SecretError(Exception):
    """A secret's file cannot be read. Its text names the secret and the file, never the content.

    `seen` says the same without the secret's name.
    """

    def __init__(self, name: str, seen: str) -> None:
        super().__init__(f"secret {name}: {seen}; it is read again at the next try")
        self.seen = seen


@dataclass(frozen=True, slots=True)
class Sources:
    """Where secrets come from: variables (environment over .env) and a folder of files such as /run/secrets."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str = "/run/secrets"


class Secrets:
    """The secrets of one process. Thread-safe."""

    def __init__(self, sources: Sources) -> None:
        self.sources = sources
        self._known: set[str] = set()  # values
        self._forms: set[str] = set()  # as which they may stand in a text
        self._lock = threading.Lock()
        for name in WITH_USERINFO:
            with suppress(SecretError):
                self._forms.update(_userinfo_forms(sources.variables.get(name) or self._from_file(name) or ""))

    def read(self, name: str) -> str | None:
        """The value of `NAME`, else of the file that `NAME_FILE` names, else of a file `name` in the folder.

        None where there is none of them, or the variable is empty. A file's one trailing
        newline is not part of the secret. Raises SecretError for a file that cannot be read.
        """
        value = self.sources.variables.get(name) or self._from_file(name)
        if value and value not in self._known:  # read before each use, and mostly the same
            with self._lock:
                self._known.add(value)
                self._forms.update(_forms(value, _parts(name, value)))
            if odd := _shape(name, value):
                self._report_shape(name, odd)
        return value

    def mask(self, text: str) -> str:
        """The text with `***` for every secret ever read, in each form it may have, and for userinfo in URLs."""
        with self._lock:
            forms = tuple(self._forms)
        return mask(text, forms)

    def hide(self, name: str, form: str) -> None:
        """Mask this text too: what a filter of a placeholder has made of the secret of this name."""
        with self._lock:
            self._forms.update(_forms(form, _parts(name, form)))

    def _report_shape(self, name: str, odd: str) -> None:
        from hooks.events import signals

        said = f"the secret {name} {odd}, and that is used as a part of it; if it is not meant, take it out"
        signals.emit(signals.problem, said=said)

    def _from_file(self, name: str) -> str | None:
        named = self.sources.variables.get(f"{name}_FILE")
        if named:
            return _content(name, Path(named))
        for candidate in (name.lower(), name):
            file = f"{self.sources.folder}/{candidate}"
            if _is_there(name, file):
                return _content(name, Path(file))
        return None


def mask(text: str, values: Iterable[str]) -> str:
    """The text with `***` for each of these values (of 4 characters or more) and for userinfo in URLs."""
    for value in sorted(values, key=len, reverse=True):  # a secret may hold another one
        if len(value) >= SHORTEST_MASKED_CHARS:
            text = _without_beginning(text.replace(value, HIDDEN), value)
    return mask_userinfo(text)


def _without_beginning(text: str, value: str) -> str:
    """Hide the first words of a passphrase where the text was cut after them."""
    words = value.split(" ")
    for count in range(len(words) - 1, 0, -1) if CUT in text else ():
        beginning = " ".join(words[:count])
        if len(beginning) >= SHORTEST_MASKED_CHARS:
            text = text.replace(beginning + CUT, HIDDEN + CUT)
    return text


def printable(text: str) -> str:
    """The text with � for what a terminal would obey and what cannot be written: control characters, surrogates."""
    return "".join(c if c.isprintable() or c in "\n\t" else "�" for c in text)


def on_one_line(text: str) -> str:
    """The text as messages show the output of programs: one blank for each gap, � for what cannot be shown."""
    return printable(" ".join(text.split()))


def mask_userinfo(text: str) -> str:
    """The text with `***` for user and password in each URL."""
    return _USERINFO.sub(HIDDEN, text)


def _content(name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            value = byte_order_mark.decoded(opened.read(_LONGEST_BYTES + 1)).removesuffix("\n").removesuffix("\r")
    except IsADirectoryError:
        raise _error(name, file, "is a folder: Docker makes one where the file to mount is missing") from None
    except UnicodeDecodeError:
        raise _error(name, file, "is not UTF-8 text") from None
    except ValueError as error:
        raise _error(name, file, str(error)) from None
    except OSError as error:
        raise _error(name, file, f"cannot be read: {error.strerror}") from None
    if not value.strip():
        raise _error(name, file, "is empty")
    if len(value) > _LONGEST_BYTES:
        raise _error(name, file, "is longer than 64 KiB")
    return value


def _is_there(name: str, file: str) -> bool:
    try:
        os.stat(file)  # noqa: PTH116 - asked before each use of a secret; a third of what a Path takes
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        if error.errno == errno.ELOOP:
            return False
        # a folder that gluehook may not look into
        raise _error(name, Path(file), f"cannot be read: {error.strerror}") from None
    return True


def _error(name: str, file: Path, problem: str) -> SecretError:
    return SecretError(name, f"its file {file} {problem}")


def _userinfo_forms(url: str) -> Iterator[str]:
    """The password of a URL (the user, where it has no password) as it may stand in a text."""
    written = url.partition("://")[2].rpartition("@")[0]
    user, _, password = written.partition(":")
    for secret in {password or user, unquote(password or user)}:
        yield from _forms(secret)
    if written:
        yield b64encode(f"{unquote(user)}:{unquote(password)}".encode()).decode()


def _parts(name: str, value: str) -> Iterable[str]:
    """What of the value is secret by itself: each item of a list, each line of a key. A passphrase is one thing."""
    if name in LISTS:
        return re.split(r"[\s,]+", value)
    return [line for line in value.splitlines() if len(line) >= _LONG_LINE]


def _shape(name: str, value: str) -> str:
    """What is odd about the ends of the value, as the rest of a sentence, and never the value; "" if nothing is."""
    if name in LISTS:
        return ""
    for which, char in (("begins", value[0]), ("ends", value[-1])):
        for odd, chars in _ODD.items():
            if char in chars:
                return f"{which} with {odd}"
        if not char.isprintable():
            return f"{which} with a character that is not shown"
    return ""


def _forms(value: str, parts: Iterable[str] = ()) -> Iterator[str]:
    """The value, and each of its parts, as it may stand in a message: as it is, on one line, in a URL, in JSON."""
    for text in {value, value.strip(), *parts}:
        if len(text) >= SHORTEST_MASKED_CHARS:
            in_json = (json.dumps(text, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
            yield from (text, on_one_line(text), quote(text, safe=""), quote_plus(text), *in_json)

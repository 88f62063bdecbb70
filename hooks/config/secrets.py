"""Secrets are read at the moment of use, so a changed file needs no restart, and are masked in every text we show."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, quote_plus

_LONGEST_BYTES = 64 * 1024
_SHORTEST_MASKED = 4  # hiding "on" or "12" everywhere would make every message unreadable
_USERINFO = re.compile(r"(?<=://)[^/?#\s@]+(?:@[^/?#\s@]+)*(?=@)")
_HIDDEN = "***"


class SecretError(Exception):
    """A secret's file cannot be read. Its text names the secret and the file, never the content."""


@dataclass(frozen=True, slots=True)
class Sources:
    """Where secrets come from: variables (environment over .env) and a folder of files such as /run/secrets."""

    variables: Mapping[str, str] = field(default_factory=dict, repr=False)
    folder: str = "/run/secrets"


class Secrets:
    """The secrets of one process. Thread-safe."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._known: set[str] = set()  # values
        self._seen: set[str] = set()  # the forms in which they may stand in a text
        self._lock = threading.Lock()

    def read(self, name: str) -> str | None:
        """The value of `NAME`, else of the file that `NAME_FILE` names, else of a file `name` in the folder.

        None where there is none of them, or the variable is empty. A file's one trailing
        newline is not part of the secret. Raises SecretError for a file that cannot be read.
        """
        value = self._sources.variables.get(name) or self._from_file(name)
        if value and value not in self._known:  # read before each use, and mostly the same
            with self._lock:
                self._known.add(value)
                self._seen.update(_forms(value))
        return value

    def mask(self, text: str) -> str:
        """The text with `***` for every secret ever read (of 4 characters or more) and for userinfo in URLs."""
        with self._lock:
            seen = sorted(self._seen, key=len, reverse=True)  # a secret may hold another one
        for form in seen:
            text = text.replace(form, _HIDDEN)
        return mask_userinfo(text)

    def _from_file(self, name: str) -> str | None:
        named = self._sources.variables.get(f"{name}_FILE")
        if named:
            return _content(name, Path(named))
        for candidate in (name.lower(), name):
            file = Path(self._sources.folder, candidate)
            if file.exists():
                return _content(name, file)
        return None


def mask_userinfo(text: str) -> str:
    """The text with `***` for user and password in each URL."""
    return _USERINFO.sub(_HIDDEN, text)


def _content(name: str, file: Path) -> str:
    try:
        with file.open("rb") as opened:
            value = opened.read(_LONGEST_BYTES + 1).decode().removesuffix("\n").removesuffix("\r")
    except IsADirectoryError:
        raise _error(name, file, "is a folder: Docker makes one where the file to mount is missing") from None
    except UnicodeDecodeError:
        raise _error(name, file, "is not UTF-8 text") from None
    except OSError as error:
        raise _error(name, file, f"cannot be read: {error.strerror}") from None
    if not value.strip():
        raise _error(name, file, "is empty")
    if len(value) > _LONGEST_BYTES:
        raise _error(name, file, "is longer than 64 KiB")
    return value


def _error(name: str, file: Path, problem: str) -> SecretError:
    return SecretError(f"secret {name}: its file {file} {problem}; it is read again at the next try")


def _forms(value: str) -> Iterator[str]:
    """The value as it may stand in a message: as it is, in a URL, in JSON; of a list also each item."""
    for text in {value, *re.split(r"[\s,]+", value)}:
        if len(text) >= _SHORTEST_MASKED:
            yield from (text, quote(text, safe=""), quote_plus(text), json.dumps(text)[1:-1])

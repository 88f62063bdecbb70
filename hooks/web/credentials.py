"""The password and the token that open the web process, read at use, so that a changed secret file counts at once."""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable

from hooks.config.secrets import SecretError

PASSWORD, TOKEN = "GLUEHOOK_WEB_PASSWORD", "GLUEHOOK_WEB_TOKEN"
SHORTEST_CHARS = 8
_KEPT_S = 1.0


class Credentials:
    """Compares what was sent with the secrets that `read(name)` reads, in constant time. Thread-safe.

    Once one of them was there, or could not be read, access stays limited for the life of the process: a secret file
    that goes away does not open the site to everybody. The same holds if `forward_auth` lets people in; `problem` says
    why it cannot.
    """

    def __init__(
        self, read: Callable[[str], str | None], clock: Callable[[], float], *, forward_auth: bool = False,
        problem: str = "",
    ) -> None:  # fmt: skip
        self._read, self._clock = read, clock
        self._lock = threading.Lock()
        self._kept: dict[str, tuple[float, bytes | None]] = {}
        self._is_limited = forward_auth
        self._problems: dict[str, str] = {"": problem} if problem else {}
        for name in (PASSWORD, TOKEN):
            self._digest(name)

    @property
    def limited(self) -> bool:
        """Whether a password, a token or a forward-auth is needed, to read and to act."""
        return self._is_limited

    @property
    def has_password(self) -> bool:
        """Whether there is a password to log in with."""
        return self._digest(PASSWORD) is not None

    @property
    def has_token(self) -> bool:
        """Whether there is a token that opens anything."""
        return self._digest(TOKEN) is not None

    @property
    def problems(self) -> list[str]:
        """Why a secret cannot be used: one sentence each."""
        for name in (PASSWORD, TOKEN):
            self._digest(name)
        return list(self._problems.values())

    def is_password(self, text: str) -> bool:
        """Whether this is the password."""
        return self._is(PASSWORD, text)

    def is_token(self, text: str) -> bool:
        """Whether this is the token."""
        return self._is(TOKEN, text)

    def password_digest(self) -> bytes | None:
        """What a session remembers of the password that opened it; None without a password."""
        return self._digest(PASSWORD)

    def _is(self, name: str, text: str) -> bool:
        known = self._digest(name)
        return hmac.compare_digest(_digest(text), known or b"\0" * 32) and known is not None

    def _digest(self, name: str) -> bytes | None:
        with self._lock:
            at, kept = self._kept.get(name, (-_KEPT_S, None))
            if self._clock() - at < _KEPT_S and name in self._kept:
                return kept
            digest = self._read_digest(name)
            self._kept[name] = (self._clock(), digest)
            return digest

    def _read_digest(self, name: str) -> bytes | None:
        try:
            value = self._read(name)
        except SecretError as error:
            self._is_limited, self._problems[name] = True, str(error)
            return None
        self._problems.pop(name, None)
        if not value:
            return None
        self._is_limited = True
        if len(value) < SHORTEST_CHARS:
            self._problems[name] = f"{name} has fewer than {SHORTEST_CHARS} characters, so it lets nobody in"
            return None
        return _digest(value)


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()

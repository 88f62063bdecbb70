"""Who may read and act: by a session after a login, by a token, or by a proxy's forward-auth.

Without a password, a token or a forward-auth everybody may read and nobody may act. With one of them nobody may do
either without it. A session is kept in this process alone, so a restart ends it; a changed password ends it, too.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from hooks.web.credentials import Credentials
from hooks.web.login_limit import LoginLimit
from hooks.web.visit import Visit

COOKIE = "gluehook_session"
IDLE_S, LONGEST_S = 7 * 86400.0, 30 * 86400.0  # a session ends after so long without a request, and after so long
MOST_SESSIONS = 200
MOST_NOTICES = 200

Kind = Literal["anybody", "session", "token", "proxy"]


@dataclass(frozen=True, slots=True)
class Identity:
    """Who asks. `csrf` must come back with an action that a browser sends."""

    kind: Kind
    name: str
    csrf: str = ""

    @property
    def may_act(self) -> bool:
        """Whether it may pause, resume, retry and run."""
        return self.kind != "anybody"


class TooOften(Exception):  # noqa: N818 - a response, no fault
    """Too many wrong tries; `wait_s` is how long the next one must wait."""

    def __init__(self, wait_s: float) -> None:
        super().__init__(f"too many wrong tries; try it again in {wait_s:.0f} s")
        self.wait_s = wait_s


@dataclass(slots=True)
class _Session:
    began: float
    used: float
    password: bytes | None


class Access:
    """The sessions of the process, and who a request is from. Thread-safe; `clock` gives seconds."""

    def __init__(self, credentials: Credentials, clock: Callable[[], float]) -> None:
        self.credentials, self.limit, self._clock = credentials, LoginLimit(clock), clock
        self._key = secrets.token_bytes(32)
        self._sessions: OrderedDict[str, _Session] = OrderedDict()
        self._notices: OrderedDict[str, str] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, visit: Visit, authorization: str, cookie: str) -> Identity | None:
        """Who asks; None if it must not read. Raises TooOften for a token that comes after too many wrong ones."""
        if not self.credentials.limited:
            return Identity("anybody", visit.client)
        token = _token(authorization) if self.credentials.has_token else ""
        if visit.user and not self.credentials.is_token(token):  # a forward-auth may send on a token of its own
            return Identity("proxy", visit.user, self._csrf("proxy", visit.user))
        if token:
            return self._by_token(visit, token)
        return Identity("session", "", self._csrf("session", cookie)) if self._is_open(cookie) else None

    def holds(self, identity: Identity, authorization: str, cookie: str) -> bool:
        """Whether it may go on reading what it began to read with these headers."""
        match identity.kind:
            case "anybody":
                return not self.credentials.limited
            case "session":
                return self._is_open(cookie)
            case "token":
                return self.credentials.is_token(_token(authorization))
            case "proxy":
                return True

    def log_in(self, visit: Visit, password: str) -> str | None:
        """The cookie of a new session; None if the password is wrong. Raises TooOften."""
        self._wait(visit)
        if not self.credentials.is_password(password):
            self.limit.wrong(visit.client)
            return None
        self.limit.right(visit.client)
        cookie, now = secrets.token_urlsafe(32), self._clock()
        with self._lock:
            self._sessions[_name(cookie)] = _Session(now, now, self.credentials.password_digest())
            while len(self._sessions) > MOST_SESSIONS:
                self._sessions.popitem(last=False)
        return cookie

    def log_out(self, cookie: str) -> None:
        """End the session of this cookie, if there is one."""
        with self._lock:
            self._sessions.pop(_name(cookie), None)

    def is_csrf(self, identity: Identity, token: str) -> bool:
        """Whether an action with this token was begun on one of our own pages; a program with a token needs none."""
        if identity.kind == "token":
            return True
        return bool(identity.csrf) and hmac.compare_digest(identity.csrf.encode(), token.encode(errors="replace"))

    def notify(self, identity: Identity, said: str) -> None:
        """Keep a sentence for the next page that this one is shown."""
        with self._lock:
            self._notices[identity.csrf] = said
            while len(self._notices) > MOST_NOTICES:
                self._notices.popitem(last=False)

    def notice(self, identity: Identity) -> str:
        """The sentence that was kept, once; "" if there is none."""
        with self._lock:
            return self._notices.pop(identity.csrf, "") if identity.csrf else ""

    def _by_token(self, visit: Visit, token: str) -> Identity | None:
        self._wait(visit)
        if self.credentials.is_token(token):
            self.limit.known(visit.client)
            return Identity("token", "token")
        self.limit.wrong(visit.client)
        return None

    def _wait(self, visit: Visit) -> None:
        if wait_s := self.limit.wait_s(visit.client):
            raise TooOften(wait_s)

    def _is_open(self, cookie: str) -> bool:
        if not cookie:
            return False
        with self._lock:
            name, now = _name(cookie), self._clock()
            session = self._sessions.get(name)
            if session is None:
                return False
            is_over = now - session.used > IDLE_S or now - session.began > LONGEST_S
            if is_over or session.password != self.credentials.password_digest():
                del self._sessions[name]
                return False
            session.used = now
            self._sessions.move_to_end(name)
            return True

    def _csrf(self, *of: str) -> str:
        return hmac.new(self._key, "\0".join(of).encode(errors="replace"), hashlib.sha256).hexdigest()


def _token(authorization: str) -> str:
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _name(cookie: str) -> str:
    """What is kept of a cookie: who reads our memory cannot use it."""
    return hashlib.sha256(cookie.encode(errors="replace")).hexdigest()

"""Who may call a hook: one who sends its token, or has signed the body with it.

`GLUEHOOK_HOOK_TOKEN_NAME` opens the hook of that name alone, and then nothing else does; `GLUEHOOK_HOOK_TOKEN` opens
every hook that has none of its own. They are read at use, so that a changed secret file counts at once.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Callable, Mapping

from hooks.config.hook_secrets import ALL, secret_of
from hooks.config.secrets import SecretError
from hooks.web.credentials import SHORTEST_CHARS

SIGNATURE = "x-hub-signature-256"
"""The header in which GitHub, Gitea and Forgejo send sha256= and the HMAC of the body, with the token as its key."""


class NoToken(Exception):  # noqa: N818 - a response, no fault
    """The hook is opened by nothing; the text says why and what to do."""


class HookTokens:
    """The tokens of hooks, which `read(name)` reads. Thread-safe."""

    def __init__(self, read: Callable[[str], str | None]) -> None:
        self._read = read

    def opens(self, hook: str, headers: Mapping[str, str], body: bytes) -> bool:
        """Whether the headers hold the hook's token, or its signature of this body. Raises NoToken."""
        token = self._token(hook)
        if signature := headers.get(SIGNATURE):
            made = "sha256=" + hmac.new(token.encode(errors="surrogatepass"), body, hashlib.sha256).hexdigest()
            return hmac.compare_digest(made.encode(), signature.encode(errors="replace"))
        return hmac.compare_digest(_digest(token), _digest(sent(headers)))

    def _token(self, hook: str) -> str:
        own = secret_of(hook)
        name, token = own, self._value(own)
        if not token:
            name, token = ALL, self._value(ALL)
        if not token:
            raise NoToken(f"no token is set for the hook '{hook}', so it takes nothing; set {ALL} or {own}")
        if len(token) < SHORTEST_CHARS:
            raise NoToken(f"{name} has fewer than {SHORTEST_CHARS} characters, so it opens nothing; set a longer one")
        return token

    def _value(self, name: str) -> str | None:
        try:
            return self._read(name)
        except SecretError as error:
            raise NoToken(str(error)) from None


def sent(headers: Mapping[str, str]) -> str:
    """The token in the headers, "" without one: of its own header, or of `Authorization`, also as a password."""
    if own := headers.get("x-gluehook-token", ""):
        return own.strip()
    scheme, _, value = headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    return _password(value.strip()) if scheme.lower() == "basic" else ""


def _password(encoded: str) -> str:
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except ValueError:
        return ""


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()

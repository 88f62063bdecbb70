"""A kept connection to one target over HTTP: it asks no proxy, follows no redirect and tries once.

It uses urllib3 alone, which halves the time of a warm call against `requests`. User and password of the URL are sent
as basic authentication. A CA file, where one is set, is all that is trusted; the first certificate in it is also
accepted itself, whatever its name and dates are ("pinned"). Both are read when the connection is made.
"""

from __future__ import annotations

import base64
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

from handlers.shared.http_failure import certificate_error, failure, protocol_mixed_up
from handlers.shared.who_answered import Answer
from hooks.handler import Context, GiveUp


@dataclass(frozen=True, slots=True)
class Trust:
    """Which certificates are trusted: those of the system, or those of one PEM file."""

    setting: str  # the variable that names the file
    file: str = ""
    stamp: tuple[int, int] = (0, 0)  # when it was written and its size: a changed file makes another Trust

    @classmethod
    def of(cls, setting: str, file: str) -> Trust:
        """As the file is now. A file that cannot be read is told when a connection is made."""
        try:
            found = Path(file).stat() if file else None
        except OSError:
            found = None
        return cls(setting, file, (found.st_mtime_ns, found.st_size) if found else (0, 0))


def split_userinfo(url: str) -> tuple[str, str]:
    """The URL without user and password, and those as `USER:PASSWORD`, decoded; "" where it has none."""
    parts = urlsplit(url)
    userinfo, at, place = parts.netloc.rpartition("@")
    user, _, password = userinfo.partition(":")
    return urlunsplit(parts._replace(netloc=place)), f"{unquote(user)}:{unquote(password)}" if at else ""


def basic(login: str) -> str:
    """The Authorization header of `USER:PASSWORD`."""
    return f"Basic {base64.b64encode(login.encode()).decode()}"


@dataclass(frozen=True, slots=True)
class Request:
    """What is sent. `path` is below the connection's URL; `within_s` are the seconds to connect and to read."""

    method: str
    path: str
    within_s: tuple[float, float]
    body: str | None = field(default=None, repr=False)
    kind: str = ""  # the body's Content-Type


class Connection:
    """One target. Requests to it are made one after the other."""

    def __init__(self, url: str, who: str, trust: Trust, headers: Mapping[str, str] | None = None) -> None:
        self._url, login = split_userinfo(url)
        self._who, self._trust = who, trust
        self._path = urlsplit(self._url).path.rstrip("/")
        self._pool: Any = None
        self.headers: dict[str, str] = {"Authorization": basic(login)} if login else {}
        self.headers |= headers or {}

    def close(self) -> None:
        """Close what is kept open. A later request opens it anew."""
        if self._pool is not None:
            self._pool.close()
        self._pool = None

    def send(self, ctx: Context, request: Request) -> Answer:
        """The answer, whatever its status. Raises Retry or GiveUp if there is none."""
        from urllib3.exceptions import HTTPError

        try:
            return self._trusted(request)
        except HTTPError as error:
            if scheme := protocol_mixed_up(self._url, error, ctx.left()):
                spoken = "plain http" if scheme == "http" else "https"
                said = f"{self._who} speaks {spoken} at that port; write {scheme}:// in its URL"
                raise GiveUp(said, kind="https") from None
            raise failure(error, self._who, self._trust.setting) from None

    def _trusted(self, request: Request) -> Answer:
        """Send it; where only the file's own certificate would be trusted, over a connection that trusts that alone."""
        from urllib3.exceptions import HTTPError

        try:
            return self._send(request)
        except HTTPError as error:
            pinned = _fingerprint(self._trust.file) if certificate_error(error) else ""
            if not pinned:
                raise
            self._pool = self._open(cert_reqs="CERT_NONE", assert_fingerprint=pinned)
            try:
                return self._send(request)  # another fingerprint ends it before anything is sent
            except HTTPError as other:
                self.close()
                if "ingerprint" not in str(other):
                    raise
            raise

    def _send(self, request: Request) -> Answer:
        import urllib3

        self._pool = self._pool or self._open()
        headers = self.headers | ({"Content-Type": request.kind} if request.kind else {})
        within = urllib3.Timeout(connect=request.within_s[0], read=request.within_s[1])
        found = self._pool.urlopen(request.method, self._path + request.path, request.body, headers, timeout=within)
        return Answer(found.status, found.headers, found.data)

    def _open(self, **more: Any) -> Any:
        import urllib3

        if self._url.startswith("https:") and not more:
            more = {"ssl_context": self._context()}
        # retries=False: one try, and a redirect is an answer like any other
        return urllib3.connection_from_url(self._url, retries=False, **more)

    def _context(self) -> ssl.SSLContext:
        if not self._trust.file:
            from requests.utils import DEFAULT_CA_BUNDLE_PATH

            context = ssl.create_default_context()
            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)  # an image without ca-certificates has no others
            return context
        try:
            context = ssl.create_default_context(cafile=self._trust.file)
        except OSError as error:  # ssl.SSLError is one, too
            raise GiveUp(f"{self._who}: {self._unreadable(error)}", kind="https") from None
        # a certificate that an owner made may lack what Python 3.13 asks of authorities, and may be no root
        context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    def _unreadable(self, error: OSError) -> str:
        why = (
            "holds no certificate in PEM form"
            if isinstance(error, ssl.SSLError)
            else f"cannot be read ({error.strerror})"
        )
        return f"{self._trust.setting} names {self._trust.file}, which {why}; put the certificate there"


def _fingerprint(file: str) -> str:
    """The SHA-256 of the file's first certificate, "" where there is none."""
    begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
    try:
        text = Path(file).read_text("ascii", "replace") if file else ""
        return sha256(ssl.PEM_cert_to_DER_cert(text[text.index(begin) : text.index(end) + len(end)])).hexdigest()
    except (OSError, ValueError):  # "BEGIN TRUSTED CERTIFICATE", a file that has just gone
        return ""

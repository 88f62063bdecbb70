"""Who answered: the target itself, or a proxy or another program in its place. Handlers, status and doctor ask here.

A status code means what gluetun or qBittorrent mean by it only if it is they who sent it. They are known by their
bodies and headers, of which a proxy passes all on. gluetun's control server answers in text/plain and in fixed words,
ends them in a newline, and sends neither 403 nor 502 to 504 (3.40.4, 3.41.3 and master, as recorded in
tests/samples/gluetun). qBittorrent answers errors in text/plain; charset=UTF-8, without `WWW-Authenticate` and with
security headers of its own (4.5.2, 5.1.0 and 5.3.0, as recorded in tests/samples/qbittorrent); the text of its ban is
translated into the owner's language. Transmission's pages begin with their status (3.00 and 4.1, as recorded
in tests/samples/transmission). Deluge's Web UI answers 200 to every call.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from handlers.shared.http import TRY_LATER, destination, later, unreadable
from handlers.shared.tls_failure import CLIENT_CERTIFICATE
from hooks.handler import GiveUp, Retry

# Two of them must be there: a proxy may replace one, and others send one of them (Cloudflare a Referrer-Policy).
_BY_QBITTORRENT = {
    "x-xss-protection": "1; mode=block", "referrer-policy": "same-origin",
    "content-security-policy": "default-src 'self'; style-src 'self' 'unsafe-inline'",
}  # fmt: skip
_ENOUGH = 2
_WORDS = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 404: "Not Found", 405: "Method Not Allowed"}
# each scheme of WWW-Authenticate: a word that no "=" follows, first or after a comma
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z-]{0,19})(?=\s+[^=\s]|\s*(?:,|$))")
_TO_HTTPS = ("plain HTTP request was sent to HTTPS", "HTTP request to an HTTPS server", "plain HTTP to an SSL-enabled")


@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer, read whole. The names in `headers` match in any case."""

    status: int
    headers: Mapping[str, str]
    content: bytes = field(default=b"", repr=False)

    @property
    def text(self) -> str:
        """The body as text."""
        return self.content.decode("utf-8", "replace")

    @property
    def media_type(self) -> str:
        """Such as text/plain, in lower case, "" where none is said."""
        return self.headers.get("Content-Type", "").partition(";")[0].strip().lower()


def is_gluetun(answer: Answer) -> bool:
    """Whether gluetun's control server has sent this answer, which is no success."""
    if answer.status == 301:
        return answer.headers.get("Location") == "/v1/portforward"
    realm = answer.headers.get("WWW-Authenticate", "")
    if answer.media_type != "text/plain" or not (realm == "" or realm.startswith('Basic realm="restricted"')):
        return False
    if answer.status in (401, 404, 405):
        return answer.text == f"{_WORDS[answer.status]}\n"
    return answer.status in (400, 500) and answer.headers.get("X-Content-Type-Options") == "nosniff"


def is_qbittorrent(answer: Answer) -> bool:
    """Whether qBittorrent has sent this answer, which is no success. Its errors are never a redirect nor 502 to 504."""
    if answer.media_type != "text/plain" or "WWW-Authenticate" in answer.headers:
        return False
    if answer.status < 400 or answer.status in (502, 503, 504):
        return False
    signs = sum(answer.headers.get(name, "").startswith(value) for name, value in _BY_QBITTORRENT.items())
    kind = answer.headers["Content-Type"]
    if "charset" not in kind.lower():
        return signs >= _ENOUGH
    # Go's and nginx's charset is in lower case, and a proxy may add the same security headers to its own answers
    return kind.endswith("charset=UTF-8") and (signs >= _ENOUGH or answer.text == _WORDS.get(answer.status))


def is_transmission(answer: Answer) -> bool:
    """Whether Transmission has sent this answer, which is no success: its page is a headline, and a reason or none."""
    return answer.text.startswith(f"<h1>{answer.status}: ")


def is_ban(answer: Answer) -> bool:
    """Whether this is qBittorrent's word that our address is banned: its other 403 says "Forbidden"."""
    return answer.status == 403 and is_qbittorrent(answer) and answer.text != _WORDS[403]


@dataclass(frozen=True, slots=True)
class Target:
    """Whose answer was expected, in words."""

    name: str  # "qBittorrent"
    who: str  # begins each sentence: "qBittorrent at http://gluetun:8080"
    setting: str  # the variable that holds its URL
    signed_in: bool = False  # a user and a password were shown, by basic authentication
    login: str = ""  # where those stand; "" for the URL


def refusal_of_another(answer: Answer, target: Target, now_s: float) -> Retry | GiveUp:
    """The error word for an answer that is no success and not the target's own. `kind` is "proxy-login" or "proxy"."""
    status = answer.status
    answers = f"{target.who}: {_another(answer)} answers {status} in its place"
    directly = f"or let {target.setting} name {target.name} itself, without the proxy"
    if status in TRY_LATER or status >= 500:
        return _later(answers, answer, now_s)
    if status == 400 and any(words in answer.text for words in _TO_HTTPS):
        return GiveUp(f"{target.who} speaks https at that port; write https:// in {target.setting}", kind="https")
    if status == 400 and "No required SSL certificate was sent" in answer.text:  # nginx; others refuse the greeting
        return GiveUp(f"{target.who} {CLIENT_CERTIFICATE}", kind="https")
    if status == 401:
        return _login_wanted(answers, answer, target, directly)
    if 300 <= status < 400:
        where = destination(answer.headers)
        return GiveUp(
            f"{answers} and sends us to {where}; if that is where it really is, write that in {target.setting}; if it "
            f"is a login page, exempt gluehook's address there, {directly}",
            kind="proxy",
        )
    if status == 404:
        return GiveUp(f"{answers}, so no {target.name} is found under this URL; correct {target.setting}", kind="proxy")
    return GiveUp(f"{answers}; allow gluehook's address and these requests there, {directly}", kind="proxy")


def _another(answer: Answer) -> str:
    name = re.sub(r"[^\w./() -]", "", answer.headers.get("Server", ""))[:40].strip()
    return f"a proxy or another program{f' ({name})' if name else ''}"


def _later(answers: str, answer: Answer, now_s: float) -> Retry:
    when, after = later(answer.headers, now_s)
    return Retry(f"{answers} for now; look at its log; {when}", after=after, kind="proxy")


def _login_wanted(answers: str, answer: Answer, target: Target, directly: str) -> GiveUp:
    schemes = _SCHEME.findall(answer.headers.get("WWW-Authenticate", ""))
    takes_basic = "basic" in map(str.lower, schemes)
    if target.signed_in and (takes_basic or not schemes):
        where = target.login or target.setting
        said = f"{answers} and rejects the user and the password of {where}; correct them there, {directly}"
        return GiveUp(said, kind="proxy-login")
    if takes_basic:
        return GiveUp(
            f"{answers} and wants a user and a password; write them in {target.setting}, before its host, as "
            f"USER:PASSWORD@HOST, {directly}",
            kind="proxy-login",
        )
    wants = f"a login of the kind {schemes[0]}" if schemes else "a login"
    return GiveUp(
        f"{answers} and wants {wants}, which gluehook cannot do; exempt gluehook's address there, {directly}",
        kind="proxy-login",
    )


def not_an_api(answer: Answer, who: str) -> Retry:
    """For an answer of 200 that is not what this API says: something else may live at that address for now."""
    if answer.media_type in ("text/html", "application/xhtml+xml"):
        return Retry(
            f"{who} answers with a web page, which is not its API's; it may be a proxy's login page, or another "
            "program's; it is tried again",
            kind="proxy",
        )
    return unreadable(who)


def read_json(answer: Answer, who: str) -> Any:
    """The JSON value of an answer. Raises Retry if it is none."""
    try:
        return json.loads(answer.content)
    except (ValueError, RecursionError):  # the second: lists in lists, thousands deep
        raise not_an_api(answer, who) from None

"""What the end of an HTTP call means: Retry where it may pass, GiveUp where a person must change something."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from hooks.handler import Context, GiveUp, Retry

TRY_LATER = frozenset({408, 425, 429})  # and every 5xx
LONGEST_WAIT_S = 3600.0
"""How long `Retry-After` is obeyed at most: an answer from outside must not stop a lane for years."""
_CONNECT_S = 3.0
_LONGEST_PATH_CHARS = 100


def shown(url: str) -> str:
    """The address as it may be shown: scheme, host, port and path, without user, password, query and last slash."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:  # "http://[": the call itself will say so
        return "an unreadable address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


def destination(headers: Mapping[str, str]) -> str:
    """Where a redirect leads, as it may be shown: an address, or a path of the server that sends it."""
    where = headers.get("Location", "").strip()
    if re.match(r"https?://", where, re.IGNORECASE):
        return shown(where)
    if where.startswith("//"):
        return where.partition("?")[0].partition("#")[0][2:].rpartition("@")[2]
    path = where.partition("?")[0].partition("#")[0][:_LONGEST_PATH_CHARS]
    return f"its own path {path}" if path else "another place that it does not name"


def address(url: str, who: str) -> str:
    """The URL without query and last slash; `http://` is added where no scheme is said. Raises GiveUp if it is none."""
    text = url if "://" in url else f"http://{url}"
    try:
        parts = urlsplit(text)
        usable = parts.scheme in ("http", "https") and parts.hostname and " " not in parts.netloc and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise GiveUp(f"{who} has {shown(url)!r} for its address, which cannot be called; write http://name:port")
    return f"{parts.scheme}://{parts.netloc}{parts.path}".rstrip("/")


def time_outs(ctx: Context, who: str) -> tuple[float, float]:
    """(connect, read) in seconds, within what the attempt has left. Raises Retry when nothing is left."""
    left_s = ctx.left()
    if left_s <= 0:
        raise Retry(f"{who}: the attempt's time is over before the next call; it is tried again")
    return min(_CONNECT_S, left_s), left_s


def retry_after_s(headers: Mapping[str, str], now_s: float) -> float | None:
    """Seconds to wait as `Retry-After` says it, in seconds or as a date; None where it is absent or nonsense.

    At most LONGEST_WAIT_S.
    """
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), LONGEST_WAIT_S)
    try:
        date = parsedate_to_datetime(text)
    except (ValueError, OverflowError):  # the second: a year or a zone of twenty digits
        return None
    # an HTTP date is GMT also where it does not say so
    wait_s = (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s
    return min(max(0.0, wait_s), LONGEST_WAIT_S)


def later(headers: Mapping[str, str], now_s: float) -> tuple[str, float | None]:
    """The end of a sentence about a Retry, and how many seconds its `Retry-After` asks for."""
    after = retry_after_s(headers, now_s)
    if after is None:
        return "it is tried again", None
    asks = "as it asks" if after < LONGEST_WAIT_S else "as it asks for that long or longer"
    return f"it is tried again in {after:g} s, {asks}", after


def refusal(status: int, headers: Mapping[str, str], who: str, now_s: float) -> Retry | GiveUp:
    """The error word for an answer that is no success. `who` begins the sentence: "gluetun at http://…"."""
    if status in TRY_LATER or status >= 500:
        when, after = later(headers, now_s)
        return Retry(f"{who} answers {status} for now; {when}", after=after)
    if 300 <= status < 400:
        where = destination(headers)
        return GiveUp(f"{who} answers {status} and sends us to {where}; set the URL to where it really is")
    return GiveUp(f"{who} answers {status}; trying again would not change that, so look at the URL and its log")


def unreadable(who: str) -> Retry:
    """For an answer of 200 that is not what this API says: something else may live at that address for now."""
    return Retry(f"{who} answers with something that is not its API's; it is tried again")

"""What the end of an HTTP call means: Retry where it may pass, GiveUp where a person must change something."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

from hooks.handler import Context, GiveUp, Retry

TRY_LATER = frozenset({408, 425, 429})  # and every 5xx
_CONNECT_S = 3.0


def shown(url: str) -> str:
    """The address as it may be shown: scheme, host, port and path, without user, password, query and last slash."""
    try:
        parts = urlsplit(url if "://" in url else f"http://{url}")
    except ValueError:  # "http://[": the call itself will say so
        return "an unreadable address"
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}{parts.path}".rstrip("/")


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
    """Seconds to wait as `Retry-After` says it, in seconds or as a date; None where it is absent or nonsense."""
    text = headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return float(text)
    try:
        date = parsedate_to_datetime(text)
    except ValueError:
        return None
    # an HTTP date is GMT also where it does not say so
    return max(0.0, (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp() - now_s)


def refusal(status: int, headers: Mapping[str, str], who: str, now_s: float) -> Retry | GiveUp:
    """The error word for an answer that is no success. `who` begins the sentence: "gluetun at http://…"."""
    if status in TRY_LATER or status >= 500:
        after = retry_after_s(headers, now_s)
        when = "it is tried again" + (f" in {after:g} s, as it asks" if after is not None else "")
        return Retry(f"{who} answers {status} for now; {when}", after=after)
    if 300 <= status < 400:
        where = shown(headers.get("Location", ""))
        return GiveUp(f"{who} answers {status} and sends us to {where}; set the URL to where it really is")
    return GiveUp(f"{who} answers {status}; trying again would not change that, so look at the URL and its log")


def unreadable(who: str) -> Retry:
    """For an answer of 200 that is not what this API says: something else may live at that address for now."""
    return Retry(f"{who} answers with something that is not its API's; it is tried again")

"""What a call that brought no answer means: Retry where it may pass, GiveUp where a person must change something.

`failure` sorts by what happened, not by the class of the exception: urllib3 and requests put most of what happens
into one class. The sentence says what to do, as far as that can be known. `protocol_mixed_up` asks the port itself
which protocol it speaks, because a server that is spoken to in the wrong one closes the connection or stays silent.

The library's own text is never repeated: it may hold the URL with its secrets.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from urllib.parse import urlsplit

from hooks.handler import GiveUp, Retry

# verify codes of OpenSSL (x509_vfy.h)
_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _OTHER_NAME = {9}, {10}, {18}, {62, 64}
_UNKNOWN_AUTHORITY = {2, 19, 20, 21, 24}
_PROBE_S = 1.0
_TLS_ALERT = ("\\x15\\x03", "\x15\x03")  # how a TLS server answers a request in plain http

# By their words: a refused connection is a kind of time-out to one version of urllib3, and requests wraps all of them.
_WHYS = (
    (("NameResolutionError", "Failed to resolve"), "has a name that cannot be resolved here (do we share a network?)"),
    (("Connection refused",), "refuses the connection (is it still starting?)"),
    (("No route to host", "Network is unreachable"), "cannot be reached from here (do we share a network?)"),
    (("Connection broken", "IncompleteRead"), "broke off in the middle of its answer"),
    (("RemoteDisconnected", "ConnectionResetError", "UNEXPECTED_EOF"), "closed the connection without an answer"),
    (("BadStatusLine",), "does not speak HTTP"),
    (("DecodeError", "ContentDecodingError"), "answers with something that cannot be unpacked (its Content-Encoding)"),
    (("Timeout", "timed out"), "did not answer in time"),
)


def failure(error: Exception, who: str, setting: str = "REQUESTS_CA_BUNDLE") -> Retry | GiveUp:
    """The error word for a call of `requests` or `urllib3` that brought no usable answer.

    `who` begins the sentence. `setting` is the variable that names the file with the certificates to trust there.
    """
    from requests import exceptions as r
    from urllib3 import exceptions as u

    if any("WRONG_VERSION_NUMBER" in str(one) or "HTTP_REQUEST" in str(one) for one in causes(error)):
        return GiveUp(f"{who} speaks plain http at that port; write http:// in its URL", kind="https")
    if any(words in str(one) for one in causes(error) for words in _TLS_ALERT):
        return GiveUp(f"{who} speaks https at that port; write https:// in its URL", kind="https")
    if certificate := certificate_error(error):
        return GiveUp(f"{who} shows a certificate {_rejected(certificate, setting)}", kind="https")
    if isinstance(error, r.InvalidURL | u.LocationValueError):
        return GiveUp(f"{who} is no address that can be called; correct the URL")
    why = _why(error)
    if why == _UNREACHABLE and isinstance(error, r.SSLError | u.SSLError):
        said = f"{who} and gluehook cannot agree on TLS (too old a version there?); update it or its proxy"
        return GiveUp(said, kind="https")
    late = isinstance(error, r.ReadTimeout | u.ReadTimeoutError)
    return Retry(f"{who} {why}; it is tried again", kind="late" if late else "")


_UNREACHABLE = "cannot be reached"


def _why(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}"
    return next((why for words, why in _WHYS if any(word in text for word in words)), _UNREACHABLE)


def causes(error: BaseException) -> Iterator[BaseException]:
    """The error and those that led to it: urllib3 keeps them as `reason` or as arguments, Python as causes."""
    seen: list[BaseException] = []
    waiting = [error]
    while waiting:
        one = waiting.pop()
        if any(one is known for known in seen):
            continue
        seen.append(one)
        yield one
        more = (getattr(one, "reason", None), *one.args, one.__cause__, one.__context__)
        waiting += [other for other in more if isinstance(other, BaseException)]


def certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The rejected certificate behind an error, None if it is not about one."""
    return next((one for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)


def _rejected(error: ssl.SSLCertVerificationError, setting: str) -> str:
    code = error.verify_code
    if code in _EXPIRED:
        return "that has expired; renew it there"
    if code in _NOT_YET_VALID:
        return "that is not valid yet; compare the clocks of both machines"
    if code in _OTHER_NAME:
        return f"for another name; write its name in the URL, or name a file with this very certificate in {setting}"
    if code in _SELF_SIGNED:
        return f"that nobody but itself has signed; name a PEM file with that certificate in {setting}"
    if code in _UNKNOWN_AUTHORITY:
        return f"of an authority that is not known here; name a PEM file with the authority's certificate in {setting}"
    return f"that is not accepted ({error.verify_message}); name a PEM file with this very certificate in {setting}"


def protocol_mixed_up(url: str, error: BaseException, within_s: float) -> str:
    """The scheme that this port really speaks, where the error leaves that open and it is not the URL's; else "".

    Sends at most one HEAD request or one TLS greeting, without any credential, and waits at most a second.
    """
    text = f"{type(error).__name__}: {error}"
    if not any(word in text for word in ("RemoteDisconnected", "ConnectionResetError", "EOF", "timed out")):
        return ""
    parts, within_s = urlsplit(url), min(_PROBE_S, within_s)
    if not parts.hostname or within_s <= 0:
        return ""
    place = parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)
    if parts.scheme == "https":
        return "http" if _speaks_http(place, within_s) else ""
    return "https" if "timed out" not in text and _speaks_tls(place, within_s) else ""


def _speaks_http(place: tuple[str, int], within_s: float) -> bool:
    try:
        with socket.create_connection(place, within_s) as plain:
            plain.settimeout(within_s)
            plain.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return plain.recv(5) == b"HTTP/"
    except OSError:
        return False


def _speaks_tls(place: tuple[str, int], within_s: float) -> bool:
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE  # nothing is sent but the greeting
    try:
        with socket.create_connection(place, within_s) as plain, context.wrap_socket(plain, server_hostname=place[0]):
            return True
    except ssl.SSLError as error:
        return "ALERT" in str(error)  # in TLS's own words: it wants another version, name or certificate of ours
    except (OSError, ValueError):
        return False

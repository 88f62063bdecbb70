"""What a call that brought no answer means: Retry where it may pass, GiveUp where a person must change something.

`failure` sorts by what happened, not by the class of the exception: urllib3 and requests put most of what happens
into one class. The sentence says what to do, as far as that can be known. tls_failure.py has what TLS is about, and
port_probe.py asks the port itself where an error leaves that open.

The library's own text is never repeated: it may hold the URL with its secrets.
"""

from __future__ import annotations

from handlers.shared.tls_failure import tls_failure
from hooks.handler import GiveUp, Retry

_CLOSED = "closed the connection without an answer"
_UNREACHABLE = "cannot be reached"
# By their words: a refused connection is a kind of time-out to one version of urllib3, and requests wraps all of them.
_WHYS = (
    (("NameResolutionError", "Failed to resolve"), "has a name that cannot be resolved here (do we share a network?)"),
    (("Connection refused",), "refuses the connection (is it still starting?)"),
    (("No route to host", "Network is unreachable"), "cannot be reached from here (do we share a network?)"),
    (("Connection broken", "IncompleteRead"), "broke off in the middle of its answer"),
    (("RemoteDisconnected", "ConnectionResetError", "BrokenPipe", "_EOF", "EOF occurred"), _CLOSED),
    (("BadStatusLine",), "does not speak HTTP"),
    (("got more than", "LineTooLong"), "answers with a header that is too long"),
    (("DecodeError", "ContentDecodingError"), "answers with something that cannot be unpacked (its Content-Encoding)"),
    (("Timeout", "timed out"), "did not answer in time"),
)


def failure(error: Exception, who: str, setting: str = "REQUESTS_CA_BUNDLE") -> Retry | GiveUp:
    """The error word for a call of `requests` or `urllib3` that brought no usable answer.

    `who` begins the sentence. `setting` is the variable that names the file with the certificates to trust there.
    """
    from requests import exceptions as r
    from urllib3 import exceptions as u

    if tls := tls_failure(error, who, setting):
        return tls
    if isinstance(error, r.InvalidURL | u.LocationValueError):
        return GiveUp(f"{who} is no address that can be called; correct the URL")
    why = _why(error)
    if why == _UNREACHABLE and isinstance(error, r.SSLError | u.SSLError):
        said = f"{who} and gluehook cannot agree on TLS (too old a version there?); update it or its proxy"
        return GiveUp(said, kind="https")
    late = isinstance(error, r.ReadTimeout | u.ReadTimeoutError)
    return Retry(f"{who} {why}; it is tried again", kind="late" if late else "")


def _why(error: BaseException) -> str:
    text = f"{type(error).__name__}: {error}"
    return next((why for words, why in _WHYS if any(word in text for word in words)), _UNREACHABLE)

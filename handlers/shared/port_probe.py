"""What a port speaks, where an error leaves that open: asked of the port itself, without any credential."""

from __future__ import annotations

import socket
import ssl
from urllib.parse import urlsplit

_PROBE_S = 1.0
_CLOSED = ("RemoteDisconnected", "ConnectionResetError", "BrokenPipeError", "EOF")
_REFUSED = ("HANDSHAKE_FAILURE", "ALERT_BAD_CERTIFICATE", "CERTIFICATE_REQUIRED")


def protocol_mixed_up(url: str, error: BaseException, within_s: float) -> str:
    """The scheme that this port really speaks, where the error leaves that open and it is not the URL's; else "".

    A server that is spoken to in the wrong one closes the connection or stays silent. Sends at most one HEAD request or
    one TLS greeting, and waits at most a second.
    """
    text = f"{type(error).__name__}: {error}"
    asks = (*_CLOSED, "timed out", "WRONG_VERSION_NUMBER")  # the last: whatever is no TLS
    place = _place(url, within_s) if any(word in text for word in asks) else None
    if place is None:
        return ""
    within_s = min(_PROBE_S, within_s)
    if url.startswith("https:"):
        return "http" if _speaks_http(place, within_s) else ""
    return "https" if "timed out" not in text and _speaks_tls(place, within_s) else ""


def wants_certificate(url: str, error: BaseException, within_s: float) -> bool:
    """Whether a server of https that refused us wants a certificate of ours: it says so in a greeting, or after it.

    Up to TLS 1.2 it gives the same alert as where it has no cipher in common with us, but chooses a cipher first. In
    TLS 1.3 the alert comes after the greeting, and gets lost where we have sent something meanwhile.
    """
    text = f"{type(error).__name__}: {error}"
    place = _place(url, within_s) if any(word in text for word in (*_CLOSED, *_REFUSED)) else None
    if place is None or not url.startswith("https:"):
        return False
    try:
        with _greeting(place, min(_PROBE_S, within_s)) as tls:
            try:
                tls.do_handshake()
                tls.recv(1)
            except ssl.SSLError as refused:
                late = tls.version() == "TLSv1.3" and "ALERT" in str(refused)
                return late or (any(word in str(refused) for word in _REFUSED) and tls.cipher() is not None)
    except (OSError, ValueError):
        return False
    return False


def _place(url: str, within_s: float) -> tuple[str, int] | None:
    parts = urlsplit(url)
    if not parts.hostname or within_s <= 0:
        return None
    return parts.hostname, parts.port or (443 if parts.scheme == "https" else 80)


def _speaks_http(place: tuple[str, int], within_s: float) -> bool:
    try:
        with socket.create_connection(place, within_s) as plain:
            plain.settimeout(within_s)
            plain.sendall(b"HEAD / HTTP/1.0\r\n\r\n")
            return plain.recv(5) == b"HTTP/"
    except OSError:
        return False


def _speaks_tls(place: tuple[str, int], within_s: float) -> bool:
    try:
        with _greeting(place, within_s) as tls:
            tls.do_handshake()
            return True
    except ssl.SSLError as error:
        return "ALERT" in str(error)  # in TLS's own words: it wants another version, name or certificate of ours
    except (OSError, ValueError):
        return False


def _greeting(place: tuple[str, int], within_s: float) -> ssl.SSLSocket:
    """A connection that is about to be greeted. Nothing is sent over it but the greeting, so nothing is verified."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    plain = socket.create_connection(place, within_s)
    try:
        return context.wrap_socket(plain, server_hostname=place[0], do_handshake_on_connect=False)
    except BaseException:
        plain.close()
        raise

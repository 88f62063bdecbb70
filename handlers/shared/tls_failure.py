"""What is wrong between us and a server that speaks https, by OpenSSL's words: each is for a person to mend.

The words of alerts are those of OpenSSL 3 (ssl_err.c) and come from the server: it refused our greeting. The verify
codes are those of x509_vfy.h: we refused its certificate.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator

from hooks.handler import GiveUp

_NOT_YET_VALID, _EXPIRED, _SELF_SIGNED, _OTHER_NAME = {9}, {10}, {18}, {62, 64}
_UNKNOWN_AUTHORITY = {2, 7, 19, 20, 21, 24}  # 7: one of the same name, with another key
_HTTPS_THERE = ("\\x15\\x03", "\x15\x03")  # how a TLS server answers a request in plain http
CLIENT_CERTIFICATE = (
    "wants a certificate of ours (a client certificate), and gluehook has none; let it ask for none, or let the URL "
    "name the container itself"
)
_ALERTS = (
    (("HTTP_REQUEST",), "speaks plain http at that port; write http:// in its URL"),
    (("WRONG_VERSION_NUMBER",), "does not speak https at that port; correct the port, or write http:// in its URL"),
    (_HTTPS_THERE, "speaks https at that port; write https:// in its URL"),
    (("CERTIFICATE_REQUIRED", "ALERT_BAD_CERTIFICATE"), CLIENT_CERTIFICATE),
    (
        ("ALERT_PROTOCOL_VERSION", "UNSUPPORTED_PROTOCOL", "VERSION_TOO_LOW"),
        "speaks a version of TLS that is older than 1.2 and no longer safe; update it or its proxy",
    ),
    (
        ("UNRECOGNIZED_NAME", "ALERT_INTERNAL_ERROR"),
        "has no certificate for the name in that URL; write the name that its certificate is for",
    ),
    (
        ("HANDSHAKE_FAILURE", "INSUFFICIENT_SECURITY", "DH_KEY_TOO_SMALL", "LEGACY_SIGALG"),
        "offers only TLS ciphers or keys that are no longer safe; update it or its proxy",
    ),
)  # fmt: skip


def tls_failure(error: BaseException, who: str, setting: str) -> GiveUp | None:
    """The error word where TLS, or the lack of it, is in the way; None for any other failure.

    `who` begins the sentence. `setting` is the variable that names the file with the certificates to trust there.
    """
    if certificate := certificate_error(error):
        return GiveUp(f"{who} shows a certificate {_rejected(certificate, setting)}", kind="https")
    texts = [str(one) for one in causes(error)]
    for words, said in _ALERTS:
        if any(word in text for text in texts for word in words):
            return GiveUp(f"{who} {said}", kind="https")
    return None


def certificate_error(error: BaseException) -> ssl.SSLCertVerificationError | None:
    """The rejected certificate behind an error, None if it is not about one."""
    return next((one for one in causes(error) if isinstance(one, ssl.SSLCertVerificationError)), None)


def shown_fingerprint(error: BaseException) -> str:
    """The SHA-256 of the certificate that was shown in place of the pinned one, with colons; "" for other errors."""
    found = re.search(r'ingerprints did not match.*got "([0-9a-f:]+)"', " ".join(map(str, causes(error))), re.DOTALL)
    digits = found[1].replace(":", "").upper() if found else ""
    return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))


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
        return (
            f"of an authority that is not known here; name a PEM file with the authority's certificate in {setting} "
            "(if that is an intermediate one, which the server should send and does not, the intermediate's)"
        )
    return f"that is not accepted ({error.verify_message}); name a PEM file with this very certificate in {setting}"

"""Which certificate is trusted of a server that speaks https.

Without a setting, the authorities of the system and of certifi. A CA file, where one is set, is all that is trusted;
the first certificate in it is also accepted itself, whatever its name and dates are ("pinned"). A fingerprint, where
one is set, is all that is trusted: that one certificate, and the CA file is not read.
"""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from hooks.handler import GiveUp


@dataclass(frozen=True, slots=True)
class Trust:
    """What the settings of one target say, or its table in rules.toml.

    `target` is how the settings' names begin: "QBITTORRENT". `table` is "" for them, else "its [[client]]".
    """

    target: str
    file: str = ""
    fingerprint: str = ""  # SHA-256, 64 hexadecimal digits
    stamp: tuple[int, int] = (0, 0)  # when the file was written and its size: a changed file makes another Trust
    table: str = ""

    @classmethod
    def of(cls, target: str, file: str, fingerprint: str, table: str = "") -> Trust:
        """As the file is now. One that cannot be read is told when a connection is made."""
        try:
            found = Path(file).stat() if file else None
        except OSError:
            found = None
        return cls(target, file, fingerprint, (found.st_mtime_ns, found.st_size) if found else (0, 0), table)

    @property
    def ca_setting(self) -> str:
        """What names the CA file: the variable, or the key of a table."""
        return f"the ca_file of {self.table}" if self.table else f"{self.target}_CA_FILE"

    @property
    def fingerprint_setting(self) -> str:
        """What holds the fingerprint."""
        return f"the fingerprint of {self.table}" if self.table else f"{self.target}_FINGERPRINT"

    def context(self, who: str) -> ssl.SSLContext:
        """Trusts the authorities of the file, else those of the system. Raises GiveUp for a file that is of no use."""
        if not self.file:
            from requests.utils import DEFAULT_CA_BUNDLE_PATH

            context = ssl.create_default_context()
            context.load_verify_locations(DEFAULT_CA_BUNDLE_PATH)  # an image without ca-certificates has no others
            return context
        try:
            context = ssl.create_default_context(cafile=self.file)
        except OSError as error:  # ssl.SSLError is one, too
            raise GiveUp(f"{who}: {self._unreadable(error)}", kind="https") from None
        # a certificate that an owner made may lack what Python 3.13 asks of authorities, and may be no root
        context.verify_flags = (context.verify_flags & ~ssl.VERIFY_X509_STRICT) | ssl.VERIFY_X509_PARTIAL_CHAIN
        return context

    def pinned(self) -> str:
        """The SHA-256 of the file's first certificate, "" where there is none."""
        begin, end = "-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"
        try:
            text = Path(self.file).read_text("ascii", "replace") if self.file else ""
            return sha256(ssl.PEM_cert_to_DER_cert(text[text.index(begin) : text.index(end) + len(end)])).hexdigest()
        except (OSError, ValueError):  # "BEGIN TRUSTED CERTIFICATE", a file that has just gone
            return ""

    def _unreadable(self, error: OSError) -> str:
        why = (
            "holds no certificate in PEM form"
            if isinstance(error, ssl.SSLError)
            else f"cannot be read ({error.strerror})"
        )
        return f"{self.ca_setting} names {self.file}, which {why}; put the certificate there"

"""Certificates for servers on loopback: signed by themselves or by an authority, for any name and any time."""

from __future__ import annotations

import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key."""

    certificate: x509.Certificate
    key: ec.EllipticCurvePrivateKey

    def pem(self, file: Path) -> Path:
        """Write the certificate alone, as an owner does for QBITTORRENT_CA_FILE."""
        file.write_bytes(self.certificate.public_bytes(serialization.Encoding.PEM))
        return file

    @property
    def sha256(self) -> str:
        """Its fingerprint, in hexadecimal digits."""
        return self.certificate.fingerprint(hashes.SHA256()).hex()

    def server(self, folder: Path) -> ssl.SSLContext:
        """What a server needs that shows this certificate. The key goes to a file in `folder`."""
        file = folder / f"server-{self.certificate.serial_number}.pem"
        form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        file.write_bytes(self.key.private_bytes(*form) + self.certificate.public_bytes(serialization.Encoding.PEM))
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(file)
        return context


def made(name: str = "127.0.0.1", days: tuple[int, int] = (-1, 30), by: Certificate | None = None) -> Certificate:
    """A certificate for `name`, valid from and to so many days from now; by an authority, or signed by itself."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), _name(name)
    begins, ends = (datetime.now(UTC) + day * _DAY for day in days)
    try:
        shown: x509.GeneralName = x509.IPAddress(ip_address(name))
    except ValueError:
        shown = x509.DNSName(name)
    builder = (
        x509.CertificateBuilder().subject_name(subject).public_key(key.public_key())
        .issuer_name(by.certificate.subject if by else subject).serial_number(x509.random_serial_number())
        .not_valid_before(begins).not_valid_after(ends)
        .add_extension(x509.SubjectAlternativeName([shown]), critical=False)
    )  # fmt: skip
    return Certificate(builder.sign(by.key if by else key, hashes.SHA256()), key)


def authority() -> Certificate:
    """An authority of an owner's own."""
    key, subject = ec.generate_private_key(ec.SECP256R1()), _name("An authority of my own")
    builder = (
        x509.CertificateBuilder().subject_name(subject).issuer_name(subject).public_key(key.public_key())
        .serial_number(x509.random_serial_number()).not_valid_before(datetime.now(UTC) - _DAY)
        .not_valid_after(datetime.now(UTC) + _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    )  # fmt: skip
    return Certificate(builder.sign(key, hashes.SHA256()), key)


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

"""TLS on loopback before an engine's unix socket, as `dockerd --tlsverify` speaks it, and the files that it needs."""

from __future__ import annotations

import datetime
import ipaddress
import socket
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_WAIT_S = 10.0
_DAY = datetime.timedelta(days=1)


def make_certificates(folder: Path, host: str = "127.0.0.1") -> Path:
    """The folder with ca.pem, cert.pem and key.pem: one certificate, signed by itself, for server and client."""
    folder.mkdir(parents=True, exist_ok=True)
    key, now = ec.generate_private_key(ec.SECP256R1()), datetime.datetime.now(datetime.UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "gluehook's tests")])
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _DAY)
        .not_valid_after(now + _DAY)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(host))]), critical=False)
        .sign(key, hashes.SHA256())
    )
    pem = made.public_bytes(serialization.Encoding.PEM)
    (folder / "ca.pem").write_bytes(pem)
    (folder / "cert.pem").write_bytes(pem)
    plain = serialization.NoEncryption()
    (folder / "key.pem").write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    )
    return folder


@contextmanager
def tcp_front(engine: Path, certificates: Path | None = None) -> Iterator[str]:
    """`127.0.0.1:PORT`, from where everything goes to the engine's socket; with certificates by TLS only."""
    context = _context(certificates) if certificates else None
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=_serve, args=(door, engine, context), name="tcp-front")
        thread.start()
        try:
            yield f"127.0.0.1:{door.getsockname()[1]}"
        finally:
            with suppress(OSError):
                door.shutdown(socket.SHUT_RDWR)
            thread.join(_WAIT_S)
            assert not thread.is_alive()


def _context(certificates: Path) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=str(certificates / "ca.pem"))
    context.load_cert_chain(certificates / "cert.pem", certificates / "key.pem")
    context.verify_mode = ssl.CERT_REQUIRED
    return context


def _serve(door: socket.socket, engine: Path, context: ssl.SSLContext | None) -> None:
    while True:
        try:
            guest, _ = door.accept()
        except OSError:
            return
        threading.Thread(target=_talk, args=(guest, engine, context), daemon=True).start()


def _talk(guest: socket.socket, engine: Path, context: ssl.SSLContext | None) -> None:
    with guest, suppress(OSError), socket.socket(socket.AF_UNIX) as inner:
        inner.connect(str(engine))
        outer = context.wrap_socket(guest, server_side=True) if context else guest
        with outer:
            back = threading.Thread(target=_pump, args=(inner, outer), daemon=True)
            back.start()
            _pump(outer, inner)
            back.join(_WAIT_S)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while chunk := source.recv(2**16):
            sink.sendall(chunk)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_RDWR)

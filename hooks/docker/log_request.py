"""One request for a container's log. `hooks.sources.container_logs_child` reads the answer.

It has a socket of its own, and not docker-py's client: Podman sends not even the head of its answer before the first
line that comes, and a request of docker-py's that waits for the head cannot be ended from another thread. And the
process that follows logs is so without docker-py's 20 MiB.
"""

from __future__ import annotations

import json
import select
import socket
from collections.abc import Mapping
from contextlib import suppress
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path
from urllib.parse import urlencode, urlsplit

from hooks.docker import address

_CONNECT_S = 5.0
_CHUNK_BYTES = 2**16


class RefusedError(Exception):
    """The engine, or a proxy before it, has answered with an error."""

    def __init__(self, status: int, body: bytes, path: str) -> None:
        said = _message(body)
        self.is_engine = said is not None  # else it is what stands before it that has answered
        self.status, self.path = status, path
        self.said = body.decode(errors="replace").strip() if said is None else said
        super().__init__(self.said)


class LogRequest:
    """A request for `/containers/ID/logs` with these parameters. Any thread may call `close`, and one the rest."""

    def __init__(self, path: str, parameters: Mapping[str, str], timeout_s: float | None = None) -> None:
        """Send the request. Raises OSError, AddressError."""
        query = urlencode({"stdout": "1", "stderr": "1", "timestamps": "1", **parameters})
        self.path, self.is_closed = path, False
        self._socket = _connected()
        self._socket.settimeout(timeout_s)
        self._response: HTTPResponse | None = None
        try:
            connection = HTTPConnection("docker")
            connection.sock = self._socket
            connection.request("GET", f"{path}?{query}", headers={"Host": "docker", "Connection": "close"})
        except BaseException:
            self._socket.close()
            raise

    def is_silent(self, for_s: float) -> bool:
        """Whether nothing comes for so many seconds, not even the head of an answer: a refusal comes at once."""
        return not select.select([self._socket], [], [], for_s)[0]

    def open(self) -> None:
        """Wait for the head of the answer. Raises RefusedError, OSError."""
        self._response = HTTPResponse(self._socket, method="GET")
        try:
            self._response.begin()
            if self._response.status != 200:
                raise RefusedError(self._response.status, self._response.read(2000), self.path)
        except HTTPException as error:
            raise ConnectionError(f"the answer is cut off or no answer ({type(error).__name__})") from None

    def read(self) -> bytes:
        """What has come; b"" at the end. Raises OSError."""
        assert self._response
        try:
            return self._response.read1(_CHUNK_BYTES)
        except (HTTPException, ValueError, AttributeError) as error:  # the last two: a chunk's length, and `close`
            raise ConnectionError(f"the log is cut off ({type(error).__name__})") from None

    def close(self) -> None:
        """End the request, wherever it waits."""
        self.is_closed = True
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        """Close the socket, in the thread that reads."""
        if self._response:
            self._response.close()
        self._socket.close()


def _message(body: bytes) -> str | None:
    """The sentence in an engine's error; None for what no engine says."""
    try:
        return str(json.loads(body)["message"])
    except (ValueError, TypeError, KeyError, RecursionError):
        return None


def _connected() -> socket.socket:
    found = address.current()
    if found.socket:
        plain = socket.socket(socket.AF_UNIX)
        try:
            plain.settimeout(_CONNECT_S)
            plain.connect(found.socket)
        except BaseException:
            plain.close()
            raise
        return plain
    parts = urlsplit(found.url)
    tcp = socket.create_connection((parts.hostname or "", parts.port or 2375), _CONNECT_S)
    tcp.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    if not (found.certificates or parts.scheme == "https"):
        return tcp
    try:
        return _with_tls(tcp, found, parts.hostname or "")
    except BaseException:
        tcp.close()
        raise


def _with_tls(plain: socket.socket, found: address.Address, host: str) -> socket.socket:
    import ssl

    ca, certificate, key = (Path(found.certificates, name) for name in ("ca.pem", "cert.pem", "key.pem"))
    context = ssl.create_default_context(cafile=str(ca) if found.verify else None)
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT  # the certificates that Docker's manual makes are not so strict
    if found.certificates:
        context.load_cert_chain(certificate, key)
        if not found.verify:  # as docker-py does without DOCKER_TLS_VERIFY
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(plain, server_hostname=host)

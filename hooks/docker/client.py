"""How the Docker engine is reached: its address, its version, its stream of events.

Only this module of hooks imports `docker` (the doctor and handlers import its error classes). The Docker source calls
`connect` for its requests and `EventStream` for the subscription; the doctor and `init` call `connect` too; handlers
get it as `ctx.docker`. Guarantees: an engine is asked for its version once, and `forget` makes the next client ask,
because the engine may have been replaced; no request takes a proxy or certificates from the environment; requests to a
socket take one connection; a client that fails to connect leaks no socket; a subscription can be stopped from any
thread wherever it waits.
"""

from __future__ import annotations

import json
import os
import re
import socket
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from hooks.docker import address
from hooks.docker.filters import filters
from hooks.docker.listing import NoEngineError

if TYPE_CHECKING:
    import docker

_LINE_LIMIT = 2**20  # bytes: no event of Docker's comes near it
_CONNECT_S = 3.0
_API = re.compile(r"\d+\.\d+")


@dataclass(frozen=True, slots=True)
class Engine:
    """What an engine says about itself."""

    version: str  # "20.10.24"
    api: str  # "1.41"
    podman: bool


_known: dict[str, Engine] = {}  # by address, so that one request serves all clients
_reached: set[str] = set()  # addresses at which an engine has answered, also before `forget`


def load_library() -> None:
    """Import docker ahead, and leave out what requests, which it uses, would load to guess the encoding of a text.

    That takes 3 MiB, and the answers of all that gluehook asks say their encoding, or are JSON.
    """
    if sys.modules.keys() & {"requests", "charset_normalizer"}:
        return
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Unable to find acceptable character detection")
        sys.modules["charset_normalizer"] = None  # type: ignore[assignment] # so that an import of it fails
        try:
            import docker  # noqa: F401 - for the threads that are to come
        finally:
            del sys.modules["charset_normalizer"]


def connect(timeout_s: float) -> docker.APIClient:
    """A new client for DOCKER_HOST and Docker's TLS variables, in the version that the engine speaks; close it.

    Raises docker.errors.DockerException or requests.RequestException; `refusals.why` makes a sentence of it.
    """
    from docker import APIClient, errors
    from docker.transport import unixconn

    try:
        found = address.current()
    except address.AddressError as error:
        raise errors.DockerException(str(error)) from error
    cast(Any, unixconn.UnixHTTPConnection).connect = _connect_socket
    # a version must be given: the client would negotiate in its constructor, and leak its socket when that fails
    client = APIClient(found.url, version="1.41", timeout=cast(int, timeout_s), tls=_tls(found))
    client.trust_env = False  # the proxies and certificates that the environment has are for the web, not for Docker
    if found.socket:
        _keep_one_pool(cast(Any, client))
    try:
        known = _known.get(_key()) or _ask_version(client, errors.DockerException)
        _reached.add(_key())
        _known[_key()] = known  # by another thread it may have been forgotten meanwhile
        cast(Any, client)._version = known.api
    except BaseException:
        client.close()
        raise
    return client


def engine() -> Engine:
    """What the engine of DOCKER_HOST said about itself when a client first connected; "?" before."""
    return _known.get(_key()) or Engine("?", "?", podman=False)


def forget() -> None:
    """Let the next client ask for the version again: the engine may have been replaced."""
    _known.pop(_key(), None)


def was_reached() -> bool:
    """Whether an engine has ever answered this process at DOCKER_HOST."""
    return _key() in _reached


def where() -> str:
    """DOCKER_HOST as a person writes it, without a user. Raises nothing."""
    return address.shown()


class EventStream:
    """One open request for events. `stop` may be called from any thread, the rest from one."""

    def __init__(self, types: Iterable[str], since_ns: int, silence_s: float) -> None:
        """Subscribe to these event types; `lines` ends after `silence_s` seconds of silence. Raises as `connect`."""
        self._client = cast(Any, connect(_CONNECT_S))
        self._client.headers["Accept-Encoding"] = "identity"  # compressed lines would come in blocks
        podman = engine().podman  # which answers a fraction of a second with an empty stream
        since = str(since_ns // 10**9) if podman else "{}.{:09d}".format(*divmod(since_ns, 10**9))
        parameters = {"since": since, "filters": json.dumps(filters(types, podman=podman))}
        try:
            url, limits = self._client._url("/events"), (_CONNECT_S, silence_s)
            self._response = self._client._get(url, params=parameters, stream=True, timeout=limits)
        except BaseException:
            self._client.close()
            raise
        try:
            self._client._raise_for_status(self._response)
        except BaseException:
            self.close()
            raise

    def lines(self) -> Iterator[bytes]:
        """Each line until the engine ends the stream. Raises TimeoutError for silence, OSError for a broken stream."""
        return split(self._chunks())

    def stop(self) -> None:
        """End `lines`, wherever it waits."""
        from docker.types import CancellableStream

        with suppress(OSError, AttributeError, ValueError):  # it has ended already
            CancellableStream(iter(()), self._response).close()

    def close(self) -> None:
        """Close the connection."""
        self._response.close()
        self._client.close()

    def _chunks(self) -> Iterator[bytes]:
        from urllib3.exceptions import HTTPError, ReadTimeoutError

        try:
            while chunk := self._response.raw.read1(2**16):
                yield chunk
        except ReadTimeoutError:
            raise TimeoutError from None
        except (HTTPError, ValueError, AttributeError) as error:  # the last two: `stop` has closed it
            raise ConnectionError(str(error)) from None


def split(chunks: Iterable[bytes], limit: int = _LINE_LIMIT) -> Iterator[bytes]:
    """The lines in a stream of bytes, however it is cut. One longer than `limit` bytes is left out."""
    rest, too_long = b"", False
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            if not too_long and 0 < len(line) <= limit:
                yield line
            too_long = False
        if len(rest) > limit:
            rest, too_long = b"", True


def _connect_socket(connection: Any) -> None:
    # docker-py's own drops the socket of a refused connection; kept here, urllib3 closes it
    connection.sock = socket.socket(socket.AF_UNIX)
    connection.sock.settimeout(connection.timeout)
    connection.sock.connect(connection.unix_socket)


def _keep_one_pool(client: Any) -> None:
    # docker-py's own makes one for each path, and so a connection for each request
    adapter = client.get_adapter(client.base_url)
    pool = adapter.get_connection(client.base_url)
    adapter.get_connection = lambda *_: pool


def _ask_version(client: docker.APIClient, error: type[Exception]) -> Engine:
    answer = client.version(api_version=False)
    if not isinstance(answer, dict) or not _API.fullmatch(str(answer.get("ApiVersion"))):
        raise error(f"what answers at {where()} is no Docker engine") from NoEngineError()
    parts = answer.get("Components")
    named = [part for part in parts if isinstance(part, dict)] if isinstance(parts, list) else []
    podman = any("podman" in str(part.get("Name", "")).lower() for part in named)
    return Engine(str(answer.get("Version")), answer["ApiVersion"], podman)


def _tls(found: address.Address) -> Any:
    from docker.tls import TLSConfig

    if not found.certificates:
        return False
    ca, certificate, key = (str(Path(found.certificates, name)) for name in ("ca.pem", "cert.pem", "key.pem"))
    return TLSConfig(client_cert=(certificate, key), ca_cert=ca, verify=found.verify)


def _key() -> str:
    return os.environ.get("DOCKER_HOST", "").strip()

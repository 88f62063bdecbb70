"""Docker's address: what DOCKER_HOST and Docker's TLS variables say, and what is wrong with them.

`problems` is asked once, when settings are read, so that a wrong address is a settings error and not an outage;
`current` is asked by each new client, because certificates may be replaced while gluehook runs. `shown` never raises,
and shows no user. Only unix:// and tcp:// (also as http:// and https://) are supported: docker-py refuses the others or
needs more packages. Needs the stdlib only.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import SplitResult, urlsplit

_SOCKET = "/var/run/docker.sock"
_LONGEST_PATH = 107  # bytes: sun_path in unix(7)
_NO_PATH = re.compile("[?#]")  # what docker-py takes for the end of a path
_FILES = ("ca.pem", "cert.pem", "key.pem")
_USER = re.compile(r"(?:(?<=//)|^(?!.*//)).*@")
_BARE = re.compile(r"[^\s/:@]+:\d+|\[[0-9A-Fa-f:.]+\]:\d+")  # host:port, which Docker takes for tcp
_SSH_HOST = re.compile(r"\[[^]]*\]|[^/:]*")
_HOST = re.compile(r"(?!\d+$)(?!.*\.sock$)[\w.-]+")


class AddressError(ValueError):
    """Docker's variables cannot be used. Its text is a sentence without full stop, and says what to write."""


@dataclass(frozen=True, slots=True)
class Address:
    """A usable address. `certificates` is the folder of the TLS files, "" for no TLS."""

    url: str  # "unix:///var/run/docker.sock", "tcp://nas:2375"
    certificates: str = ""
    verify: bool = False  # whether the engine's certificate is compared with ca.pem

    @property
    def socket(self) -> str:
        """The path of the unix socket, "" over TCP."""
        return self.url.removeprefix("unix://") if self.url.startswith("unix://") else ""


def current(environment: Mapping[str, str] = os.environ) -> Address:
    """The address as it is now. Raises AddressError, also while a TLS file is missing."""
    url = _url(environment)
    if url.startswith("unix://"):
        return Address(url)  # a socket has no TLS
    folder, verify = _certificates(environment)
    for name in _needed(folder, verify=verify):
        if not Path(folder, name).is_file():
            raise AddressError(_missing(folder, name))
    return Address(url, folder, verify)


def problems(environment: Mapping[str, str] = os.environ) -> list[str]:
    """One sentence for each variable of Docker's that cannot work, as errors of the settings; [] for none."""
    try:
        found = current(environment)
    except AddressError as error:
        return [f"settings: {error}"]
    return [f"settings: {said}" for said in _unreadable(found)]


def shown(environment: Mapping[str, str] = os.environ) -> str:
    """DOCKER_HOST as a person writes it, without a user: the path of a socket, else the address."""
    text = environment.get("DOCKER_HOST", "").strip()
    if text in ("", "unix://"):
        return _SOCKET
    return "/" + text[7:].lstrip("/") if text.lower().startswith("unix://") else _without_user(text)


def uses_tls(environment: Mapping[str, str] = os.environ) -> bool:
    """Whether requests go by TLS. Raises nothing."""
    text = environment.get("DOCKER_HOST", "").strip().lower()
    over_tcp = bool(text) and not text.startswith("unix://")
    return over_tcp and (text.startswith("https://") or bool(_certificates(environment)[0]))


def _url(environment: Mapping[str, str]) -> str:
    text, context = environment.get("DOCKER_HOST", "").strip(), environment.get("DOCKER_CONTEXT", "")
    if not text and context not in ("", "default"):
        raise AddressError(
            f"DOCKER_CONTEXT is {context!r}: gluehook reads no contexts of Docker's; set DOCKER_HOST to the Host that "
            f"`docker context inspect {context}` shows, and take DOCKER_CONTEXT out"
        )
    if text in ("", "unix://"):
        return f"unix://{_SOCKET}"
    advice = _advice(text, tls=bool(_certificates(environment)[0]))
    if advice:
        raise AddressError(f"DOCKER_HOST is {_without_user(text)!r}: {advice}")
    scheme, separator, rest = text.partition("://")
    if not separator:
        return f"tcp://{text}"
    if scheme.lower() == "unix":
        return f"unix:///{rest.lstrip('/')}"
    return f"tcp://{rest}" if scheme.lower() == "http" else text  # docker-py would leave out TLS for http


def _advice(text: str, *, tls: bool) -> str:
    """What to write instead, "" for an address that is good."""
    bare = text.strip("\"'")
    if bare != text:
        return f"write it without quotes{f'; {more}' if (more := _advice(bare, tls=tls)) else f', {bare}'}"
    if text.startswith("/"):
        return f"write unix://{text}"
    scheme, separator, rest = text.partition("://")
    if "://" in rest:
        return f"write one address only, {text.split(',', maxsplit=1)[0].split(maxsplit=1)[0]} for example"
    if not separator:
        return "" if _BARE.fullmatch(text) else _of_bare(text, tls=tls)
    match scheme.lower():
        case "unix":
            return _of_socket("/" + rest.lstrip("/ "), is_exact=rest == rest.lstrip())
        case "tcp" | "http" | "https":
            return _of_tcp(scheme, text, tls=tls or scheme.lower() == "https")
        case "ssh":
            host = (_SSH_HOST.match(rest.rpartition("@")[2]) or [""])[0].strip("[]") or "HOST"
            return (
                f"gluehook has no ssh client: run it on that machine with DOCKER_HOST=unix://{_SOCKET}, or forward the "
                f"socket (`ssh -nNT -L /tmp/docker.sock:{_SOCKET} {host}`) and write unix:///tmp/docker.sock"
            )
        case "npipe":
            return f"a named pipe exists only on Windows; write unix://{_SOCKET}"
        case "fd":
            return f"that is what Docker's own service is started with, and no address of it; write unix://{_SOCKET}"
    return _general(tls=tls)


def _of_bare(text: str, *, tls: bool) -> str:
    if text.lower().startswith("unix:"):
        return f"write unix:///{text[5:].lstrip('/')}"
    return f"write {_with_port(f'tcp://{text}', tls=tls)}" if _HOST.fullmatch(text) else _general(tls=tls)


def _of_socket(path: str, *, is_exact: bool) -> str:
    if path == "/":
        return f"write the path of Docker's socket, unix://{_SOCKET}"
    if not is_exact:
        return f"write it without the blank, unix://{path}"
    if found := _NO_PATH.search(path):
        return f"the path of a socket cannot hold {found[0]!r} here; mount it under another one"
    if len(os.fsencode(path)) > _LONGEST_PATH:
        return f"the path of a socket has at most {_LONGEST_PATH} bytes; mount it under a shorter one"
    return ""


def _of_tcp(scheme: str, text: str, *, tls: bool) -> str:
    parts, port = _split(text)
    if parts is None or re.search(r"\s", text) or not _is_name(parts.hostname or ""):
        return _general(tls=tls)
    if "%" in parts.netloc:
        return "an address with a zone cannot be used; write a name, or an address that needs none"
    host = parts.netloc.rpartition("@")[2].removesuffix(":")
    if not host:
        return _general(tls=tls)
    rightly = f"{scheme}://{host}" if port else _with_port(f"{scheme}://{host}", tls=tls)
    if "@" in parts.netloc:
        return f"Docker takes no user or password in its address; write {rightly}"
    if parts.query or parts.fragment or ";" in parts.path:
        return f"write it without what follows the path, {rightly}{parts.path.partition(';')[0]}"
    return "" if port else f"it has no port; write {rightly}"


def _split(text: str) -> tuple[SplitResult | None, int | None]:
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:  # a port beyond 65535 or of letters, brackets that do not close
        return None, None
    return (None, None) if port == 0 else (parts, port)


def _is_name(host: str) -> bool:
    """Whether it can be looked up: no part between two dots is empty or too long."""
    try:
        host.encode("idna")
    except UnicodeError:
        return False
    return True


def _with_port(host: str, *, tls: bool) -> str:
    return f"{host}:2376" if tls else f"{host}:2375, or {host}:2376 with TLS"


def _general(*, tls: bool) -> str:
    port = 2376 if tls else 2375
    return (
        f"write unix://{_SOCKET}, or tcp://, a host and a port from 1 to 65535, for example tcp://socket-proxy:{port}"
    )


def _without_user(text: str) -> str:
    return _USER.sub("***@", text)


def _certificates(environment: Mapping[str, str]) -> tuple[str, bool]:
    """The folder of the TLS files, or "", and whether the engine is to be verified: as docker-py reads it."""
    folder, verify = environment.get("DOCKER_CERT_PATH", ""), bool(environment.get("DOCKER_TLS_VERIFY"))
    if verify and not folder:
        folder = str(Path(environment.get("HOME") or "/", ".docker"))
    return folder, verify


def _needed(folder: str, *, verify: bool) -> tuple[str, ...]:
    return (_FILES if verify else _FILES[1:]) if folder else ()


def _missing(folder: str, name: str) -> str:
    return (
        f"DOCKER_TLS_VERIFY or DOCKER_CERT_PATH asks for TLS, and there is no file {Path(folder, name)}: set "
        f"DOCKER_CERT_PATH to the folder that holds {', '.join(_FILES)}, or take both variables out"
    )


def _unreadable(address: Address) -> Iterator[str]:
    """What is wrong inside the TLS files."""
    if not address.certificates:
        return
    import ssl

    ca, certificate, key = (Path(address.certificates, name) for name in _FILES)
    context = ssl.create_default_context()
    loads: list[tuple[str, Callable[[], None]]] = [
        # an encrypted key would ask on the terminal for its password
        (f"{certificate} with {key.name}", lambda: context.load_cert_chain(certificate, key, password="")),
    ]
    if address.verify:
        loads.insert(0, (str(ca), lambda: context.load_verify_locations(ca)))
    for files, load in loads:
        try:
            load()
        except OSError as error:  # ssl's errors descend from it
            said = error.strerror or getattr(error, "reason", "") or str(error)
            yield (
                f"DOCKER_CERT_PATH: {files} cannot be used ({said}); gluehook needs PEM files that it may read, and a "
                "key without password that belongs to cert.pem"
            )

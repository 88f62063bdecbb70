"""Reads the `[[gluetun]]` and `[[client]]` tables: what neither a setting nor Docker says of one of several.

`reader` calls `servers` after the schema has checked every value by itself. Decided here: a container has one table; an
address, a path and a kind make sense; a password or a key is the name of a secret and never the secret itself; of the
two ways to sign in there is one. Whether the containers exist is seen only when Docker is asked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from hooks.config.settings import container_name, fingerprint, http_url
from hooks.events.wording import did_you_mean
from hooks.images.roles import TORRENT_CLIENTS
from hooks.rules.servers import ServerTable
from hooks.rules_file.errors import quoted
from hooks.rules_file.node import Node

_SECRET = re.compile(r"\$\{secret:([A-Za-z_][A-Za-z0-9_]*)\}")
_SECRETS = ("password", "api_key")
_PASSWORD_IN_URL = re.compile(r"[^/]*//[^@/]*:[^@]+@")
_TWICE = {"container": "keep one of them", "port_file": "each gluetun writes a file of its own"}
_WITH_LOGIN = ("qbittorrent", "deluge")
_WITHOUT_KEY = ("transmission", "deluge")


def servers(root: Node) -> tuple[tuple[ServerTable, ...], tuple[ServerTable, ...]]:
    """Both kinds of tables. They may be used only if the whole file is good."""
    gluetuns, clients = list(root.tables("gluetun")), list(root.tables("client"))
    _check_unique([*gluetuns, *clients], "container", "another table is about container {}")
    _check_unique(gluetuns, "port_file", "another [[gluetun]] has the port file {}, too")
    return tuple(map(_gluetun, gluetuns)), tuple(map(_client, clients))


def _gluetun(node: Node) -> ServerTable:
    _check(node)
    _check_path(node, "port_file")
    texts = _texts(node, ("container", "port_file", "url", "username"))
    return ServerTable("gluetun", **(texts | _secrets(node) | _trusted(node)))


def _client(node: Node) -> ServerTable:
    _check(node)
    kind = node.get("kind")
    if isinstance(kind, str) and kind not in TORRENT_CLIENTS:
        hint = did_you_mean(kind, TORRENT_CLIENTS) or f"the kinds are {', '.join(TORRENT_CLIENTS)}"
        node.report("bad-value", "kind", f"{quoted(kind)} is no torrent client that gluehook knows", hint)
    if kind in _WITHOUT_KEY and node.has("api_key") and not node.has("password"):
        node.report("bad-value", "api_key", f"{kind} knows no key", "write username and password", at_key=True)
    texts = _texts(node, ("container", "url", "username", "gluetun"))
    port = node.get("port", 1)
    return ServerTable(
        str(kind), **texts, **_secrets(node), **_trusted(node), port=port if isinstance(port, int) else 1
    )


def _check(node: Node) -> None:
    for key in ("container", "gluetun"):
        name = node.get(key)
        if isinstance(name, str) and not _is_name(name):
            hint = f'write the container\'s name as `docker ps` shows it: {key} = "vpn"'
            node.report("bad-value", key, f"{quoted(name)} is no name that a container can have", hint)
    _check_url(node)
    if node.has("password") and node.has("api_key"):
        node.report("bad-value", "api_key", "password and api_key are both set", "keep one of them", at_key=True)


def _is_name(text: str) -> bool:
    try:
        return bool(container_name(text))
    except ValueError:
        return False


def _check_url(node: Node) -> None:
    url = node.get("url")
    if isinstance(url, str) and _PASSWORD_IN_URL.match(url):
        said = "the address holds a password, and rules.toml is no place for it"
        return node.report("secret-in-clear", "url", said, _url_hint(node))
    try:
        if isinstance(url, str):
            http_url(url)
    except ValueError as error:
        shown = "url is no address" if "@" in url else f"{quoted(url)} is no address"  # it may hold a password
        node.report("bad-value", "url", shown, str(error))


def _url_hint(node: Node) -> str:
    kind = str(node.get("kind") or "gluetun")
    if kind in _WITH_LOGIN:  # username and password are those of the Web UI, not of a proxy before it
        return f"write the address without it; for a proxy that wants it, write the address into {kind.upper()}_URL"
    return f'write the address without it, and username and password = "${{secret:{_example(node)}_PASSWORD}}"'


def _secrets(node: Node) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for key in _SECRETS:
        value = node.get(key)
        if isinstance(value, str) and (named := _SECRET.fullmatch(value)):
            found[key] = named[1]
        elif isinstance(value, str):
            _report_secret(node, key, value)
    return found


def _trusted(node: Node) -> dict[str, Any]:
    """The certificate that is trusted there: the file with it, or its fingerprint in the form it is compared in."""
    _check_path(node, "ca_file")
    found: dict[str, Any] = {"ca_file": str(node.get("ca_file") or "")}
    try:
        found["fingerprint"] = fingerprint(str(node.get("fingerprint") or ""))
    except ValueError as error:
        node.report("bad-value", "fingerprint", "that is no fingerprint of a certificate", str(error))
    return found


def _check_path(node: Node, key: str) -> None:
    if isinstance(path := node.get(key), str) and not path.startswith("/"):
        node.report("bad-value", key, f"{quoted(path)} is a relative path", "write it from / on")


def _report_secret(node: Node, key: str, value: str) -> None:
    """Report a value that is no name of a secret. Nothing of it is shown: it may be the secret itself."""
    name = f"{_example(node)}_{key.upper()}"
    if value.startswith("${"):
        said = f"{key} names no secret: a name has letters, digits and _, and stands in ${{secret:NAME}}"
        hint = f"write ${{secret:{name}}}, and set {name}_FILE to the path of its file, if that has another name"
        node.report("bad-value", key, said, hint)
        return
    said = f"{key} is not the name of a secret, and rules.toml is no place for the secret itself"
    hint = f"put it into a secret file or a variable, and write ${{secret:{name}}} here, in quotes"
    node.report("secret-in-clear", key, said, hint)


def _example(node: Node) -> str:
    name = re.sub(r"[^A-Z0-9]+", "_", str(node.get("container") or "my").upper()).strip("_") or "MY"
    return f"_{name}" if name[0].isdecimal() else name  # no name of a secret begins with a digit


def _texts(node: Node, keys: Iterable[str]) -> dict[str, Any]:
    found = ((key, node.get(key)) for key in keys)
    return {key: value.rstrip("/") if isinstance(value, str) else "" for key, value in found}


def _check_unique(nodes: Sequence[Node], key: str, said: str) -> None:
    first = dict[str, Node]()
    for node in nodes:
        value = node.get(key)
        if isinstance(value, str) and first.setdefault(value, node) is not node:
            line = node.diagnostics.line((*first[value].path, key))
            node.report(
                "duplicate-name", key, said.format(quoted(value)), f"the other one is on line {line}; {_TWICE[key]}"
            )

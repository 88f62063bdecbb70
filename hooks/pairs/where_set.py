"""Where the owner writes the address and the login of a gluetun or a torrent client, in words for a cure.

The settings are about the main one of a kind; another one has a table of rules.toml. Names and passwords of the
settings are shown to every one of that kind, unless its table has others. Messages of handlers and the doctor's
remedies ask here, so that no cure names a setting that does not reach its target.
"""

from __future__ import annotations

from hooks.pairs.model import Client, Gluetun
from hooks.rules.servers import heading


def url_setting(one: Client | Gluetun) -> str:
    """Where its URL stands or belongs, also where Docker has shown the one that is used."""
    return one.access.named_by or f"{_word(one)}_URL"


def write_url(one: Client | Gluetun, url: str) -> str:
    """The order to give it this URL."""
    table, place = one.access.in_table, url_setting(one)
    if place == f"{_word(one)}_URL":
        return f"set {place}: {url} at gluehook"
    if table.startswith("its"):
        return f'write url = "{url}" into {table} in rules.toml'
    kind = f'kind = "{one.kind}", ' if isinstance(one, Client) else ""
    return f'write into rules.toml a {heading(one.kind)} with {kind}container = "{one.name}" and url = "{url}"'


def file_setting(gluetun: Gluetun) -> str:
    """Where the path of its port file stands or belongs."""
    return gluetun.file_named_by or "FORWARDED_PORT_FILE"


def write_file(gluetun: Gluetun, path: str) -> str:
    """The order to give it this path of the port file."""
    table = gluetun.access.in_table
    if not gluetun.file_named_by:
        return f"set FORWARDED_PORT_FILE: {path} at gluehook"
    if table.startswith("its"):
        return f'write port_file = "{path}" into {table} in rules.toml'
    return f'write into rules.toml a [[gluetun]] with container = "{gluetun.name}" and port_file = "{path}"'


def password_setting(one: Client | Gluetun) -> str:
    """Where its password stands or belongs."""
    return _secret(one, one.access.password, "password")


def key_setting(one: Client | Gluetun) -> str:
    """Where its API key stands or belongs."""
    return _secret(one, one.access.api_key, "api_key")


def login_setting(one: Client | Gluetun, joined: str = "or") -> str:
    """Where the user and the password that are shown to it stand or belong."""
    word, access = _word(one), one.access
    if access.in_table and access.password != f"{word}_PASSWORD":
        return f"the username of {access.in_table} {joined} {password_setting(one)}"
    return f"{word}_USERNAME {joined} {word}_PASSWORD{_or_in_table(one, 'both')}"


def _secret(one: Client | Gluetun, name: str, key: str) -> str:
    of_settings = f"{_word(one)}_{key.upper()}"
    if not name and one.access.in_table:
        return f"the {key} of {one.access.in_table}"
    if name in ("", of_settings):
        return f"{of_settings}{_or_in_table(one, f'the {key}')}"
    return name


def _or_in_table(one: Client | Gluetun, what: str) -> str:
    """One of several may have a login of its own."""
    table = one.access.in_table
    return f" (for every {one.kind}), or {what} in {table} in rules.toml" if table else ""


def _word(one: Client | Gluetun) -> str:
    return one.kind.upper()

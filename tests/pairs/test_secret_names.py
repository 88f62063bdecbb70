"""Which secrets that tables and rules name have no value, each said with what was looked at and what to do."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import pytest

from handlers import HANDLERS
from hooks.config.missing_secrets import Missing, missing
from hooks.config.secrets import Secrets, Sources
from hooks.pairs.secret_names import secrets_without_value
from hooks.rules.servers import ServerTable
from hooks.rules.table import Table
from hooks.rules_file import reader
from tests.parts.process.ordinary_user import ordinary_user, public_folder

HOOK = (
    'version = 1\n[[rule]]\nname = "hook"\non = "port.forwarded"\n'
    'do = { use = "webhook.post", url = "https://h.example/${secret:HOOK}/${secret:HOOK}" }\n'
)


def said(table: Table, folder: Path, **variables: str) -> list[str]:
    """The sentences, where the secrets' folder is this one."""
    return [*secrets_without_value(table, partial(missing, secrets=Secrets(Sources(variables, str(folder)))))]


def test_each_table_and_rule_that_names_one_without_value(tmp_path: Path) -> None:
    rules = reader.read(HOOK, "rules.toml", HANDLERS)
    assert isinstance(rules, Table)
    table = Table(
        rules.rules, "", (ServerTable("gluetun", "vpn", api_key="VPN_KEY"),), (ServerTable("qbittorrent", "qb"),)
    )
    assert said(table, tmp_path, VPN_KEY="there", HOOK="there, too") == []
    assert said(table, tmp_path, VPN_KEY="") == [
        (
            "the [[gluetun]] of 'vpn' has api_key = \"${secret:VPN_KEY}\", and that secret has no value: the variable "
            f"VPN_KEY is empty, and there is no VPN_KEY_FILE and no file vpn_key or VPN_KEY in {tmp_path}; until then "
            "gluehook signs in there without it: set VPN_KEY_FILE to the path of a file with the secret, or mount one "
            f"as {tmp_path}/vpn_key, or correct the name"
        ),
        (
            "rule hook needs ${secret:HOOK}, and that secret has no value: there is no variable HOOK, no HOOK_FILE and "
            f"no file hook or HOOK in {tmp_path}; until then that step is skipped: set HOOK_FILE to the path of a file "
            f"with the secret, or mount one as {tmp_path}/hook, or correct the name"
        ),
    ]


def test_a_secret_of_the_settings_is_missed_only_if_its_file_cannot_be_used(tmp_path: Path) -> None:
    (tmp_path / "gluetun_api_key").write_text("\n")
    assert said(Table(), tmp_path) == [
        (
            f"secret GLUETUN_API_KEY: its file {tmp_path}/gluetun_api_key is empty; until then what needs it fails: "
            "correct that file; it is read at each use"
        )
    ]


@pytest.mark.parametrize(
    ("name", "files", "variables", "cure"),
    [
        ("VPN_KEYY", (), {"VPN_KEY": "x"}, "or correct the name (did you mean 'VPN_KEY'?)"),
        ("vpn_key", (), {"VPN_KEY": "x"}, "or correct the name (did you mean 'VPN_KEY'?)"),
        ("VPN_KEYY", (), {"VPN_KEY_FILE": "/x"}, "or correct the name (did you mean 'VPN_KEY'?)"),
        ("VPN_KEY", ("vpn-key",), {}, "set VPN_KEY_FILE={0}/vpn-key, if that is it, or correct the name"),
        ("VPN_KEY", ("vpn_key.txt",), {}, "set VPN_KEY_FILE={0}/vpn_key.txt, if that is it"),
    ],
)
def test_one_of_a_like_name_is_offered(
    name: str, files: tuple[str, ...], variables: dict[str, str], cure: str, tmp_path: Path
) -> None:
    for file in files:
        (tmp_path / file).write_text("x")
    found = missing(name, Secrets(Sources(variables, str(tmp_path))))
    assert found
    assert cure.format(tmp_path) in found.cure


def test_a_file_that_may_not_be_read_is_named_with_its_reason() -> None:
    with public_folder() as folder:
        (folder / "closed").mkdir(mode=0o700)
        (folder / "vpn_key").write_text("x")
        (folder / "vpn_key").chmod(0o600)
        of_file, of_folder = (Secrets(Sources({}, str(place))) for place in (folder, folder / "closed"))
        with ordinary_user():
            seen = [missing("VPN_KEY", secrets) for secrets in (of_file, of_folder)]
    cure = "correct that file; it is read at each use"
    assert seen == [
        Missing(f"its file {place}/vpn_key cannot be read: Permission denied", cure, file_is_wrong=True)
        for place in (folder, folder / "closed")
    ]

"""The rules that `gluehook init` writes: those that ship, with this server's names in them.

What was not found makes a comment of each block that needs it, with a line that says what to fill in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hooks.workbench.init_survey import Server

_BLOCK = re.compile(r"^(?=\[\[)", re.MULTILINE)
_QUOTED = re.compile(r'"([^"\n]*)"')
_NAME = re.compile(r'^name *= *"([^"]*)"', re.MULTILINE)
_PORT_EVENT = re.compile(r'event = "port\.[a-z]+"')
_ADGUARDS = '["adguard", "adguardhome"]'
# The names that the shipped rules use, and the beginnings of their handlers' names: whose they are.
_ROLES: Mapping[str, str] = {
    "gluetun": "gluetun", "qbittorrent": "qbittorrent", "adguard": "adguard", "adguardhome": "adguard",
    "wireguard": "wireguard",
}  # fmt: skip


def rules(shipped: str, server: Server | None) -> str:
    """The shipped text for this server; for None, which could not be looked at, as it is."""
    if server is None:
        return shipped
    head, *blocks = _BLOCK.split(shipped)
    lacks = [_lack(block, server) for block in blocks]
    while more := _left_alone(blocks, lacks):
        lacks = [lack or more.get(place, "") for place, lack in enumerate(lacks)]
    chosen = zip(blocks, lacks, strict=True)
    return head + "".join(_commented(block, lack) if lack else _named(block, server) for block, lack in chosen)


def _lack(block: str, server: Server) -> str:
    """The first role that the block needs and nobody has, "" if it can stand."""
    words = {word if word in _ROLES else word.partition(".")[0] for word in _QUOTED.findall(block)}
    needed = {_ROLES[word] for word in words & _ROLES.keys()}
    return min(needed - server.by_role.keys(), default="")


def _left_alone(blocks: list[str], lacks: list[str]) -> dict[int, str]:
    """The blocks that stand and speak of a rule that does not, by their place; and that rule."""
    gone = {name[1] for block, lack in zip(blocks, lacks, strict=True) if lack and (name := _NAME.search(block))}
    spoken = (next((word for word in _QUOTED.findall(block) if word in gone), "") for block in blocks)
    return {place: rule for place, rule in enumerate(spoken) if rule and not lacks[place]}


def _commented(block: str, lack: str) -> str:
    why = f"No {lack} was found here" if lack in _ROLES else f"This belongs to the rule {lack}, which is a comment"
    head = f"# {why}. To use it, take the # away below, and write the names that your containers have.\n"
    return head + re.sub(r"^(?=.)", "# ", block, flags=re.MULTILINE)


def _named(block: str, server: Server) -> str:
    block = block.replace(_ADGUARDS, f'"{server.name("adguard")}"')
    block = _QUOTED.sub(lambda found: f'"{server.name(_ROLES[found[1]])}"' if found[1] in _ROLES else found[0], block)
    if gluetun := server.by_role.get("gluetun"):  # what a message tells the owner to type
        block = block.replace("docker logs gluetun", f"docker logs {gluetun.name}")
        block = block.replace("--force-recreate gluetun", f"--force-recreate {gluetun.service}")
        if block.startswith("[[test]]"):  # whose port it is would be up to the settings where the test is run
            block = _PORT_EVENT.sub(lambda found: f'{found[0]}, container = "{gluetun.name}"', block)
    return block

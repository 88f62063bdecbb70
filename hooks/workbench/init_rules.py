"""The rules that `gluehook init` writes: those that ship. They match roles, so that no name has to be filled in.

What was not found makes a comment of each block that needs it, with a line that says so.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from hooks.workbench.init_survey import Server

_BLOCK = re.compile(r"^(?=\[\[)", re.MULTILINE)
_QUOTED = re.compile(r'"([^"\n]*)"')
_NAME = re.compile(r'^name *= *"([^"]*)"', re.MULTILINE)
# The roles and names that the shipped rules use, and the beginnings of their handlers' names: whose they are.
_ROLES: Mapping[str, str] = {
    "gluetun": "gluetun", "qbittorrent": "qbittorrent", "adguard": "adguard", "adguardhome": "adguard",
    "wireguard": "wireguard", "port": "gluetun",
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
    return head + "".join(_commented(block, lack) if lack else block for block, lack in chosen)


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
    head = f"# {why}. To use it, take the # away below.\n"
    return head + re.sub(r"^(?=.)", "# ", block, flags=re.MULTILINE)

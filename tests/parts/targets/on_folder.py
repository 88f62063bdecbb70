"""What the tests of `wireguard.regenerate_peers` share: an attempt on a folder, and what is in it."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

from handlers.wireguard.regenerate_peers import RegenerateArgs, RegeneratePeers
from hooks.config.settings import Settings
from hooks.handler import Context, Outcome
from tests.handlers.contract import Notes, context

NEW_DNS = RegenerateArgs(dns="172.18.0.15")
KEY = re.compile(r"[A-Za-z0-9+/]{42,43}=")


def within(folder: Path, memory: Notes | None = None, **more: Any) -> Context:
    """The context of an attempt that has 20 s of real time; `container` is WireGuard's."""
    end_s = time.monotonic() + 20
    settings = Settings(wireguard_dir=str(folder), wireguard_container=more.pop("container", "wireguard"))
    return replace(context(settings=settings, memory=memory, **more), left=lambda: end_s - time.monotonic())


def apply(folder: Path, args: RegenerateArgs, **more: Any) -> Outcome:
    """One attempt."""
    return RegeneratePeers().apply(args, within(folder, **more))


def profile(folder: Path, name: str) -> str:
    """What the device imports."""
    return (folder / f"peer_{name}/peer_{name}.conf").read_text()


def changed(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The files of which `contents` has told something else."""
    return {name for name in before | after if before.get(name) != after.get(name)}

"""Files of an owner's handlers, and a folder beside a rules file that holds them."""

from __future__ import annotations

from pathlib import Path

HEAD = '''"""Handlers of an owner."""

from __future__ import annotations

import os, subprocess, sys, threading, time
from dataclasses import dataclass, field
from typing import Any, Literal

from hooks.handler import Context, Duration, GiveUp, Handler, Outcome, Retry


@dataclass(frozen=True)
class Args:
    """Arguments."""

    what: str = field(default="nothing", metadata={"says": "what to do"})
    wait: Duration = field(default=Duration(5.0), metadata={"says": "how long"})
    words: list[str] | None = None
    kind: Literal["a", "b"] = "a"
    more: dict[str, str] = field(default_factory=lambda: {"x": "y"})


'''
ACT = '''class Act(Handler[Args]):
    """Does what a test wants."""

    name = "{stem}.act"
    says = "does what a test wants"
    Args = Args
    reconciles = True

    def targets(self, args, settings):
        """A lock."""
        return ("container:sonarr",)

    def plan(self, args, ctx):
        """What would be done."""
        return None if args.what == "nothing" else f"{{args.what}} would be done"

    def apply(self, args, ctx):
        """Never skipped."""
        {body}
        return Outcome("changed", "it is done")
'''


def handler(body: str = "pass", stem: str = "sonarr", before: str = "") -> str:
    """The text of a file with the handler STEM.act; `before` stands at its top level, `body` within `apply`."""
    return HEAD + before + "\n\n" + ACT.format(stem=stem, body=body.replace("\n", "\n        "))


def rules(use: str = "sonarr.act", more: str = "") -> str:
    """A rules file with one rule that uses the handler."""
    return f'version = 1\n[[rule]]\nname = "own"\non = "container.die"\ndo = {{ use = "{use}"{more} }}\n'


def place(folder: Path, **files: str) -> Path:
    """Write `handlers/NAME.py` for each, with the rights that gluehook wants, and rules.toml; the latter's path."""
    own = folder / "handlers"
    own.mkdir(exist_ok=True)
    for path in (folder, own):
        path.chmod(0o755)
    for name, text in files.items():
        file = own / f"{name}.py"
        file.parent.mkdir(exist_ok=True)
        file.parent.chmod(0o755)
        file.write_text(text)
        file.chmod(0o644)
    path = folder / "rules.toml"
    if not path.exists():
        path.write_text(rules())
        path.chmod(0o644)
    return path

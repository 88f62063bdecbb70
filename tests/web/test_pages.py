"""Each page through a real uvicorn: what is on it, what it weighs, and that nothing from outside is more than text."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from tests.parts.process.web_site import Site, answering, serving, views_of

NOW = 1_767_225_600.0
SCRIPT = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "\u202egpj.exe"
LONG = "n" * 5_000


def snapshot(name: str) -> dict[str, Any]:
    return {
        "version": "1", "began": NOW - 60, "rules": [{"name": name, "paused_until": NOW + 60}],
        "containers": [{"name": name, "role": "gluetun", "state": name, "health": ""}],
        "pairs": [{"gluetun": name, "port": [1], "clients": [{"name": name, "kind": name, "connection": "closed"}]}],
        "waits": [{"rule": name, "key": name, "why": name, "until": NOW + 5}],
        "running": [{"run": f"{name}#1", "rule": name, "key": name, "attempt": 1, "began": NOW}],
        "sources": {name: {"is_up": False, "said": name}}, "journal": {"problem": name},
    }  # fmt: skip


def findings(name: str) -> list[dict[str, Any]]:
    return [{"check": name, "severity": "broken", "seen": name, "why": name, "fix": name, "run": [name], "about": name},
            {"check": name, "severity": name, "seen": name, "causes": [name]}]  # fmt: skip


def shown(site: Site, path: str) -> str:
    """The page when everything on it has been read."""
    for _ in range(200):
        page = site.get(path)
        assert page.status_code == 200, page.text
        if "data-again" not in page.text:
            return page.text
    raise AssertionError("something is never read")


def test_names_from_outside_are_text_wherever_they_stand(tmp_path: Path) -> None:
    for name in (SCRIPT, RIGHT_TO_LEFT, LONG, "'\"><b a=", "\ud800"):
        views = views_of(tmp_path, answering({"snapshot": [snapshot(name)], "doctor": findings(name)}))
        with serving(views) as site:
            page = shown(site, "/")
        body = page.partition("<main")[2]
        assert "<script" not in body
        assert "<b a=" not in body
        assert not re.search(r"\son\w+=|\sstyle=", body), "the browser refuses inline scripts and styles"
        assert len(page) < 80 * 1024

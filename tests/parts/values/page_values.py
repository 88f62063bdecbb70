"""A server as the pages show it: two gluetuns, one of them in trouble, with all that can be said about it."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Any

from hooks.runtime import heartbeat
from tests.parts.values import night

NOW = night.BEGAN + 7_200.0
ESCALATION = "/runs/heal-vpn-harder/gluetun%234"  # the page of its trace


def beating(state: Path) -> Path:
    """The state folder, with the heartbeat of a gluehook that is well."""
    sources = {"docker": {"connected": True, "since": NOW - 9_000, "reason": ""}}
    heartbeat.write(str(state / heartbeat.FILE_NAME), {
        "time": NOW, "sources": sources, "overdue": [], "rules": 4, "rules_reason": "", "port_used": False,
        "gluetun_runs": True, "port": [], "port_since": NOW, "journal": "",
    })  # fmt: skip
    return state


def live_through(state: Path) -> None:
    """The night of `tests.parts.values.night`, by rules that have a test that passes and one that fails."""
    tests = """
[[test]]
name   = "it heals in time"
given  = [{ at = "0s", event = "container.unhealthy", container = "gluetun" },
          { at = "90s", event = "container.die", container = "gluetun" }]
until  = "1h"

[[test]]
name   = "the tunnel is restarted at once"
given  = [{ at = "0s", event = "port.cleared" }]
expect = [{ at = "0s", rule = "heal-vpn" }]
"""
    with closing(night.Night(state, rules=night.RULES.read_text() + tests)) as lived:
        lived.event("container.unhealthy")
        lived.until(1_800.0)


def snapshot(**changed: Any) -> dict[str, Any]:
    """What the runner knows, in the shape of its verb `snapshot`."""
    pair = {"port": [51413], "port_since": NOW - 7_300, "source": "file"}
    open_ = {"connection": "open", "connection_since": NOW - 7_000, "url": "http://gluetun:8080"}
    return {
        "version": "1.2.3", "began": NOW - 9_000, "time": NOW, "dry_run": False, "rules_file": "/rules/rules.toml",
        "fingerprint": "9f3a77c1d2",
        "rules": [{"name": "forward-port", "enabled": True, "dry_run": False, "paused_until": None},
                  {"name": "heal-vpn", "enabled": True, "dry_run": False, "paused_until": NOW + 1_500}],
        "containers": [
            {"name": "gluetun", "role": "gluetun", "state": "running", "health": "healthy"},
            {"name": "gluetun-us", "role": "gluetun", "state": "running", "health": "unhealthy"},
            {"name": "qbittorrent", "role": "qbittorrent", "state": "running", "health": ""},
            {"name": "deluge", "role": "deluge", "state": "exited", "health": ""},
        ],
        "pairs": [
            {"gluetun": "gluetun", **pair, "clients": [{"name": "qbittorrent", "kind": "qbittorrent", **open_}]},
            {"gluetun": "gluetun-us", **pair, "port": [],
             "clients": [{"name": "deluge", "kind": "deluge", "connection": "closed"},
                         {"name": "transmission", "kind": "transmission", "connection": "unknown"}]},
        ],
        "waits": [{"rule": "heal-vpn", "key": "gluetun-us", "event": "x", "why": "for", "until": NOW + 97,
                   "tries_used": 1, "tries_of": 3}],
        "running": [{"run": "forward-port#9", "rule": "forward-port", "key": "gluetun", "attempt": 2,
                     "began": NOW - 4}],
        "sources": {"docker": {"is_up": True, "since": NOW - 9_000, "said": ""},
                    "api:gluetun-us": {"is_up": False, "since": NOW - 480, "said": "connection refused"}},
        "pauses": [], "journal": {"pending": 0, "bytes": 1, "problem": ""}, **changed,
    }  # fmt: skip


def findings() -> list[dict[str, Any]]:
    """What the doctor has found: a cause, what follows from it, and a risk."""
    return [
        {"check": "gluetun-unhealthy", "severity": "broken", "seen": "gluetun-us is unhealthy", "why": "no tunnel",
         "fix": "correct its password", "run": ["docker compose up -d gluetun-us"], "about": "gluetun-us"},
        {"check": "no-port", "severity": "broken", "seen": "it has no port", "causes": ["gluetun-unhealthy"]},
        {"check": "journal-on-tmpfs", "severity": "risk", "seen": "it is lost at a restart", "fix": "mount a volume"},
    ]  # fmt: skip


def explained() -> list[dict[str, Any]]:
    """What the runner answers to `explain`."""
    return [
        {"rule": "forward-port", "runs": False, "why": ["it listens to port.forwarded, container.start"]},
        {"rule": "heal-vpn", "runs": True, "entry": '{ event = "container.unhealthy" }', "key": "gluetun",
         "in_s": 180.0, "when": ["for: the state must last 3m", "limit: it is run 2 of 3 in 1h"],
         "do": [{"use": "gluetun.restart_vpn", "args": {"wait": "2m"}}]},
    ]  # fmt: skip


def peers() -> list[dict[str, Any]]:
    """What the runner answers to `peers`, and a key that is never among it."""
    peer = {"let_in": True, "address": "10.13.13.2", "endpoint": "", "connected": False, "at_home": False,
            "out_of_step": [], "files": ["png"]}  # fmt: skip
    return [
        {"name": "phone", **peer, "handshake_s": NOW - 40, "connected": True, "endpoint": "203.0.113.7:51820"},
        {"name": "laptop", **peer, "handshake_s": NOW - 9_000,
         "out_of_step": ["its QR code is older than its configuration"], "private_key": "k3y="},
        {"name": "old", **peer, "let_in": False, "handshake_s": 0, "out_of_step": ["the server no longer lets it in"]},
    ]  # fmt: skip

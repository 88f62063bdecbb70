"""`/metrics`: what the stream and the snapshot become, and that promtool, alerts and dashboard agree with it."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from hooks.config.secrets import Secrets, Sources
from hooks.web.metrics import CONTENT_TYPE, MOST_RULES, Metrics
from hooks.web.web_settings import WebSettings
from tests.parts.places import TOP
from tests.parts.process.web_site import answering, serving, views_of
from tests.parts.programs import require

MONITORING = TOP / "container/monitoring"
METRICS_PAGE = TOP / "docs/metrics.md"
SNAPSHOT: dict[str, Any] = {
    "version": "9",
    "rules": [{"name": "forward-port", "enabled": True, "paused_until": None, "waits": False},
              {"name": "heal-vpn", "enabled": True, "paused_until": 9e9, "waits": True}],
    "waits": [{"rule": "heal-vpn"}], "running": [{"rule": "forward-port", "overdue": True}],
    "sources": {"docker": {"is_up": True}, "files": {"is_up": False}},
    "journal": {"pending": 2, "bytes": 4096, "problem": ""},
    "pairs": [
        {"gluetun": "vpn-a", "port": [51413], "port_since": 1000.0,
         "clients": [{"name": "qb", "connection": "open"}, {"name": "deluge", "connection": "unknown"}]},
        {"gluetun": "vpn-b", "port": [], "port_since": None, "clients": [{"name": "qb2", "connection": "closed"}]},
    ],
}  # fmt: skip
T = 1_800_000_000


def event(name: str, kind: str = "port.forwarded", origin: str = "live") -> dict[str, Any]:
    line = {"type": kind, "id": name, "time": T * 10**9, "origin": origin}
    return {"kind": "event", "at": T + 0.001, "event": line}


def started(event: str, rule: str = "forward-port", attempt: int = 1, at: float = T + 0.004) -> dict[str, Any]:
    return {"kind": "run_started", "at": at, "run": "r", "rule": rule, "key": "k", "event": event, "attempt": attempt}


def ended(outcome: str, rule: str = "forward-port", after: str | None = None) -> dict[str, Any]:
    return {"kind": "run_ended", "at": T, "run": "r", "rule": rule, "outcome": outcome, "took_s": 0.3, "next": after}


STORY = [
    event("e1"), {"kind": "decision", "rule": "forward-port", "key": "k", "event": "e1", "decision": "accepted"},
    started("e1"), ended("retry", after="retries"), started("e1", attempt=2, at=T + 9), ended("changed"),
    event("e2", "container.start", "resync"), started("e2"), ended("give_up"),
    event("e3", "no.such-type"), started("e3", rule="heal-vpn", at=T + 180),
    {"kind": "source", "name": "docker", "is_up": False}, {"kind": "source", "name": "docker", "is_up": True},
    {"kind": "missed", "count": 7}, {"kind": "run_overdue", "rule": "heal-vpn"}, {"kind": "of a later gluehook"},
    {"kind": "run_ended"}, {"kind": ["garbage"]}, {},
]  # fmt: skip


@pytest.fixture
def text(tmp_path: Path) -> str:
    metrics = Metrics(views_of(tmp_path, answering({"snapshot": [SNAPSHOT]})))
    metrics.know(SNAPSHOT["rules"])
    for item in STORY:
        metrics.take(item)
    return metrics.exposition().decode()


@pytest.mark.parametrize("line", [
    'gluehook_events_total{type="port.forwarded"} 1.0', 'gluehook_events_total{type="other"} 1.0',
    'gluehook_decisions_total{decision="accepted",rule="forward-port"} 1.0',
    'gluehook_runs_total{outcome="changed",rule="forward-port"} 1.0',
    'gluehook_runs_total{outcome="failed",rule="forward-port"} 1.0',
    'gluehook_retries_total{rule="forward-port"} 1.0', 'gluehook_overdue_total{rule="heal-vpn"} 1.0',
    'gluehook_reaction_seconds_count{rule="forward-port"} 1.0',  # not of a retry, of a resync, of a rule that waits
    'gluehook_reaction_seconds_bucket{le="0.005",rule="forward-port"} 1.0',
    'gluehook_attempt_duration_seconds_count{rule="forward-port"} 3.0',
    'gluehook_source_lost_total{source="docker"} 1.0', "gluehook_stream_missed_total 8.0",
    "gluehook_healthy 0.0", "gluehook_up 1.0", "gluehook_stream_connected 0.0", "gluehook_rules 2.0",
    "gluehook_rules_paused 1.0", "gluehook_runs_waiting 1.0", "gluehook_runs_running 1.0", "gluehook_runs_overdue 1.0",
    'gluehook_source_up{source="files"} 0.0', "gluehook_journal_pending 2.0", "gluehook_journal_bytes 4096.0",
    "gluehook_journal_broken 0.0", 'gluehook_forwarded_port{gluetun="vpn-a"} 51413.0',
    'gluehook_forwarded_port{gluetun="vpn-b"} 0.0', 'gluehook_port_open{client="qb",gluetun="vpn-a"} 1.0',
    'gluehook_port_open{client="qb2",gluetun="vpn-b"} 0.0',
])  # fmt: skip
def test_the_stream_and_the_snapshot_become(text: str, line: str) -> None:
    assert line in text.splitlines()


def test_what_is_not_known_is_absent(text: str) -> None:
    assert 'client="deluge"' not in text
    assert 'age_seconds{gluetun="vpn-b"}' not in text


def test_without_a_runner_there_are_no_gauges_of_it(tmp_path: Path) -> None:
    text = Metrics(views_of(tmp_path)).exposition().decode()
    assert "gluehook_up 0.0" in text.splitlines()
    assert "gluehook_stream_connected 0.0" in text.splitlines()
    assert "gluehook_forwarded_port" not in text


@pytest.mark.parametrize("other", [{}, None, 5, "x", [], [1]], ids=repr)
@pytest.mark.parametrize("field", SNAPSHOT)
def test_what_a_runner_of_another_version_does_not_tell_is_absent_alone(
    tmp_path: Path, field: str, other: object
) -> None:
    left_out = {name: value for name, value in SNAPSHOT.items() if name != field}
    snapshot = {**left_out, field: other} if other != {} else left_out
    shown = Metrics(views_of(tmp_path, answering({"snapshot": [snapshot]}))).exposition().decode()
    assert "gluehook_up 1.0" in shown
    assert ("gluehook_journal_bytes" in shown) == (field != "journal")
    assert ("gluehook_source_up{" in shown) == (field != "sources")


def test_names_of_rules_are_bounded(tmp_path: Path) -> None:
    metrics = Metrics(views_of(tmp_path))
    for number in range(MOST_RULES + 50):
        metrics.take(ended("changed", rule=f"rule-{number}"))
    runs = [line for line in metrics.exposition().decode().splitlines() if line.startswith("gluehook_runs_total")]
    assert len(runs) == MOST_RULES + 1
    assert 'gluehook_runs_total{outcome="changed",rule="other"} 50.0' in runs


def test_promtool_finds_nothing_wrong_with_it(text: str) -> None:
    done = subprocess.run([require("promtool", "prometheus"), "check", "metrics"], input=text, capture_output=True,
                          text=True, timeout=30, check=False)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.mark.parametrize("check", [
    ["check", "config", "prometheus.yml"], ["check", "rules", "alerts.yml"], ["test", "rules", "alerts_test.yml"],
], ids=" ".join)  # fmt: skip
def test_the_files_for_prometheus_hold(check: list[str]) -> None:
    done = subprocess.run([require("promtool", "prometheus"), *check], cwd=MONITORING, capture_output=True, text=True,
                          timeout=60, check=False)  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", ["alerts.yml", "grafana-dashboard.json", "alerts_test.yml"])
def test_each_metric_that_the_files_name_exists(text: str, file: str) -> None:
    named = set(re.findall(r"\bgluehook_\w+", (MONITORING / file).read_text()))
    assert named
    assert named <= set(re.findall(r"^gluehook_\w+", text, re.MULTILINE))


def test_each_metric_is_on_the_dashboard_or_in_an_alert(text: str) -> None:
    files = "".join(path.read_text() for path in MONITORING.iterdir())
    told = {re.sub(r"_(total|info|bucket|count|sum|created)$", "", name) for name in re.findall(r"gluehook_\w+", files)}
    names = set(re.findall(r"^# TYPE (gluehook_\w+?)(?:_total|_created|_info)? ", text, re.MULTILINE))
    assert names - told == {"gluehook_build", "gluehook_overdue", "gluehook_rules", "gluehook_journal_pending",
                            "gluehook_stream_connected", "gluehook_stream_missed"}  # fmt: skip


def test_the_dashboard_is_json_with_a_title_for_each_panel() -> None:
    board = json.loads((MONITORING / "grafana-dashboard.json").read_text())
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])
    assert all(panel["title"] and panel["targets"] for panel in board["panels"])


def test_prometheus_gets_it_over_http_with_the_token_where_one_is_set(tmp_path: Path) -> None:
    views = views_of(tmp_path, answering({"snapshot": [SNAPSHOT]}))
    with serving(views) as site:
        scraped = site.get("/metrics")
    assert (scraped.status_code, scraped.headers["Content-Type"]) == (200, CONTENT_TYPE)
    assert "gluehook_up 1.0" in scraped.text.splitlines()
    settings = WebSettings(Secrets(Sources({"GLUEHOOK_WEB_TOKEN": "s3cret-token-0123456789"}, "/nowhere")).read)
    with serving(views, settings) as site:
        assert site.get("/metrics").status_code == 401
        assert site.get("/metrics", headers={"Authorization": "Bearer s3cret-token-0123456789"}).status_code == 200


def test_the_page_names_each_metric(text: str) -> None:
    named = {re.sub(r"_(total|info)$", "", name) for name in re.findall(r"`(gluehook_\w+)`", METRICS_PAGE.read_text())}
    assert named == set(re.findall(r"^# TYPE (gluehook_\w+?)(?:_total|_created|_info)? ", text, re.MULTILINE))

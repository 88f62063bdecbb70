"""What `/metrics` shows: counters and histograms made from the runner's stream, gauges from its snapshot.

`take` is called with each item of the control socket's stream (`follow`). Counters begin with the web process, and
what happened while it was not connected is missing in them; `gluehook_stream_missed_total` and
`gluehook_stream_connected` show that. Gauges are read at each scrape; where the runner does not answer they are absent.

Labels are bounded: a rule's name beyond the first `MOST_RULES` is "other", and nothing from outside but names of
containers that are a gluetun or its torrent client becomes a label.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily, Metric

from hooks.events.catalogue import CATALOGUE
from hooks.journal.pages import FAILED
from hooks.web.views import Views

MOST_RULES = 200
MOST_PAIRS = 64
_MOST_EVENTS = 1000  # whose instant is kept until a run of it begins
_REACTION_S = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
_DURATION_S = (0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 150, 300)
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Metrics:
    """The metrics of one web process, which grow while `views.following` follows the runner. Thread-safe."""

    def __init__(self, views: Views) -> None:
        self._guard = threading.Lock()
        self._registry = registry = CollectorRegistry(auto_describe=False)
        self._live: OrderedDict[str, float] = OrderedDict()  # when an event happened, by its id
        self._at_once: frozenset[str] = frozenset()  # rules that wait for nothing
        self._rules: set[str] = set()
        self._events = Counter("gluehook_events", "Events that reached the engine.", ["type"], registry=registry)
        self._decisions = Counter(
            "gluehook_decisions", "What the engine decided about an event.", ["rule", "decision"], registry=registry
        )
        self._runs = Counter("gluehook_runs", "Runs that have ended for good.", ["rule", "outcome"], registry=registry)
        self._retries = Counter("gluehook_retries", "Attempts that are tried again.", ["rule"], registry=registry)
        self._overdue = Counter("gluehook_overdue", "Attempts beyond their time-out.", ["rule"], registry=registry)
        self._took = Histogram(
            "gluehook_attempt_duration_seconds", "How long an attempt took.", ["rule"], buckets=_DURATION_S,
            registry=registry,
        )  # fmt: skip
        self._reaction = Histogram(
            "gluehook_reaction_seconds", "From what happened to the begin of the run, of rules that wait for nothing.",
            ["rule"], buckets=_REACTION_S, registry=registry,
        )  # fmt: skip
        self._reconnects = Counter("gluehook_source_lost", "A source was lost.", ["source"], registry=registry)
        self._missed = Counter("gluehook_stream_missed", "Items of the stream that were missed.", registry=registry)
        registry.register(_Gauges(views, self.know))
        views.following.listen(self.take)

    def exposition(self) -> bytes:
        """The text that Prometheus scrapes."""
        return generate_latest(self._registry)

    def take(self, item: Mapping[str, Any]) -> None:
        """Count an item of the stream. One that is not as expected counts for nothing."""
        act = getattr(self, f"_take_{item.get('kind')}", None)
        if act is not None:
            with self._guard:
                try:
                    act(item)
                except (KeyError, TypeError, ValueError):
                    self._missed.inc()

    def know(self, rules: Sequence[Mapping[str, Any]]) -> None:
        """Take in the rules of a snapshot: only of those that wait for nothing the reaction is measured."""
        self._at_once = frozenset(rule["name"] for rule in rules if not rule.get("waits"))

    # -- one method for each kind of item ----------------------------------------------------

    def _take_event(self, item: Mapping[str, Any]) -> None:
        event = item["event"]
        kind = event["type"]
        self._events.labels(kind if kind in CATALOGUE else "other").inc()
        if event.get("origin", "live") == "live":
            self._live[event["id"]] = event["time"] / 1e9
            while len(self._live) > _MOST_EVENTS:
                self._live.popitem(last=False)

    def _take_decision(self, item: Mapping[str, Any]) -> None:
        self._decisions.labels(self._rule(item), item["decision"]).inc()

    def _take_run_started(self, item: Mapping[str, Any]) -> None:
        happened = self._live.get(item["event"])
        if happened is not None and item["attempt"] == 1 and item["rule"] in self._at_once:
            self._reaction.labels(self._rule(item)).observe(max(item["at"] - happened, 0.0))

    def _take_run_ended(self, item: Mapping[str, Any]) -> None:
        rule = self._rule(item)
        self._took.labels(rule).observe(item["took_s"])
        if item.get("next") == "retries":
            self._retries.labels(rule).inc()
        else:
            self._runs.labels(rule, "failed" if item["outcome"] in FAILED else item["outcome"]).inc()

    def _take_run_overdue(self, item: Mapping[str, Any]) -> None:
        self._overdue.labels(self._rule(item)).inc()

    def _take_source(self, item: Mapping[str, Any]) -> None:
        if not item["is_up"]:
            self._reconnects.labels(_source(item["name"])).inc()

    def _take_missed(self, item: Mapping[str, Any]) -> None:
        self._missed.inc(item["count"])

    def _rule(self, item: Mapping[str, Any]) -> str:
        name = str(item["rule"])
        if name not in self._rules and len(self._rules) >= MOST_RULES:
            return "other"
        self._rules.add(name)
        return name


class _Gauges:
    """What is so at the instant of the scrape."""

    def __init__(self, views: Views, know: Callable[[Sequence[Mapping[str, Any]]], None]) -> None:
        self._views, self._know = views, know

    def collect(self) -> Iterator[Metric]:
        """The metrics of one scrape, as prometheus_client calls it."""
        health, snapshot = self._views.health(), self._views.snapshot()
        known: Mapping[str, Any] = snapshot.value or {}
        yield _gauge("gluehook_healthy", "Whether `gluehook health` says healthy.", health["healthy"])
        yield _gauge("gluehook_up", "Whether the runner answers on its control socket.", snapshot.value is not None)
        yield _gauge("gluehook_stream_connected", "Whether the counters grow.", self._views.following.link.is_up)
        build = InfoMetricFamily("gluehook_build", "The version of the web process, and of the runner.")
        build.add_metric([], {"version": self._views.version, "runner": str(known.get("version", ""))})
        yield build
        for part in (self._of_known, _of_rules, _of_runs, _of_sources, _of_journal, _of_pairs):
            yield from _shown(part, known, self._views.now())

    def _of_known(self, known: Mapping[str, Any], _: float) -> Iterable[Metric]:
        self._know(known["rules"])
        return ()


def _shown(
    part: Callable[[Mapping[str, Any], float], Iterable[Metric]], known: Mapping[str, Any], now: float
) -> list[Metric]:
    """One part of a snapshot; nothing, where a runner of another version does not tell it or tells it otherwise."""
    try:
        return list(part(known, now))
    except (KeyError, TypeError, ValueError, AttributeError):
        return []


def _of_rules(known: Mapping[str, Any], now: float) -> Iterator[Metric]:
    yield _gauge("gluehook_rules", "Rules in force.", sum(bool(rule["enabled"]) for rule in known["rules"]))
    yield _gauge("gluehook_rules_paused", "Rules that are paused.",
                 sum((rule["paused_until"] or 0) > now for rule in known["rules"]))  # fmt: skip


def _of_runs(known: Mapping[str, Any], _: float) -> Iterator[Metric]:
    yield _gauge("gluehook_runs_waiting", "Lanes whose next run waits.", len(known["waits"]))
    yield _gauge("gluehook_runs_running", "Attempts that run.", len(known["running"]))
    yield _gauge("gluehook_runs_overdue", "Attempts that run beyond their time-out.",
                 sum(bool(run["overdue"]) for run in known["running"]))  # fmt: skip


def _of_sources(known: Mapping[str, Any], _: float) -> Iterator[Metric]:
    sources = GaugeMetricFamily("gluehook_source_up", "Whether a source of events can be read.", labels=["source"])
    for name, source in known["sources"].items():
        sources.add_metric([_source(name)], float(bool(source["is_up"])))
    yield sources


def _of_journal(known: Mapping[str, Any], _: float) -> Iterator[Metric]:
    journal = known["journal"]
    yield _gauge("gluehook_journal_pending", "Records that wait for the disk.", journal["pending"])
    yield _gauge("gluehook_journal_bytes", "The size of the journal's file.", journal["bytes"])
    yield _gauge("gluehook_journal_broken", "Whether the journal cannot be written.", bool(journal["problem"]))


def _of_pairs(known: Mapping[str, Any], now: float) -> Iterator[Metric]:
    port = GaugeMetricFamily("gluehook_forwarded_port", "The forwarded port, 0 without one.", labels=["gluetun"])
    age = GaugeMetricFamily(
        "gluehook_forwarded_port_age_seconds", "Since when the port is forwarded, or missing.", labels=["gluetun"]
    )
    opened = GaugeMetricFamily(
        "gluehook_port_open", "Whether peers reach the client: 1 or 0; absent where nothing shows it.",
        labels=["gluetun", "client"],
    )  # fmt: skip
    for pair in known["pairs"][:MOST_PAIRS]:
        port.add_metric([pair["gluetun"]], float((pair["port"] or [0])[0]))
        if pair.get("port_since"):
            age.add_metric([pair["gluetun"]], max(now - pair["port_since"], 0.0))
        for client in pair["clients"]:
            if client.get("connection") in ("open", "closed"):
                opened.add_metric([pair["gluetun"], client["name"]], float(client["connection"] == "open"))
    yield from (port, age, opened)


def _gauge(name: str, says: str, value: float) -> Metric:
    return GaugeMetricFamily(name, says, value=float(value))


def _source(name: str) -> str:
    return str(name)[:100]

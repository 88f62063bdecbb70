"""Each page through a real uvicorn: what is on it, what it weighs, and that nothing from outside is more than text."""

from __future__ import annotations

import html
import json
import re
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from hooks.app import own_gaps
from hooks.journal.day import GAPS
from hooks.journal.journal import FILE_NAME
from hooks.journal.store import Store
from hooks.runtime import heartbeat
from hooks.web import trying
from hooks.web.children import Children
from hooks.web.web_settings import WebSettings
from tests.parts.process.web_site import Site, answering, serving, views_of
from tests.parts.values import night
from tests.parts.values.page_values import ESCALATION, NOW, beating, explained, findings, live_through, peers, snapshot

SCRIPT = "<script>alert(1)</script>"
RIGHT_TO_LEFT = "\u202egpj.exe"
NAMES = (SCRIPT, RIGHT_TO_LEFT, "n" * 5_000, "'\"><b a=", "\ud800\x1b[31m", "${secret:X} {{ 7 * 7 }}")
PAGES = ("/", "/runs", ESCALATION)
ANSWERS = {"snapshot": [snapshot()], "doctor": findings(), "explain": explained(), "peers": peers()}
MOST_BYTES = 80 * 1024


def shown(site: Site, path: str) -> str:
    """The page when everything on it has been read."""
    for _ in range(1_000):
        page = site.get(path)
        assert page.status_code == 200, page.text
        if "data-again" not in page.text:
            return page.text
    raise AssertionError("something is never read")


def text_of(page: str) -> str:
    """What a reader sees, in one line."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", page.partition("<main")[2])).split())


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    state = beating(tmp_path_factory.mktemp("state"))
    live_through(state)
    with serving(views_of(state, answering(ANSWERS), now=NOW)) as running:
        yield running


def test_the_overview_says_what_is_wrong_what_comes_next_and_how_the_night_was(site: Site) -> None:
    text = text_of(shown(site, "/"))
    for part in (
        "The chain of gluetun-us is broken", "gluetun-us: its health check fails", "deluge: the container is exited",
        "Cure correct its password", "1 more follows from this", "heal-vpn gluetun-us for the state must last, 1m 37s",
        "left · 1 of 3 runs used", "unhealthy 19m", "no gap", "3 in 24 h, most 3", "sent to ntfy://ntfy.example.org",
    ):  # fmt: skip
        assert part in text, part


def test_the_list_of_runs_is_filtered_and_goes_on_with_older_ones(site: Site) -> None:
    rows = re.findall(r"trace of ([^<]*)<", site.get("/runs?outcome=failed").text)
    assert rows == [f"heal-vpn/gluetun#{n}" for n in (3, 2, 1)]
    assert "trace of" not in site.get("/runs?since=10m").text
    assert "no such run" in site.get("/runs?rule=nobody").text
    assert "is no cursor of runs" in html.unescape(site.get("/runs?before=x").text)


def test_older_runs_are_a_link_away(tmp_path: Path) -> None:
    with closing(night.Night(tmp_path)) as lived:
        for number in range(120):
            lived.event("container.healthy", container=f"web-{number}")
            lived.until(60.0 * number)
    with serving(views_of(tmp_path, now=NOW)) as site:
        path, seen = "/runs?rule=forward-port", list[str]()
        while path:
            page = site.get(path).text
            seen += re.findall(r"trace of ([^<]*)<", page)
            found = re.search(r'rel="next" href="([^"]*)"', page)
            path = html.unescape(found[1]) if found else ""
    assert len(seen) == len(set(seen)) == 120


def test_a_trace_shows_each_attempt_with_what_it_saw_and_what_followed(site: Site) -> None:
    text = text_of(site.get(ESCALATION).text)
    for part in (
        "heal-vpn-harder changed", "rule.exhausted heal-vpn", "It came from the run heal-vpn/gluetun#3",
        "matched heal-vpn-harder", "Attempt 1 failed", "saw gluetun is running, unhealthy", "Attempt 2 changed",
        "Docker did not answer within 5 s", "container.healthy gluetun", "rejoin-network/gluetun#7",
    ):  # fmt: skip
        assert part in text, part


def test_a_run_that_is_not_there_is_said_with_the_nearest(site: Site) -> None:
    page = site.get("/runs/heal-vpn/gluetun%2399", headers={"Accept": "text/html"})
    assert page.status_code == 404
    assert "heal-vpn/gluetun#" in page.text


# -- rules, and tries ------------------------------------------------------------------------------


def test_the_rules_in_force_stand_beside_their_tests_and_runs(site: Site) -> None:
    text = text_of(shown(site, "/rules"))
    for part in (
        "Rules 1 of 2 tests fail", "In force: /config/rules.toml", "rule heal-vpn paused for 25m more 03:13:40 failed",
        'name = "heal-vpn"', "None of the latest runs is its", "test it heals in time passes",
        "expected, but missing: heal-vpn at 0.0 s",
    ):  # fmt: skip
        assert part in text, part


def test_an_event_is_explained_in_words_and_as_json(site: Site) -> None:
    for event in ("container.unhealthy container=gluetun", '{"event": "port.cleared"}'):
        text = text_of(site.get("/try", params={"event": event}).text)
        for part in ("explain is done", "runs in 3m heal-vpn for gluetun", 'wait = "2m"', "does not run forward-port"):
            assert part in text, part
    assert "there is no event 'container.unhealty'" in html.unescape(site.get("/try?event=container.unhealty").text)
    assert "longer than" in site.get("/try", params={"event": "x" * 40_000}).text
    assert "rule.exhausted" in text_of(site.get("/try").text), "the latest events can be picked"


@pytest.fixture
def today(tmp_path: Path) -> Iterator[Callable[[str, str], str]]:
    """Replays a rules file against a day with one event: the text of the page."""
    with closing(night.Night(tmp_path, now=time.time() - 3_600)) as lived:
        lived.event("container.healthy")

    def replay(rules: str, show: str) -> str:
        answer = running.post("/try/replay", data={"rules": rules, "show": show})
        assert answer.status_code == 200
        return text_of(answer.text)

    with serving(views_of(tmp_path, now=time.time())) as running:
        yield replay


def test_a_pasted_rules_file_is_compared_with_the_one_in_force(today: Callable[[str, str], str]) -> None:
    text = today(night.RULES.read_text().replace('name = "forward-port"', 'name = "other"'), "differences")
    assert "would not have started: other 1" in text
    assert "pasted runs other gluetun client.set_port" in text


def test_all_that_a_pasted_rules_file_decides_is_shown_or_why_it_is_none(today: Callable[[str, str], str]) -> None:
    assert "runs rejoin-network gluetun containers.rejoin" in today(night.RULES.read_text(), "all")
    assert "there is no event 'nope'" in today("[[rule]]\nname='x'\non='nope'\ndo='client.set_port'", "all")
    assert "longer than" in today("#" * 300_000, "all")


def test_a_child_is_ended_when_its_time_is_over_and_only_one_runs_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    children = Children()
    assert "took longer than 0.05 s and was stopped" in trying.replay(children, "version = 1", within_s=0.05).problem
    monkeypatch.setattr("hooks.web.children._BUSY_S", 0.01)
    with children.run("check", "{0}", within_s=30, files=["version = 1"]) as child:
        assert "already works on such a request" in trying.replay(children, "version = 1").problem
        assert child.text()


@pytest.mark.parametrize("name", NAMES, ids=["script", "right-to-left", "long", "quotes", "controls", "template"])
def test_names_from_outside_are_text_wherever_they_stand(tmp_path: Path, name: str) -> None:
    shot, found = json.loads(json.dumps(snapshot()).replace("gluetun-us", json.dumps(name)[1:-1])), findings()
    shot["sources"][name] = {"is_up": False, "said": name}
    shot["waits"][0]["why"] = shot["running"][0]["rule"] = name
    found[0] |= dict.fromkeys(("check", "seen", "why", "fix"), name) | {"run": [name]}
    said = name.encode(errors="replace").decode()
    with closing(night.Night(tmp_path, acts={**night.ACTS, "client.set_port": night._plain(said, 0.1)})) as lived:
        lived.event("container.healthy", subject=said, labels={said: said}, image=said)
    request = answering({"snapshot": [shot], "doctor": found})
    with serving(views_of(tmp_path, request, now=NOW)) as site:
        run = re.search(r'href="(/runs/forward-port[^"]*)"', shown(site, "/runs"))
        assert run
        pages = [shown(site, path) for path in ("/", "/runs", html.unescape(run[1]))]
    for page in pages:
        body = page.partition("<main")[2]
        assert "<script" not in body
        assert "<b a=" not in body
        assert "49" not in re.findall(r"\{\{.*|49 }}", body)
        assert not re.search(r"\son\w+=|\sstyle=", re.sub(r'"[^"]*"', '""', body)), "the browser would refuse these"
        assert len(page.encode()) < MOST_BYTES


def test_without_a_runner_the_journal_is_shown_all_the_same(tmp_path: Path) -> None:
    night.live_through(tmp_path)
    with serving(views_of(tmp_path, now=NOW)) as site:
        assert "heal-vpn/gluetun#1" in site.get("/runs").text
        text = text_of(shown(site, "/"))
    for part in ("gluehook is not well", "nobody answers snapshot", "nobody answers doctor", "3 in 24 h, most 3"):
        assert part in text, part


def test_what_is_pasted_is_text(tmp_path: Path) -> None:
    for name in (SCRIPT, "'\"><b a="):
        with serving(views_of(tmp_path)) as site:
            pages = [site.get("/try", params={"event": name}).text,
                     site.post("/try/replay", data={"rules": name, "show": "all"}).text]  # fmt: skip
        for page in pages:
            assert "<script" not in page.partition("<main")[2]
            assert "<b a=" not in page


def test_without_a_journal_the_pages_say_so(tmp_path: Path) -> None:
    with serving(views_of(tmp_path)) as site:
        assert "there is no journal" in site.get("/runs").text
        assert "there is no journal" in text_of(shown(site, "/rules"))
        trace = site.get("/runs/x", headers={"Accept": "text/html"})
        assert (trace.status_code, "there is no journal" in trace.text) == (404, True)


def test_peers_are_shown_with_their_handshakes_and_without_keys(site: Site) -> None:
    page = shown(site, "/peers")
    for part in ("phone connected 40s ago", "laptop not connected", "its QR code is older", "old never connected"):
        assert part in text_of(page), part
    assert "k3y" not in page


def test_behind_a_prefix_every_address_begins_with_it(tmp_path: Path) -> None:
    live_through(beating(tmp_path))
    views = views_of(tmp_path, answering(ANSWERS), now=NOW)
    with serving(views, WebSettings(prefix="/at/home")) as site:
        for path in (*PAGES, "/rules", "/try?event=port.cleared", "/peers"):
            page = shown(site, f"/at/home{path}")
            found = re.findall(r'\s(?:href|src|action)="([^"#][^"]*)"', page)
            assert len(found) > 8
            assert [one for one in found if not one.startswith("/at/home/")] == []
            assert 'data-root="/at/home"' in page


# -- gluehook's own gaps ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("beat", "gaps"),
    [
        (None, []),
        ({"time": NOW - 5.0}, []),  # killed, and started at once
        ({"time": NOW - 60.0}, [[NOW - 60.0, NOW]]),
        ({"time": NOW - 5.0, "stopped": True}, [[NOW - 5.0, NOW]]),
        ({"time": "yesterday"}, []),
        ({"time": NOW + 60.0}, []),
    ],
)
def test_a_start_finds_from_the_heartbeat_since_when_gluehook_did_not_run(
    tmp_path: Path, beat: dict[str, Any] | None, gaps: list[list[float]]
) -> None:
    file = tmp_path / heartbeat.FILE_NAME
    if beat:
        file.write_text(json.dumps(beat))
    assert own_gaps.with_this_start(None, file, NOW) == gaps
    assert own_gaps.with_this_start([[1.0, 2.0], "x", [NOW - 99, NOW - 98]], file, NOW) == [[NOW - 99, NOW - 98], *gaps]


def test_a_gap_is_on_the_time_line(tmp_path: Path) -> None:
    with closing(Store(tmp_path / FILE_NAME)) as store:
        store.put(GAPS, [[NOW - 7_200, NOW - 3_600], "damaged", [1]])
    with serving(views_of(tmp_path, now=NOW)) as site:
        assert "gluehook did not run 1h" in text_of(shown(site, "/"))

"""The pages in a real Chromium: nothing is refused, nothing comes from elsewhere, and every reader can use them."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from hooks.web import following
from hooks.web.web_settings import WebSettings
from tests.parts.process.browser import TAB, Browser
from tests.parts.process.gluehook import until
from tests.parts.process.web_site import Site, answering, serving, views_of
from tests.parts.values.page_values import ESCALATION, NOW, beating, explained, findings, live_through, peers, snapshot

pytestmark = pytest.mark.browser

PAGES = ("/", "/runs?since=24h", ESCALATION, "/rules", "/try?event=port.cleared", "/peers")
EYES = Path(__file__).with_name("reader_eyes.js").read_text()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """One with much to show; a first look at each page has read what takes long."""
    state = beating(tmp_path_factory.mktemp("state"))
    live_through(state)
    request = answering({"snapshot": [snapshot()], "doctor": findings(), "explain": explained(), "peers": peers()})
    with serving(views_of(state, request, now=NOW)) as running:
        for path in PAGES:
            while "data-again" in running.get(path).text:
                pass
        yield running


def test_axe_finds_nothing(browser: Browser, site: Site) -> None:
    axe = (resources.files("axe_core_python") / "axe.min.js").read_text()
    found = "axe.run().then((it) => JSON.stringify(it.violations.map((one) => [one.id, one.nodes[0].html])))"
    browser.show()
    for path in PAGES:
        browser.get(site.url + path)
        browser.devtools("Runtime.evaluate", expression=axe)
        answer = browser.devtools("Runtime.evaluate", expression=found, awaitPromise=True, returnByValue=True)
        assert answer["result"]["value"] == "[]", path


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_and_symbol_is_strong_enough_and_no_page_is_wider_than_a_phone(
    browser: Browser, site: Site, theme: str
) -> None:
    for width in (1200, 360):
        browser.show(theme=theme, width=width)
        for path in PAGES:
            browser.get(site.url + path)
            browser.run("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
            assert browser.run(EYES + "return faint()") == [], (path, width)
            assert browser.run(EYES + "return wider()") == [], (path, width)


def test_the_pages_load_nothing_from_elsewhere_and_the_browser_refuses_nothing(browser: Browser, site: Site) -> None:
    browser.show()
    browser.console(), browser.requested()
    for path in PAGES:
        browser.get(site.url + path)
        assert browser.run(EYES + "return bare()") == [], path
    assert [url for url in browser.requested() if not url.startswith(site.url)] == []
    assert browser.console() == []


def test_the_keyboard_reaches_everything_and_its_place_is_seen(browser: Browser, site: Site) -> None:
    browser.show()
    for path in PAGES:
        browser.get(site.url + path)
        for _ in range(browser.run(EYES + "return usable()") + 5):
            browser.press(TAB)
            if (found := browser.run(EYES + "return reached()")) is None:
                break
            assert found["seen"], found
        assert browser.run(EYES + "return notReached()") == [], path


def test_without_scripts_the_page_is_whole(browser: Browser, site: Site) -> None:
    browser.show()
    browser.scripts(on=False)
    try:
        browser.get(site.url + "/")
        text = browser.run("return document.body.innerText")
    finally:
        browser.scripts(on=True)
    for part in ("The chain of gluetun-us is broken", "docker compose up -d gluetun-us", "1 of 3 runs used", "51413"):
        assert part in text
    assert "live" not in text


def test_a_command_is_copied(browser: Browser, site: Site) -> None:
    browser.show()
    browser.get(site.url + "/")
    browser.click(".command button")
    browser.until("return document.querySelector('.command button').textContent === 'Copied'")


def test_after_a_login_a_rule_is_paused_and_run_on_its_page_and_a_run_is_retried(
    browser: Browser, tmp_path: Path
) -> None:
    live_through(beating(tmp_path))
    answers = {"snapshot": [snapshot()], "pause": [], "run": [], "retry": []}
    settings = WebSettings({"GLUEHOOK_WEB_PASSWORD": "correct horse"}.get)
    with serving(views_of(tmp_path, answering(answers), now=NOW), settings) as site:
        browser.show()
        browser.get(f"{site.url}{ESCALATION}")
        assert browser.run("return document.title") == "Log in · gluehook"
        browser.type("#password", "correct horse")
        browser.click("form.login button")
        browser.until("return document.title.startsWith('heal-vpn-harder')")
        assert browser.run(EYES + "return bare()") == []
        for path, button in ((ESCALATION, "retry"), ("/rules", "pause"), ("/rules", "run")):
            browser.get(site.url + path)
            browser.click(f".act button[value={button}]")
            browser.until(f"return document.querySelector('.notice')?.textContent === '{button} is done'")
            assert browser.run("return location.pathname") == path
        browser.click(".logout button")
        browser.until("return document.title === 'Log in · gluehook'")
    browser.console()


def test_a_long_name_without_a_space_makes_no_page_wider(browser: Browser, tmp_path: Path) -> None:
    long = "n" * 300
    shown = snapshot(pairs=[{"gluetun": long, "port": [1], "clients": [{"name": long, "kind": long}]}],
                     waits=[{"rule": long, "key": long, "why": long}], sources={long: {"is_up": True}})  # fmt: skip
    with serving(views_of(tmp_path, answering({"snapshot": [shown], "doctor": findings()}))) as site:
        for width in (1200, 360):
            browser.show(width=width)
            browser.get(site.url + "/")
            assert browser.run(EYES + "return wider()") == []


class Told:
    """What the runner tells, as the test has it; `stop` ends it."""

    def __init__(self) -> None:
        self.items: queue.SimpleQueue[dict[str, Any] | None] = queue.SimpleQueue()

    def follow(self, **_: Any) -> Iterator[dict[str, Any]]:
        yield {"kind": "hello", "at": NOW, "version": "1.2.3"}
        while (item := self.items.get()) is not None:
            yield item


@contextmanager
def told(state: Path, answers: dict[str, list[dict[str, Any]]]) -> Iterator[tuple[Site, Told]]:
    """A site that follows a runner, and what the runner tells."""
    runner = Told()
    views = views_of(state, answering(answers), now=NOW, follow=runner.follow)
    views.following.start()
    try:
        with serving(views) as running:
            yield running, runner
    finally:
        views.following.stop()
        runner.items.put(None)


def test_what_happens_is_on_the_open_page_and_the_reader_stays_where_they_are(browser: Browser, tmp_path: Path) -> None:
    shot = snapshot()
    with told(beating(tmp_path), {"snapshot": [shot], "doctor": findings()}) as (site, runner):
        browser.show()
        browser.get(site.url + "/")
        browser.until("return document.getElementById('live').textContent.trim() === 'live'")
        browser.run("window.opened = true; const one = document.querySelector('#wrong details'); one.open = true;"
                    "one.querySelector('summary').focus()")  # fmt: skip
        shot["waits"].append({"rule": "a-new-rule", "key": "k", "why": "debounce", "until": NOW + 9})
        shot["pairs"] = shot["pairs"][:1]  # the one that is well
        runner.items.put({"kind": "event", "at": NOW, "event": {"type": "container.healthy", "subject": "gluetun-us"}})
        browser.until("return document.getElementById('next').textContent.includes('a-new-rule')")
        assert browser.run("return window.opened && document.querySelector('#wrong details').open")
        assert browser.run("return document.activeElement.tagName") == "SUMMARY"
        assert browser.run("return document.getElementById('said').textContent") == "gluetun-us is unhealthy · gluehook"
        shot["sources"]["docker"]["is_up"] = False
        runner.items.put({"kind": "source", "at": NOW, "name": "docker", "is_up": False, "said": "gone"})
        browser.until("return /docker\\s+lost/.test(document.getElementById('headline').textContent)")
        runner.items.put(None)  # the runner stops
        browser.until("return document.getElementById('live').textContent.trim() === 'not live'")
        browser.get("about:blank")  # before the server stops
    assert browser.console() == []


HIDE = """Object.defineProperty(document, "hidden", { value: arguments[0], configurable: true });
document.dispatchEvent(new Event("visibilitychange"));"""


def test_a_page_that_nobody_looks_at_leaves_its_connection_to_others_until_it_is_looked_at(
    browser: Browser, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "MOST_SUBSCRIBERS", 1)
    shot = snapshot()
    with told(beating(tmp_path), {"snapshot": [shot], "doctor": findings()}) as (site, _):

        def may_follow() -> bool:
            with site.get("/api/v1/stream", stream=True) as response:
                return response.status_code == 200

        browser.show()
        browser.get(site.url + "/")
        browser.until("return document.getElementById('live').textContent.trim() === 'live'")
        assert not may_follow()
        browser.run(HIDE, True)
        until(may_follow, "the page keeps its stream")
        shot["waits"].append({"rule": "a-new-rule", "key": "k", "why": "debounce", "until": NOW + 9})
        browser.run(HIDE, False)
        browser.until("return document.getElementById('next').textContent.includes('a-new-rule')")
        browser.get("about:blank")
    browser.console()

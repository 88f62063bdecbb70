"""The pages in a real Chromium: nothing is refused, nothing comes from elsewhere, and every reader can use them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.parts.process.browser import TAB, Browser
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


def test_a_long_name_without_a_space_makes_no_page_wider(browser: Browser, tmp_path: Path) -> None:
    long = "n" * 300
    shown = snapshot(pairs=[{"gluetun": long, "port": [1], "clients": [{"name": long, "kind": long}]}],
                     waits=[{"rule": long, "key": long, "why": long}], sources={long: {"is_up": True}})  # fmt: skip
    with serving(views_of(tmp_path, answering({"snapshot": [shown], "doctor": findings()}))) as site:
        for width in (1200, 360):
            browser.show(width=width)
            browser.get(site.url + "/")
            assert browser.run(EYES + "return wider()") == []

"""The stream of what happens: from a runner's control socket to a browser, while runners come and go."""

from __future__ import annotations

import json
import queue
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from hooks.control.client import NotRunning
from hooks.control.server import Refused
from hooks.web import following as following_module
from hooks.web.following import MOST_WAITING, Following
from tests.parts.process.web_site import WAIT_S, Site, answering, serving, views_of

Item = dict[str, Any]
HELLO: Item = {"kind": "hello", "at": 1.0, "version": "9"}


class Runner:
    """What `client.follow` gives, as the test has it. An exception is raised; None ends the connection."""

    def __init__(self) -> None:
        self.items: queue.SimpleQueue[Item | Exception | None] = queue.SimpleQueue()
        self.connections = 0

    def say(self, *items: Item | Exception | None) -> None:
        for item in items:
            self.items.put(item)

    def follow(self, *, opened: Callable[[socket.socket], object]) -> Iterator[Item]:
        self.connections += 1
        ours, other = socket.socketpair()
        with ours, other:
            opened(ours)
            while True:
                try:
                    item = self.items.get(timeout=0.02)
                except queue.Empty:
                    other.setblocking(False)
                    try:
                        if not other.recv(1):
                            return
                    except BlockingIOError:
                        continue
                if item is None:
                    return
                if isinstance(item, Exception):
                    raise item
                yield item


class Browser:
    """Reads server-sent events."""

    def __init__(self, site: Site, path: str = "/api/v1/stream") -> None:
        self.response = site.get(path, stream=True)
        self._lines = self.response.iter_lines()

    def next(self) -> Item:
        for line in self._lines:
            if line.startswith(b"data: "):
                return json.loads(line.removeprefix(b"data: "))
        return {}


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Runner:
    monkeypatch.setattr(following_module, "_PAUSE_S", (0.01, 0.02))
    return Runner()


def test_what_happens_is_told_and_a_runner_that_goes_and_comes_is_told_too(tmp_path: Path, runner: Runner) -> None:
    views = views_of(tmp_path, answering({"snapshot": [{}]}), follow=runner.follow)
    with serving(views) as site:
        browser = Browser(site)
        assert browser.response.headers["content-type"] == "text/event-stream; charset=utf-8"
        assert browser.next()["is_up"] is False
        views.following.start()
        runner.say(HELLO)
        assert browser.next() == {"kind": "runner", "at": 1_767_225_600.0, "is_up": True, "said": "", "version": "9"}
        runner.say({"kind": "beat", "at": 2.0}, {"kind": "step", "at": 3.0, "said": "ä </script> \u2028\n"})
        assert browser.next() == {"kind": "step", "at": 3.0, "said": "ä </script> \u2028\n"}
        for way, why in ((None, "gluehook has stopped"), (NotRunning("it is away"), "it is away"),
                         (Refused("too many"), "too many")):  # fmt: skip
            runner.say(way)
            assert (browser.next()["said"], site.get("/readyz").status_code) == (why, 503)
            assert site.get("/readyz").json()["unknown"][0] == why
            runner.say(HELLO)
            assert browser.next()["is_up"] is True
        browser.response.close()


def test_a_stream_can_be_of_some_kinds_and_ends_with_the_site(tmp_path: Path, runner: Runner) -> None:
    views = views_of(tmp_path, follow=runner.follow)
    with serving(views) as site:
        views.following.start()
        browser = Browser(site, "/api/v1/stream?kinds=step,problem")
        browser.next()
        head = site.session.head(f"{site.url}/api/v1/stream", timeout=WAIT_S)
        assert (head.content, head.headers["content-type"]) == (b"", browser.response.headers["content-type"])
        runner.say(HELLO, {"kind": "event", "at": 1.0}, {"kind": "step", "at": 2.0})
        assert [browser.next()["kind"], browser.next()["kind"]] == ["runner", "step"]
    assert browser.next() == {}, "the site has ended, and with it the stream"


def test_a_subscriber_that_reads_nothing_costs_a_bounded_number_of_items(tmp_path: Path, runner: Runner) -> None:
    import asyncio

    following = Following(tmp_path, follow=runner.follow)

    async def read_late() -> tuple[int, Item]:
        subscriber = following.subscribe()
        following.start()
        heard = threading.Event()
        following.listen(lambda item: heard.set() if item["at"] == -1.0 else None)
        runner.say(HELLO, *({"kind": "event", "at": float(number)} for number in range(MOST_WAITING + 49)))
        runner.say({"kind": "event", "at": -1.0})
        assert await asyncio.to_thread(heard.wait, WAIT_S)
        lines, _ = await subscriber.take(WAIT_S)
        *items, last = lines.decode().strip().split("\n\n")
        return len(items), json.loads(last.partition("data: ")[2])

    try:
        assert asyncio.run(read_late()) == (MOST_WAITING, {"kind": "missed", "count": 51})
    finally:
        following.stop()
        following.thread.join(WAIT_S)


def test_only_so_many_streams_are_open_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following_module, "MOST_SUBSCRIBERS", 2)
    with serving(views_of(tmp_path)) as site:
        browsers = [Browser(site), Browser(site)]
        assert all(browser.next() for browser in browsers)
        refused = site.get("/api/v1/stream")
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "10")
        assert "2 streams are open" in refused.json()["error"]
        for browser in browsers:
            browser.response.close()


def test_a_snapshot_is_as_new_as_what_was_told_and_a_runner_that_hangs_holds_no_page(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from hooks.web import runner as runner_module

    asked, hangs, free = [], threading.Event(), threading.Event()

    def request(verb: str, **_: Any) -> tuple[list[Item], str]:
        if hangs.is_set():
            free.wait(WAIT_S)
        asked.append(verb)
        return [{"number": len(asked)}], "done"

    runner = runner_module.Runner(tmp_path, request=request, now=lambda: 0.0, clock=lambda: 0.0)
    assert [runner.snapshot().value, runner.snapshot().value] == [{"number": 1}, {"number": 1}]
    runner.note({})
    assert runner.snapshot().value == {"number": 2}
    hangs.set()
    runner.note({})
    with monkeypatch.context() as hurried:  # one that answers has all its time
        hurried.setattr(runner_module, "_PATIENCE_S", 0.2)
        answers = [runner.snapshot(), runner.snapshot()]
    assert [answer.value for answer in answers] == [{"number": 2}] * 2
    assert "does not answer, so this is as it was at" in answers[0].why
    free.set()
    hangs.clear()
    with runner._changed:
        assert runner._changed.wait_for(lambda: not runner._is_reading, WAIT_S)
    assert runner.snapshot().value == {"number": 3}

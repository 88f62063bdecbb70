"""`gluehook notify --test` through the real Apprise to web servers on loopback."""

from __future__ import annotations

from tests.handlers.cases_general import web
from tests.parts.process.gluehook import Gluehook

TOKEN = "t0ken-in-the-path"


def test_each_address_gets_the_message_and_a_line(here: Gluehook) -> None:
    requests: list[tuple[str, dict[str, str], bytes]] = []
    with web(lambda: (200, {}), requests) as well, web(lambda: (401, {}), []) as wrong:
        urls = [f"{url.replace('http', 'json')}/{TOKEN}" for url in (well, wrong)]
        done = here.call(
            "notify", "--test", APPRISE_URLS=f"{urls[0]} {urls[1]}, nosuch://{TOKEN}, json://127.0.0.1:1/{TOKEN}"
        )
    assert (done.returncode, done.stderr, len(requests)) == (1, "", 1)
    assert done.stdout.splitlines() == [
        "1  JSON: sent",
        "2  JSON: not sent (failed, HTTP 401): the service refuses the token or password in it",
        "3: not sent (unusable): it is no address that Apprise knows; docs/notifications.md shows how they are written",
        "4  JSON: not sent (failed, no connection): is the host in it right, and can it be reached from here?",
    ]


def test_without_an_address_it_says_what_to_set(here: Gluehook) -> None:
    done = here.call("notify", "--test")
    assert (done.returncode, done.stdout) == (1, "")
    assert "APPRISE_URLS is not set here, so messages stand in the log only" in done.stderr
    assert here.call("notify").returncode == 2

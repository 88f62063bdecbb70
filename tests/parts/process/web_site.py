"""The web application on a loopback port, served by uvicorn as in the process, and a client for it."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import requests

from hooks.config.secrets import Secrets, Sources
from hooks.control.client import NotRunning
from hooks.web.app import create
from hooks.web.following import Following
from hooks.web.journal_reader import JournalReader
from hooks.web.runner import Runner
from hooks.web.serving import listening, server
from hooks.web.views import Views
from hooks.web.web_settings import WebSettings

WAIT_S = 10.0
PASSWORD, TOKEN, HOOK_TOKEN = "correct horse battery", "t0ken-of-a-program", "t0ken-of-all-hooks"


class Site:
    """A running site; `get` and `post` are those of `requests`, with the path alone."""

    def __init__(self, address: str) -> None:
        self.address, self.url, self.session = address, f"http://{address}", requests.Session()

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.url + path, timeout=WAIT_S, allow_redirects=False, **options)

    def raw(self, method: str, path: str, **options: Any) -> requests.Response:
        """A request whose path is sent as it is written."""
        request = self.session.prepare_request(requests.Request(method, self.url + "/", **options))
        request.url = self.url + path
        return self.session.send(request, timeout=WAIT_S, allow_redirects=False)

    def csrf(self, headers: Mapping[str, str] | None = None) -> str:
        """The token for actions, as a page has it."""
        found = re.search(
            r'name="csrf" content="(\w*)"', self.get("/", headers={"Accept": "text/html", **(headers or {})}).text
        )
        assert found, "the page has no token"
        return found[1]

    def post(self, path: str, **options: Any) -> requests.Response:
        return self.session.post(self.url + path, timeout=WAIT_S, allow_redirects=False, **options)


def nobody(verb: str, **_: Any) -> tuple[list[dict[str, Any]], str]:
    """The control socket where no gluehook runs."""
    raise NotRunning(f"no gluehook is running, so nobody answers {verb}")


def answering(answers: Mapping[str, list[dict[str, Any]]]) -> Callable[..., tuple[list[dict[str, Any]], str]]:
    """A control socket that answers each of these verbs with these items."""

    def request(verb: str, **arguments: Any) -> tuple[list[dict[str, Any]], str]:
        return answers[verb] if verb in answers else nobody(verb)[0], f"{verb} is done"

    return request


def views_of(
    state: Path, request: Callable[..., Any] = nobody, *, now: float = 1_767_225_600.0,
    follow: Callable[..., Iterator[dict[str, Any]]] | None = None,
) -> Views:  # fmt: skip
    """What the web process knows of this state folder. `follow` takes the place of `client.follow`."""
    following = Following(state, follow=follow, now=lambda: now)
    runner = Runner(state, request=request, now=lambda: now)
    return Views(state, runner, JournalReader(state), "1.2.3", lambda: now, following=following)


def limited(**variables: str) -> WebSettings:
    """The settings of a site with a password and tokens, or with these variables."""
    given = variables or {
        "GLUEHOOK_WEB_PASSWORD": PASSWORD, "GLUEHOOK_WEB_TOKEN": TOKEN, "GLUEHOOK_HOOK_TOKEN": HOOK_TOKEN,
    }  # fmt: skip
    return WebSettings(Secrets(Sources(given, "/nowhere")).read)


def log_in(site: Site) -> str:
    """A session; its token for actions."""
    assert site.post("/login", data={"password": PASSWORD}).status_code == 303
    return site.csrf()


@contextmanager
def serving(
    views: Views, settings: WebSettings | None = None, clock: Callable[[], float] = time.monotonic
) -> Iterator[Site]:
    """The site that shows `views`, for the time of a block."""
    socket = listening("127.0.0.1:0")
    host, port = socket.getsockname()[:2]
    running = server(create(views, settings, clock), views.following.stop)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [socket]}, name="site")
    thread.start()
    site = Site(f"{host}:{port}")
    try:
        yield site
    finally:
        site.session.close()
        running.stop()
        thread.join(WAIT_S)
        assert not thread.is_alive(), "the site has not ended"

"""What the set_port handlers of all kinds do alike, each against its fake."""

from __future__ import annotations

from typing import Any

import pytest

from hooks.handler import Retry
from tests.handlers.client.one_client import FAKES, beside
from tests.parts.targets import fakes_deluge, fakes_qbittorrent, fakes_transmission

each = pytest.mark.parametrize("kind", FAKES)


@each
@pytest.mark.parametrize("port", [0, -1, 65536])
def test_no_port_that_the_client_would_swallow_is_sent(kind: str, port: int) -> None:
    with beside(kind) as r:
        r.args = r.handler.Args(port=port)
        assert "write 1 to 65535" in r.gives_up()
        assert r.asks == 0


@each
def test_without_a_port_or_a_running_container_it_is_skipped_and_an_unknown_one_is_no_obstacle(kind: str) -> None:
    with beside(kind) as r:
        outcome = r.set(port=0)
        assert outcome.status == "skipped"
        assert "no forwarded port" in outcome.said
        r.stops()
        assert r.set().status == "skipped"
        assert r.plan() is None
        assert r.asks == 0
        r.container = None
        assert r.set().status == "changed"


@each
def test_another_tool_that_writes_the_port_is_suspected_until_it_is_right(kind: str) -> None:
    with beside(kind, stubborn_port=6881) as r:
        for _ in range(2):
            with pytest.raises(Retry, match="was set to 40000 and shows 6881; does another tool write its port, too"):
                r.set()
        r.fake.stubborn_port = None
        assert r.set().status == "changed"


@pytest.mark.parametrize(
    ("kind", "traits", "right", "words"),
    [
        *(("qbittorrent", {"version": version}, fakes_qbittorrent.PASSWORD, "rejects the password of 'admin'")
          for version in ((4, 1), (4, 5), (5, 2))),
        ("transmission", {"login": True}, fakes_transmission.PASSWORD,
         "rejects the user and the password; correct TRANSMISSION_USERNAME or TRANSMISSION_PASSWORD"),
        ("deluge", {}, fakes_deluge.PASSWORD, "rejects the password; correct DELUGE_PASSWORD"),
    ],
)  # fmt: skip
def test_a_wrong_password_is_shown_once_until_something_changes(
    kind: str, traits: dict[str, Any], right: str, words: str
) -> None:
    with beside(kind, **traits) as r:
        r.password = "wrong-77"
        said = [r.gives_up() for _ in range(3)]
        assert words in said[0]
        assert "not tried again" in said[2]
        assert "wrong-77" not in f"{said}{r.memory.values}"
        assert r.wrong_logins == 1
        r.starts_again(later_ns=10**6)  # Docker's two clocks, and no restart
        r.gives_up()
        assert r.wrong_logins == 1
        r.starts_again()
        r.gives_up()
        assert r.wrong_logins == 2
        r.password = right
        assert r.set().status == "changed"

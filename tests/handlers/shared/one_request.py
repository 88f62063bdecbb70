"""One request on one connection, for tests of what it trusts and of what is in its way."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from handlers.shared.http_connection import Connection, Request
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer as Found
from tests.handlers.contract import context
from tests.parts.targets.certificates import Certificate
from tests.parts.targets.fakes_http import Answer, Ask, served

WITHIN_S = (3.0, 3.0)


def told(ask: Ask) -> Answer:
    return Answer(200, {"path": ask.path, "authorization": ask.headers.get("authorization", "")})


def asked(url: str, ca_file: Path | str = "", within_s: tuple[float, float] = WITHIN_S) -> Found:
    connection = Connection(url, "it", Trust("IT", str(ca_file)))
    try:
        return connection.send(replace(context(), left=lambda: 3.0), Request("GET", "/x", within_s))
    finally:
        connection.close()


@contextmanager
def shows(certificate: Certificate, folder: Path) -> Iterator[str]:
    with served(told, tls=certificate.server(folder)) as url:
        yield url

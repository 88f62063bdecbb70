"""What the service that `PORT_CHECK_URL` names says of a port.

In the URL, `{port}` stands for the port and `{ip}` for gluetun's public address, since the service sees gluehook's own
address and not the VPN's. The answer is 200 with one word (`open`, `true` or `1`; `closed`, `false` or `0`), or with a
JSON object whose `open` is true or false. It is asked at most every 5 minutes for the same address and port.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from handlers.gluetun.control_server import Control
from handlers.shared.http import shown, time_outs
from handlers.shared.http_connection import Connection, Request
from handlers.shared.trust import Trust
from handlers.shared.who_answered import Answer
from hooks.handler import Context, GiveUp, Retry
from hooks.pairs.model import Client

EVERY_S = 300.0
_WORDS = {"open": True, "true": True, "1": True, "closed": False, "false": False, "0": False}
_FORM = 'it should answer 200 with one of open, closed, true, false, 1 and 0, or with {"open": true}'


@dataclass(slots=True)
class _Last:
    """The last answer, and the trouble that was said last."""

    url: str = ""
    at_s: float = 0.0
    is_open: bool | None = None
    trouble: str = field(default="", repr=False)


_LAST: dict[str, _Last] = {}  # by client


def ask(client: Client, port: int, ctx: Context) -> bool | None:
    """Whether the client's port is open; None where no service is named, or it does not say."""
    template = ctx.settings.port_check_url
    if not template:
        return None
    last = _LAST.setdefault(client.name, _Last())
    try:
        url = _filled(template, client, port, ctx)
        if url != last.url or not 0 <= ctx.now() - last.at_s < EVERY_S:
            last.url, last.at_s, last.is_open = url, ctx.now(), None
            last.is_open = _answer(url, ctx)
    except (Retry, GiveUp) as why:
        _report(why.said, last)
        return None
    if last.is_open is not None:
        last.trouble = ""
    return last.is_open


def _filled(template: str, client: Client, port: int, ctx: Context) -> str:
    ip, gluetun = "", ctx.pairs.gluetun(client.gluetun) or ctx.pairs.gluetuns[0]
    if "{ip}" in template:
        with Control(gluetun.url, gluetun.name, ctx) as control:
            ip = control.public_ip()
        if not ip:
            raise Retry(f"'{gluetun.name}' has no public address for the {{ip}} of PORT_CHECK_URL now")
    return template.replace("{port}", str(port)).replace("{ip}", quote(ip, safe=""))


def _answer(url: str, ctx: Context) -> bool:
    who = f"the service of PORT_CHECK_URL at {urlsplit(shown(url)).netloc}"
    parts = urlsplit(url)
    service = Connection(parts._replace(path="", query="", fragment="").geturl(), who, Trust("PORT_CHECK"))
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = service.send(ctx, Request("GET", path, time_outs(ctx, who)))
    finally:
        service.close()
    is_open = _read(answer)
    if is_open is None:
        raise Retry(f"{who} answers {answer.status} and nothing that says whether the port is open: {_FORM}")
    return is_open


def _read(answer: Answer) -> bool | None:
    if answer.status != 200:
        return None
    text = answer.text.strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = text
    found = found.get("open") if isinstance(found, dict) else found
    return _WORDS.get(str(found).lower())


def _report(said: str, last: _Last) -> None:
    from hooks.events import signals

    if said != last.trouble:
        signals.emit(signals.problem, said=f"{said}; until it does, qBittorrent's own connection status counts")
    last.trouble = said

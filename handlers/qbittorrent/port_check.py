"""What the service that `PORT_CHECK_URL` names says of a port.

In the URL, `{port}` stands for the port and `{ip}` for gluetun's public address, since the service sees gluehook's own
address and not the VPN's. The answer is 200 with one word (`open`, `true` or `1`; `closed`, `false` or `0`), or with a
JSON object whose `open` is true or false. If its `port` or `ip` is another than the one asked for, it does not count.
It is asked at most every 5 minutes for the same address and port.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import Any
from urllib.parse import quote, urlsplit

from handlers.gluetun.control_server import Control
from handlers.shared.http import destination, shown, time_outs
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
        ip = _public_ip(client, ctx) if "{ip}" in template else ""
        url = template.replace("{port}", str(port)).replace("{ip}", quote(ip, safe=""))
        if url != last.url or not 0 <= ctx.now() - last.at_s < EVERY_S:
            last.url, last.at_s, last.is_open = url, ctx.now(), None
            last.is_open = _answer(url, {"port": str(port), "ip": ip}, ctx)
    except (Retry, GiveUp) as why:
        _report(why.said, last)
        return None
    if last.is_open is not None:
        last.trouble = ""
    return last.is_open


def _public_ip(client: Client, ctx: Context) -> str:
    gluetun = ctx.pairs.gluetun(client.gluetun) or ctx.pairs.gluetuns[0]
    with Control(gluetun.url, gluetun.name, ctx) as control:
        ip = control.public_ip()
    if not ip:
        raise Retry(f"'{gluetun.name}' has no public address for the {{ip}} of PORT_CHECK_URL now")
    return ip


def _answer(url: str, asked: Mapping[str, str], ctx: Context) -> bool:
    who = f"the service of PORT_CHECK_URL at {urlsplit(shown(url)).netloc}"
    parts, settings = urlsplit(url), ctx.settings
    trust = Trust.of("PORT_CHECK", settings.port_check_ca_file, settings.port_check_fingerprint)
    service = Connection(parts._replace(path="", query="", fragment="").geturl(), who, trust)
    try:
        path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        answer = service.send(ctx, Request("GET", path, time_outs(ctx, who)))
    finally:
        service.close()
    if 300 <= answer.status < 400:
        where = destination(answer.headers)
        raise Retry(f"{who} answers {answer.status} and sends us to {where}; if that is it, write it in PORT_CHECK_URL")
    found = _value(answer) if answer.status == 200 else None
    if isinstance(found, dict):
        for name, value in asked.items():
            if value and not _is_same(found.get(name), value):
                raise Retry(f"{who} answers about another {name} ({str(found[name])[:60]!r}) than {value}")
        found = found.get("open")
    is_open = _WORDS.get(str(found).lower())
    if is_open is None:
        raise Retry(f"{who} answers {answer.status} and nothing that says whether the port is open: {_FORM}")
    return is_open


def _value(answer: Answer) -> Any:
    text = answer.text.strip()
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _is_same(said: Any, asked: str) -> bool:
    """Whether an answer about this port or address is about the one asked for; what is none says nothing."""
    try:
        return ip_address(str(said)) == ip_address(asked) if "." in asked or ":" in asked else int(said) == int(asked)
    except (ValueError, TypeError):
        return True


def _report(said: str, last: _Last) -> None:
    from hooks.events import signals

    if said != last.trouble:
        signals.emit(signals.problem, said=f"{said}; until it does, qBittorrent's own connection status counts")
    last.trouble = said

"""One module per target, and the table of all handlers: a rule's `use` is looked up here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers import command, containers, containers_exec, gluetun, notify, qbittorrent, webhook
from handlers.base import Handler

HANDLERS: Mapping[str, type[Handler[Any]]] = {
    "qbittorrent.set_port": qbittorrent.SetPort,
    "gluetun.restart_vpn": gluetun.RestartVpn,
    "containers.restart": containers.Restart,
    "containers.start": containers.Start,
    "containers.exec": containers_exec.Exec,
    "command.run": command.Run,
    "webhook.post": webhook.Post,
    "notify.send": notify.Send,
}

"""A few handlers for tests of the rules reader: one for each type that an argument can have. They are never run."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hooks.config.settings import Settings
from hooks.handler import Context, Duration, Handler, Outcome


class _Small(Handler[Any]):
    says = "is for tests"

    def targets(self, args: Any, settings: Settings) -> tuple[str, ...]:
        raise NotImplementedError

    def plan(self, args: Any, ctx: Context) -> str | None:
        raise NotImplementedError

    def apply(self, args: Any, ctx: Context) -> Outcome:
        raise NotImplementedError


@dataclass(frozen=True)
class PortArgs:
    port: int | None = None


@dataclass(frozen=True)
class NoArgs:
    pass


@dataclass(frozen=True)
class RestartArgs:
    container: str
    stop_timeout: Duration | None = None


@dataclass(frozen=True)
class SendArgs:
    title: str
    message: str
    urls: list[str] | None = None


@dataclass(frozen=True)
class PostArgs:
    url: str
    headers: dict[str, str] | None = None
    method: Literal["POST", "PUT"] = "POST"
    rate: float = 1.0
    follow: bool = False


class SetPort(_Small):
    name = "qbittorrent.set_port"
    Args = PortArgs
    reconciles = True


class RestartVpn(_Small):
    name = "gluetun.restart_vpn"
    Args = NoArgs
    reconciles = True


class Restart(_Small):
    name = "containers.restart"
    Args = RestartArgs


class Send(_Small):
    name = "notify.send"
    Args = SendArgs


class Post(_Small):
    name = "webhook.post"
    Args = PostArgs


SMALL_HANDLERS: Mapping[str, type[Handler[Any]]] = {
    handler.name: handler for handler in (SetPort, RestartVpn, Restart, Send, Post)
}

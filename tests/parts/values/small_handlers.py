"""A few handlers for tests of the rules reader: one for each type that an argument can have. They are never run."""

from __future__ import annotations

from collections import UserDict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from hooks.config.settings import Settings
from hooks.handler import Context, Duration, Handler, Outcome, Unusable


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


class _Handlers(UserDict[str, type[Handler[Any]]]):
    """These, and one of the owner that cannot be used."""

    def __getitem__(self, name: str) -> type[Handler[Any]]:
        if name == "sonarr.refresh":
            raise Unusable(
                "/config/handlers/sonarr.py cannot be used: SyntaxError: '(' was never closed "
                "(line 31 of /config/handlers/sonarr.py); mend it"
            )
        return super().__getitem__(name)

    def get(self, name: str, default: Any = None) -> Any:
        """As any Mapping; since Python 3.12 a UserDict looks first whether it is there."""
        return Mapping.get(self, name, default)


SMALL_HANDLERS: Mapping[str, type[Handler[Any]]] = _Handlers({
    handler.name: handler for handler in (SetPort, RestartVpn, Restart, Send, Post)
})  # fmt: skip

"""`webhook.post`: one HTTP request that reports the event to another program."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from handlers.shared.bounded_answer import timely_session
from handlers.shared.http import refusal, time_outs
from handlers.shared.http_failure import failure
from hooks.config.masking import without_secret_labels
from hooks.config.settings import Settings
from hooks.events import jsonl
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Handler, Outcome

_JSON = "application/json"
_TEXT = "text/plain; charset=utf-8"


@dataclass(frozen=True)
class PostArgs:
    """Arguments of `webhook.post`."""

    url: str = field(metadata={"says": "where to; only its scheme and host are ever shown"})
    body: str | None = field(default=None, metadata={"says": "the text to send; default: the event as JSON"})
    json: dict[str, Any] | None = field(
        default=None,
        metadata={"says": "send this table as a JSON object instead; a placeholder alone keeps its type, at any depth"},
    )
    headers: dict[str, str] | None = field(default=None, metadata={"says": "further request headers"})
    method: Literal["POST", "PUT"] = field(default="POST", metadata={"says": "the request's method"})


class Post(Handler[PostArgs]):
    """Send one request. No redirect is followed: a secret in it must not reach another host."""

    name: ClassVar[str] = "webhook.post"
    says: ClassVar[str] = "sends the event, or a text or fields of your own, to a URL"
    Args: ClassVar[type] = PostArgs

    def targets(self, args: PostArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """The host, so that requests to one arrive one after the other."""
        return (host_of(args.url) or "webhook",)

    def plan(self, args: PostArgs, ctx: Context) -> str | None:
        """That it would be sent."""
        who, (content, _) = _who(args), content_of(args, ctx.event)
        return f"{who} would get a {args.method} of {len(content)} bytes"

    def apply(self, args: PostArgs, ctx: Context) -> Outcome:
        """Send it and judge it by the status of the answer; the answer's body is not read."""
        import requests

        who, (content, kind) = _who(args), content_of(args, ctx.event)
        headers = {"User-Agent": "gluehook", "Content-Type": kind, **(args.headers or {})}
        with timely_session() as session:
            try:
                answer = session.request(
                    args.method, args.url, data=content, headers=headers, timeout=time_outs(ctx, who),
                    allow_redirects=False, stream=True,
                )  # fmt: skip
            except ValueError:  # requests' and urllib3's word for what cannot even be sent
                cure = "its URL or a header is not as HTTP wants it; correct it"
                raise GiveUp(f"{who} cannot be called: {cure}") from None
            except requests.RequestException as error:
                raise failure(error, who) from None
            with answer:
                return _judge(answer.status_code, answer.headers, who, ctx)


def content_of(args: PostArgs, event: Event) -> tuple[bytes, str]:
    """What is sent, and its Content-Type. Raises GiveUp where both `body` and `json` are given."""
    if args.body is not None and args.json is not None:
        raise GiveUp(f"{_who(args)} has both a body and a json argument; leave one out")
    if args.body is not None:
        return args.body.encode(), _TEXT
    if args.json is not None:
        return json.dumps(args.json, ensure_ascii=False).encode(), _JSON
    return jsonl.dumps(_without_secrets(event)).encode(), _JSON


def _without_secrets(event: Event) -> Event:
    if "labels" not in event.data:
        return event
    return replace(event, data={**event.data, "labels": without_secret_labels(event.data["labels"])})


def _judge(status: int, headers: Mapping[str, str], who: str, ctx: Context) -> Outcome:
    if 200 <= status < 300:
        return Outcome("changed", f"{who} took it ({status})")
    if 300 <= status < 400:
        # its path may hold a token, so only the host is shown
        where = host_of(headers.get("Location", "")) or "another path"
        raise GiveUp(f"{who} sends us on to {where} ({status}), which is not followed; write the final URL instead")
    raise refusal(status, headers, who, ctx.now())


def host_of(url: str) -> str:
    """Scheme, host and port of an http(s) URL, or "" if it is none. The rest of a webhook's URL is a secret."""
    try:
        parts = urlsplit(url)
        usable = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port or an IPv6 address that is none
        return ""
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2].lower()}" if usable else ""


def _who(args: PostArgs) -> str:
    host = host_of(args.url)
    if not host:
        raise GiveUp("webhook.post has a url that is not one of http:// or https:// with a host; correct it")
    return f"the webhook at {host}/…"

"""`notify.send`: a message to people, through the services that Apprise knows."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

from handlers.notify.groups import Groups
from handlers.shared.child_process import start
from handlers.shared.output import cut
from hooks.config.secrets import mask_userinfo, on_one_line, printable
from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome, Retry

SECRET = "APPRISE_URLS"  # noqa: S105 - its name
# before the next scheme only: an address may itself hold a comma
_BETWEEN = re.compile(r"[\s,]+(?=[A-Za-z][A-Za-z0-9+.-]*://)")


@dataclass(frozen=True)
class SendArgs:
    """Arguments of `notify.send`."""

    title: str = field(metadata={"says": "the message's first line"})
    message: str = field(metadata={"says": "the message"})
    urls: list[str] | None = field(
        default=None, metadata={"says": 'Apprise\'s addresses, such as "${secret:MY_URL}"; default: APPRISE_URLS'}
    )
    group: str = field(
        default="", metadata={"says": "a name for one trouble: of its messages, each title is sent once in 24 hours"}
    )
    ends: str = field(
        default="",
        metadata={"says": "the group that this message ends: it is sent only if one of the group was"},
    )


class Send(Handler[SendArgs]):
    """Send a message. A retry sends it only to the addresses that the run has not reached yet."""

    name: ClassVar[str] = "notify.send"
    says: ClassVar[str] = "sends a message through Apprise; without an address it says so in the log and is done"
    Args: ClassVar[type] = SendArgs

    def __init__(self) -> None:
        self._sent: tuple[str, set[str]] = ("", set())  # the run, and the addresses that it has reached

    def targets(self, args: SendArgs, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the base's signature
        """One for all messages, so that they arrive in order."""
        return ("apprise",)

    def plan(self, args: SendArgs, ctx: Context) -> str | None:
        """To how many addresses it would be sent, or None where there is none or the group has no need of it."""
        needless = Groups(ctx.memory, ctx.now(), ctx.run).needless(args.group, args.ends, _title(args))
        count = 0 if needless else len(_addresses(args, ctx))
        return f"'{_title(args)}' would be sent to {count} address{'es' * (count > 1)}" if count else None

    def apply(self, args: SendArgs, ctx: Context) -> Outcome:
        """Send it to each address that this run has not reached yet."""
        addresses, groups = _addresses(args, ctx), Groups(ctx.memory, ctx.now(), ctx.run)
        if needless := groups.needless(args.group, args.ends, _title(args)):
            groups.hold_back(args.group, _title(args))
            return Outcome("unchanged", needless)
        args = replace(args, message=args.message + groups.summary(args.ends))
        if not addresses:
            text = cut(mask_userinfo(f"{args.title}: {args.message}"), 1000)
            return Outcome("skipped", f"no {SECRET} is set, so no message was sent: {text}")
        if self._sent[0] != ctx.run:
            self._sent = (ctx.run, set())
        sent = self._sent[1]
        ends = deliver([a for a in addresses if a not in sent], args.title, args.message, ctx.left())
        sent.update(address for address, end in ends.items() if end.word == "sent")
        words = [ends[address].word if address in ends else "sent" for address in addresses]
        if "sent" in words:
            groups.sent(args.group, _title(args), args.ends, to_all=set(words) == {"sent"})
        return _judge(words, args)


def split(text: str) -> list[str]:
    """The addresses in a text, apart by white space or commas."""
    return [address for address in (part.strip(" \t\r\n,") for part in _BETWEEN.split(text)) if address]


def _addresses(args: SendArgs, ctx: Context) -> list[str]:
    texts = [ctx.secret(SECRET) or ""] if args.urls is None else args.urls
    return list(dict.fromkeys(address for text in texts for address in split(text)))


@dataclass(frozen=True, slots=True)
class End:
    """How a message to one address ended: "sent", "unusable" (Apprise does not know it), or why not, in a few words."""

    word: str
    service: str = ""  # Apprise's name of it


def deliver(addresses: Sequence[str], title: str, message: str, left_s: float) -> Mapping[str, End]:
    """Send a message to each address, within so many seconds.

    In a process of its own: Apprise's services would stay in memory (17 MiB), and some wait without a time-out.
    """
    order = json.dumps(  # the title of some services is an HTTP header, which is one line
        {"title": on_one_line(title), "message": printable(message), "urls": list(addresses)}
    ).encode()
    child = start("handlers.notify.child")
    unsaid = "sender broke"
    with child:
        try:
            said, _ = child.communicate(order, max(left_s, 0.0))
        except subprocess.TimeoutExpired:
            unsaid = "late"
            child.kill()
            said, _ = child.communicate()
    ends = [End(*line.split("\t", 1)) for line in said.decode().split("\n") if "\t" in line]
    return dict(zip(addresses, ends + [End(unsaid)] * len(addresses), strict=False))


def _judge(ends: Sequence[str], args: SendArgs) -> Outcome:
    title, source = _title(args), SECRET if args.urls is None else "urls"
    reached = f"'{title}' reached {ends.count('sent')} of {len(ends)} addresses"
    open_ = [f"{n} ({end})" for n, end in enumerate(ends, 1) if end not in ("sent", "unusable")]
    unusable = [str(n) for n, end in enumerate(ends, 1) if end == "unusable"]
    if open_:
        raise Retry(f"{reached}; not number {', '.join(open_)} of {source}: is the service up, and its token right?")
    if unusable:
        raise GiveUp(
            f"{reached}; number {', '.join(unusable)} of {source} is no address that Apprise knows: correct it"
        )
    return Outcome("changed", reached)


def _title(args: SendArgs) -> str:
    return cut(mask_userinfo(args.title))

"""The handler that the executor calls for one of the owner's: each attempt is a child of its own."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from functools import lru_cache
from pathlib import Path
from typing import Any, ClassVar

from handlers.shared.output import cut
from hooks.config.secrets import SecretError
from hooks.config.settings import Settings
from hooks.handler import WARNING, Context, GiveUp, Handler, Outcome, Retry
from hooks.own_handlers.channel import ChannelError, Message, packed
from hooks.own_handlers.hints import args_class, given
from hooks.own_handlers.process import Process
from hooks.own_handlers.rights import distrust
from hooks.rules.own_handler import OwnHandler

_LONGEST_SAID = 2000  # characters
_ENDS = ("locks", "outcome", "plan", "retry", "give_up", "broke")


class OwnStep(Handler[Any]):
    """Start a process for the attempt, hand it what it asks for, and end it with everything that it has started."""

    kept = False
    own: ClassVar[OwnHandler]
    rules_folder: ClassVar[str]

    def __init__(self) -> None:
        self._process: Process | None = None
        self._sent: Any = None
        self._holds: dict[str, ExitStack] = {}

    def targets(self, args: Any, settings: Settings) -> tuple[str, ...]:  # noqa: ARG002 - the contract's signature
        """Its own name, for the reference; what an attempt locks is what its class says."""
        return (f"handler:{self.name}",)

    def locks(self, args: Any, ctx: Context) -> tuple[str, ...]:
        """Start the attempt; its class says what must be locked for it."""
        self._start(args, ctx)
        return tuple(map(str, _list(self._converse(ctx, "locks")["locks"])))

    def plan(self, args: Any, ctx: Context) -> str | None:
        """What its `plan` returns."""
        said = self._go("plan", args, ctx)["plan"]
        return None if said is None else cut(str(said), _LONGEST_SAID)

    def apply(self, args: Any, ctx: Context) -> Outcome:
        """What its `apply` returns."""
        answer = self._go("outcome", args, ctx)
        return Outcome(answer["outcome"], cut(str(answer["said"]), _LONGEST_SAID), bool(answer["again"]))

    def close(self) -> None:
        """End the process, and give back what it held."""
        if self._process:
            self._process.end()
        for hold in self._holds.values():
            hold.close()
        self._process = None
        self._holds.clear()

    def _start(self, args: Any, ctx: Context) -> None:
        source = self.own.source
        if source.folder:
            if not Path(source.path).exists():
                raise Retry(f"{self.name} cannot be run: there is no {source.path} any more")
            if untrusted := distrust(source.folder, self.rules_folder):
                raise GiveUp(f"{self.name} is not run: {untrusted}")
        order = {
            "source": source, "name": self.name, "args": given(args), "event": ctx.event, "run": ctx.run,
            "own_id": ctx.own_id, "left": ctx.left(), **_world(ctx),
        }  # fmt: skip
        self._sent = ctx.world
        try:
            self._process = Process(order)
        except OSError as error:
            raise Retry(f"{self.name} cannot be started now: {error.strerror}") from None

    def _go(self, wanted: str, args: Any, ctx: Context) -> Message:
        if self._process is None:
            self.locks(args, ctx)
        word: Message = {"go": "plan" if wanted == "plan" else "apply", "left": ctx.left()}
        if ctx.world is not self._sent:  # it had to wait for a lock
            word["world"] = packed(_world(ctx))
        self._running.send(word)
        answer = self._converse(ctx, wanted)
        if printed := self._running.printed:
            ctx.saw(f"{self.name} printed: {cut(printed)}")
        return answer

    @property
    def _running(self) -> Process:
        assert self._process
        return self._process

    def _converse(self, ctx: Context, wanted: str) -> Message:
        """Answer what the process asks for until it sends what is wanted. Raises Retry and GiveUp in its place."""
        while True:
            message = self._next(ctx)
            if "ask" in message:
                self._running.send(self._answer(message, ctx))
            elif "saw" in message:
                ctx.saw(str(message["saw"]))
            elif wanted in message:
                return message
            elif "give_up" in message:
                raise GiveUp(cut(str(message["give_up"]), _LONGEST_SAID), kind=str(message.get("kind", "")))
            elif "retry" in message:
                raise _retry(message)
            else:
                raise self._broke(str(message.get("broke") or f"it sent {sorted(message)[:3]} out of turn"))

    def _next(self, ctx: Context) -> Message:
        try:
            message = self._running.receive(max(ctx.left(), 0.0))
        except TimeoutError:
            self._running.end()
            raise Retry(
                f"{self.name} was not done in time and was ended with what it had started{self._printed()}"
            ) from None
        except ChannelError as error:
            raise self._broke(f"its process sent {error}") from None
        if message is None or "ended" in message:
            raise self._broke(f"its process ended{_how(message)} before it had answered")
        return message

    def _answer(self, asked: Message, ctx: Context) -> Message:
        try:
            return {"is": self._serve(asked, ctx)}
        except (Retry, SecretError) as error:
            after, kind = getattr(error, "after", None), getattr(error, "kind", "")
            return {"retry": str(error), "after": after, "kind": kind}
        except Exception as error:  # noqa: BLE001 - what is asked for may be anything
            return {"retry": f"gluehook cannot answer its {asked.get('ask')!r}: {type(error).__name__}: {error}"}

    def _serve(self, asked: Message, ctx: Context) -> Any:
        match asked["ask"]:
            case "secret":
                return ctx.secret(asked["name"])
            case "get":
                return ctx.memory.get(self._key(asked["key"]))
            case "put":
                return ctx.memory.put(self._key(asked["key"]), asked["value"])
            case "wait":
                return ctx.wait(min(asked["seconds"], max(ctx.left(), 0.0)))
            case "hold":
                self._holds[asked["target"]] = stack = ExitStack()
                return stack.enter_context(ctx.hold(asked["target"]))
            case "release":
                return self._holds.pop(asked["target"]).close()
        raise ValueError("there is no such question")

    def _key(self, key: str) -> str:
        """A file's handlers share their memory, and cannot touch anyone else's. `gluehook health` shows warnings."""
        return key if key.startswith(WARNING) else f"{self.own.source.stem}/{key}"

    def _broke(self, what: str) -> Retry:
        self._running.end()
        return Retry(f"{self.name} broke: {cut(what, _LONGEST_SAID)}; this is a fault of the handler{self._printed()}")

    def _printed(self) -> str:
        printed = self._running.printed
        return f"; it printed: {cut(printed)}" if printed else ""


@lru_cache(maxsize=512)
def handler_class(own: OwnHandler, rules_folder: str) -> type[Handler[Any]]:
    """The class that stands for an owner's handler wherever ours stand: in the reader, the reference, the executor."""
    facts = {
        "name": own.name, "says": own.says, "Args": args_class(own.arguments), "reconciles": own.reconciles,
        "uses_port": own.uses_port, "own": own, "rules_folder": rules_folder, "__doc__": own.about,
    }  # fmt: skip
    return type(own.class_name, (OwnStep,), facts)


def _world(ctx: Context) -> dict[str, Any]:
    return {"settings": ctx.settings, "world": ctx.world, "pairs": ctx.pairs}


def _list(value: Any) -> Sequence[Any]:
    return value if isinstance(value, list) else ()


def _retry(message: Message) -> Retry:
    after = message.get("after")
    is_number = isinstance(after, int | float) and after >= 0
    return Retry(
        cut(str(message["retry"]), _LONGEST_SAID), after=after if is_number else None,
        kind=str(message.get("kind", "")),
    )  # fmt: skip


def _how(message: Message | None) -> str:
    if not message:
        return ""
    code = int(message["ended"])
    if code >= 0:
        return f" with exit code {code}"
    return f" by signal {-code}" + (", perhaps as memory ran out," if code == -9 else "")

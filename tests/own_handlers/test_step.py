"""One attempt of an owner's handler in a real child: what it is given, how it ends, and that nothing of it is left."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import psutil
import pytest

from hooks.app import loading
from hooks.config.secrets import Secrets, Sources
from hooks.events.catalogue import Event
from hooks.handler import Context, GiveUp, Outcome, Retry
from hooks.own_handlers.step import handler_class
from tests.handlers.contract import Notes, context
from tests.parts.process.gluehook import until
from tests.parts.values.own_files import handler, place

SECRET = "s3cret-of-the-owner"
_SLOW_S = 60.0  # nothing here waits for it


class Attempted:
    """How attempts of the one handler of a file end."""

    def __init__(self, folder: Path, body: str, before: str = "") -> None:
        self.path = place(folder, sonarr=handler(body, before=before))
        table, found, _ = loading.check(str(self.path))
        assert table, found
        self.made = handler_class(table.own[0], table.rules_folder)
        self.saw: list[str] = []
        self.memory = Notes()
        self.held: list[str] = []

    def context(self, left_s: float = _SLOW_S) -> Context:
        until_ = time.monotonic() + left_s
        event = Event("container.die", "web", 1, data={"container": "web", "exit_code": 137, "labels": {"a": "b"}})
        given = context(event=event, memory=self.memory, secrets={"SONARR_KEY": SECRET}, own_id="me")
        return replace(
            given, left=lambda: until_ - time.monotonic(), saw=self.saw.append, hold=self._hold,
        )  # fmt: skip

    def apply(self, ctx: Context | None = None, verb: str = "apply", **args: Any) -> Any:
        """The outcome or plan, or what is raised."""
        with closing(self.made()) as one:
            given, ctx = one.Args(**args), ctx or self.context()
            try:
                assert one.locks(given, ctx) == ("container:sonarr",)
                return getattr(one, verb)(given, ctx)
            except (Retry, GiveUp) as end:
                return end

    @contextmanager
    def _hold(self, target: str) -> Iterator[None]:
        self.held.append(f"+{target}")
        yield
        self.held.append(f"-{target}")


EVERYTHING = """
import json
assert (args.what, args.wait, args.more) == ("x", 3.0, {"x": "y"}), args
assert ctx.event.data["exit_code"] == 137 and ctx.event.data["labels"] == {"a": "b"}
assert ctx.own_id == "me" and ctx.run and ctx.settings.gluetun_container == "gluetun"
assert not ctx.world.containers and ctx.pairs.gluetuns[0].name == "gluetun"
assert ctx.secret("NO_SUCH") is None and "SONARR_KEY" not in os.environ
ctx.memory.put("n", [(ctx.memory.get("n") or [0])[0] + 1])
with ctx.hold("container:radarr"):
    ctx.wait(0.0)
ctx.saw("sonarr is 4.0")
print("key", ctx.secret("SONARR_KEY"))
print("by the way: \\xff", file=sys.stderr)
assert 0 < ctx.left() <= 60 and ctx.now() > 1e9
"""


def test_it_gets_all_of_the_contract(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SONARR_KEY", SECRET)
    attempted = Attempted(tmp_path, EVERYTHING)
    for count in (1, 2):
        end = attempted.apply(what="x", wait=3.0)
        assert end == Outcome("changed", "it is done"), end
        assert attempted.memory.values == {"sonarr/n": [count]}
    assert attempted.held == ["+container:radarr", "-container:radarr"] * 2
    assert attempted.saw == ["sonarr is 4.0", "sonarr.act printed: by the way: ÿ"] * 2
    assert attempted.apply(verb="plan") is None
    assert attempted.apply(verb="plan", what="x") == "x would be done"


FAULT = "; this is a fault of the handler"
NONSENSE = """
for fd in os.listdir("/proc/self/fd"):
    if os.path.exists(f"/proc/self/fd/{fd}") and "socket" in os.readlink(f"/proc/self/fd/{fd}"):
        os.write(int(fd), b"nonsense\\n")
"""
ENDS = {
    "retry": ("raise Retry('Sonarr is busy', after=7, kind='late')", Retry, "Sonarr is busy"),
    "give-up": ("raise GiveUp('Sonarr rejects the key', kind='password')", GiveUp, "Sonarr rejects the key"),
    "sys-exit": ("sys.exit(3)", Retry, rf"sonarr.act broke: it called sys.exit\(3\) \(line \d+ of FILE\){FAULT}"),
    "os-exit": ("print('bye', flush=True); os._exit(4)", Retry,
                f"sonarr.act broke: its process ended with exit code 4 before it had answered{FAULT}; it printed: bye"),
    "crash": ("os.kill(os.getpid(), 11)", Retry, f"sonarr.act broke: its process ended by signal 11 before .*{FAULT}"),
    "killed": ("os.kill(os.getpid(), 9)", Retry,
               f"sonarr.act broke: its process ended by signal 9, perhaps as memory ran out, before .*{FAULT}"),
    "guard": ("os.kill(os.getppid(), 9); time.sleep(60)", Retry,
              f"sonarr.act broke: its process ended before .*{FAULT}"),
    "exception": ("raise ValueError(ctx.secret('SONARR_KEY'))", Retry,
                  rf"sonarr.act broke: ValueError: {SECRET} \(line \d+ of FILE\){FAULT}"),  # the executor masks it
    "no-outcome": ("return None", Retry, rf"sonarr.act broke: apply returned None; it returns an Outcome.*{FAULT}"),
    "other-outcome": ("return 'changed'", Retry, f"sonarr.act broke: apply returned a str; .*{FAULT}"),
    "no-status": ("return Outcome('done', 'x')", Retry, f"sonarr.act broke: .* with the status 'done'; .*{FAULT}"),
    "not-json": ("ctx.memory.put('x', {1})", Retry,
                 rf"sonarr.act broke: TypeError: Object of type set .* \(line .*{FAULT}"),
    "too-long": ("ctx.memory.put('x', 'x' * 2**21)", Retry,
                 f"sonarr.act broke: ValueError: a value of .* bytes .*{FAULT}"),
    "socket": (NONSENSE, Retry, f"sonarr.act broke: its process sent a line that is no JSON{FAULT}"),
    "thread": ("threading.Thread(target=time.sleep, args=(60,)).start()", None, "it is done"),
    "output": ("os.write(1, bytes(range(256)) * 20000)", None, "it is done"),
    "said": ("return Outcome('skipped', 'a\\x1b[31m\\nb' + ' long' * 9999, again=True)", None, r"a�\[31m b long.* …"),
}  # fmt: skip


@pytest.mark.parametrize("how", ENDS)
def test_however_it_ends_it_is_one_sentence_and_hurts_nobody(how: str, tmp_path: Path) -> None:
    body, word, said = ENDS[how]
    end = Attempted(tmp_path, body).apply()
    assert isinstance(end, word or Outcome)
    assert re.fullmatch(said.replace("FILE", re.escape(f"{tmp_path}/handlers/sonarr.py")), end.said), end.said
    assert len(end.said) < 2500
    if how == "retry":
        assert (end.after, end.kind) == (7, "late")
    if how == "said":
        assert end.again


BROOD = """
mark = str(args.what)
subprocess.Popen(["sh", "-c", f"trap '' TERM HUP; while :; do sleep 1; done # {mark}"], start_new_session=True)
for _ in range(8):
    subprocess.Popen(["sh", "-c", f"(setsid sh -c 'sleep 600; echo {mark}' &) ; sleep 600 # {mark}"])
"""


def of_mark(mark: str) -> list[int]:
    """The processes whose command line has the mark."""
    every = psutil.process_iter(["cmdline"])
    return [one.pid for one in every if any(mark in word for word in one.info["cmdline"] or ())]


@pytest.mark.parametrize("ends", ["well", "late"])
def test_what_it_has_started_ends_with_it(ends: str, tmp_path: Path) -> None:
    mark = f"brood-of-{tmp_path.name}"
    attempted = Attempted(tmp_path, BROOD + ("\nwhile True: pass" if ends == "late" else ""))
    end = attempted.apply(attempted.context(1.5 if ends == "late" else _SLOW_S), what=mark)
    if ends == "late":
        assert end.said == "sonarr.act was not done in time and was ended with what it had started"
    else:
        assert end == Outcome("changed", "it is done"), end
    assert of_mark(mark) == []


def test_it_waits_in_gluehook_which_may_be_stopping(tmp_path: Path) -> None:
    def stopping(_: float) -> None:
        raise Retry("gluehook is stopping; it is done at the next start")

    attempted = Attempted(tmp_path, "ctx.wait(50)")
    assert "gluehook is stopping" in attempted.apply(replace(attempted.context(), wait=stopping)).said


def test_a_secret_that_cannot_be_read_is_a_retry(tmp_path: Path) -> None:
    secrets = Secrets(Sources({"SONARR_KEY_FILE": str(tmp_path)}))
    attempted = Attempted(tmp_path, "ctx.secret('SONARR_KEY')")
    end = attempted.apply(replace(attempted.context(), secret=secrets.read))
    assert "secret SONARR_KEY: " in end.said
    assert "is a folder" in end.said


def test_each_attempt_imports_the_file_as_it_is_then(tmp_path: Path) -> None:
    attempted = Attempted(tmp_path, "pass")
    file = tmp_path / "handlers/sonarr.py"
    file.write_text(handler("return Outcome('unchanged', 'it is another')"))
    assert attempted.apply().said == "it is another"
    file.write_text(handler() + "(")
    assert re.search(r"broke: SyntaxError: '\(' was never closed \(line \d+ of .*/sonarr.py\)", attempted.apply().said)
    file.write_text(handler().replace("sonarr.act", "sonarr.other"))
    assert "has no handler sonarr.act any more; it has sonarr.other" in attempted.apply().said
    file.chmod(0o666)
    assert isinstance(refused := attempted.apply(), GiveUp)
    assert f"sonarr.act is not run: every user can write {file} (mode 0666); run: chmod go-w {file}" == refused.said
    file.unlink()
    assert isinstance(gone := attempted.apply(), Retry)
    assert gone.said == f"sonarr.act cannot be run: there is no {file} any more"


def test_it_ends_when_gluehook_is_killed(tmp_path: Path) -> None:
    """Killed as by kill -9: nobody is left to end it, and its guard does."""
    import subprocess
    import sys

    from tests.parts.places import TOP

    mark = f"orphans-of-{tmp_path.name}"
    Attempted(tmp_path, BROOD + "\nwhile True: pass")
    program = (
        f"import sys; sys.path[:] = {sys.path}\nfrom pathlib import Path\n"
        "from tests.own_handlers.test_step import Attempted, BROOD\n"
        f"Attempted(Path({str(tmp_path)!r}), BROOD + '\\nwhile True: pass').apply(what={mark!r})\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], cwd=TOP) as gluehook:
        until(lambda: len(of_mark(mark)) > 8, "it has not begun")
        gluehook.kill()
        gluehook.wait()
        until(lambda: not of_mark(mark), "its children go on")

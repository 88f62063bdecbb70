"""Settings and rules, read and checked in a short-lived child: pydantic costs memory that the runner needs only once.

`begin()` starts the child and returns at once, so that the caller can import or connect
meanwhile; `result()` is its answer. One that was begun `ahead` reads the rules file at once and at each `refresh()`,
so that little is left to do at the `result()`. `load()` is the same work in this process, as `gluehook check` wants it.
"""

from __future__ import annotations

import gc
import os
import pickle
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING

from hooks.config.secrets import Sources, mask_userinfo
from hooks.config.settings import Settings
from hooks.rules.table import Table

if TYPE_CHECKING:
    from hooks.rules_file.errors import Diagnostic
    from hooks.rules_file.reader import Contents

SECRETS_FOLDER = "/run/secrets"
_HERE = Path(__file__)
# The child imports from where we do, as multiprocessing's does: `-m` would prefer a folder named hooks in the working
# directory, and an owner may well have one.
_CHILD = "import sys; sys.path[:] = sys.argv[4:]; from hooks.app.loading import answer; answer(*sys.argv[1:4])"


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read. It is good if there is nothing in `errors` and no diagnostic."""

    settings: Settings | None = None  # None: in error, or not asked for
    sources: Sources = field(default_factory=Sources)
    table: Table | None = None  # None: in error, or not reached
    errors: tuple[str, ...] = ()  # about settings, or the loading itself: one sentence each
    diagnostics: str = ""  # about the rules file, rendered
    count: int = 0  # of diagnostics
    text: str = ""  # of the rules file, if it is good
    handlers: str = ""  # the folder in which handlers of one's own are looked for


class SettingsError(ValueError):
    """Settings are wrong; its text is one sentence a line."""


class Loading:
    """A child that reads settings or rules."""

    def __init__(self, child: subprocess.Popen[bytes], *, dry_run: bool) -> None:
        self._child, self._dry_run = child, dry_run

    def refresh(self) -> None:
        """The rules file may have changed: a child that reads ahead reads it again."""
        if self._child.stdin:
            with suppress(OSError):  # `result` reports a child that has died
                self._child.stdin.write(b"\n")

    def cancel(self) -> None:
        """End the child, from another thread than the one that waits; `result` says that it was ended."""
        self._child.kill()

    def result(self, timeout_s: float = 20.0) -> Loaded:
        """Wait for the answer; a child that dies, hangs or talks nonsense is one sentence in `errors`."""
        try:
            out, err = self._child.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.communicate()
            return _broken(f"did not answer within {timeout_s:g} s and was ended")
        if self._child.returncode:
            said = (err.decode(errors="replace").strip() or "it said nothing").splitlines()[-1]
            return _broken(f"ended with status {self._child.returncode}: {mask_userinfo(said)[:300]}")
        loaded = _unpickle(out)
        if self._dry_run and loaded.settings:
            return replace(loaded, settings=replace(loaded.settings, gluehook_dry_run=True))
        return loaded


def begin(
    rules: str = "", secrets_folder: str = SECRETS_FOLDER, *, dry_run: bool = False, ahead: bool = False,
    beside: str = "",
) -> Loading:  # fmt: skip
    """Start reading in a child: everything, or only the rules file `rules` (a reload: the settings stay).

    `beside` is the rules file that handlers of one's own lie beside, if it is another: `rules` may be a copy of it.
    With `ahead` the rules are read now and once more, if they are others by then, at the `result()`.
    """
    argv = [sys.executable, "-c", _CHILD, rules, secrets_folder, beside, *sys.path]
    pipe = subprocess.PIPE
    # it answers at the end of its input, which is also what it sees of us if we are killed
    child = subprocess.Popen(argv, bufsize=0, stdin=pipe if ahead else subprocess.DEVNULL, stdout=pipe, stderr=pipe)
    loading = Loading(child, dry_run=dry_run)
    loading.refresh()
    return loading


def load(rules: str = "", secrets_folder: str = SECRETS_FOLDER) -> Loaded:
    """Read everything, or only the rules file `rules`, in this process."""
    from hooks.rules_file.reader import source

    loaded = Loaded() if rules else _settings(secrets_folder)
    file = rules or (loaded.settings.gluehook_rules if loaded.settings else "")
    return _with_rules(loaded, file, source(file), "", secrets_folder) if file else loaded


def settings(secrets_folder: str = SECRETS_FOLDER) -> tuple[Settings, Sources]:
    """The settings that `gluehook run` would use, and where its secrets come from. Raises SettingsError."""
    loaded = _settings(secrets_folder)
    if loaded.settings is None:
        raise SettingsError("\n".join(loaded.errors))
    return loaded.settings, loaded.sources


def rules_path() -> str:
    """The rules file that `gluehook run` would use. Raises SettingsError."""
    return settings()[0].gluehook_rules


def check(file: str) -> tuple[Table | None, Sequence[Diagnostic], str]:
    """Check a rules file in this process: the table or None, the diagnostics, and the text that they point into."""
    from hooks.rules_file import reader

    return _judged(reader.source(file), file)


def contents(file: str) -> tuple[Contents | None, Sequence[Diagnostic], str]:
    """As `check`, with the file's tests."""
    from hooks.rules_file import reader

    return _read(reader.source(file), file)


def _judged(
    text: str | Diagnostic, file: str, beside: str = "", secrets_folder: str = SECRETS_FOLDER
) -> tuple[Table | None, Sequence[Diagnostic], str]:  # fmt: skip
    found, wrong, text = _read(text, file, beside, secrets_folder)
    return (found.table if found else None), wrong, text


def _read(
    text: str | Diagnostic, file: str, beside: str = "", secrets_folder: str = SECRETS_FOLDER
) -> tuple[Contents | None, Sequence[Diagnostic], str]:  # fmt: skip
    from hooks.own_handlers.table import handlers_of
    from hooks.rules_file import reader

    if not isinstance(text, str):
        return None, (text,), ""
    handlers = handlers_of(beside or file, secrets_folder)
    handlers.prepare(text)
    found = reader.contents(text, file, handlers)
    if isinstance(found, list):
        return None, found, text
    return found._replace(table=handlers.used_by(found.table)), (), text


def answer(rules: str, secrets_folder: str, beside: str) -> None:
    """The child's whole life: load, and write the answer to what was our standard output."""
    gc.disable()  # a third of the time, for a process that ends before there is anything to collect
    with os.fdopen(os.dup(1), "wb") as pipe:
        os.dup2(2, 1)  # whatever a library prints must not get into the answer
        whole = b"" if rules else pickle.dumps(_with_docker(load(secrets_folder=secrets_folder)))
        pipe.write(whole or _ahead(rules, secrets_folder, beside))
    os._exit(0)  # our parent waits for the end, and to take everything down would take a while


def _ahead(file: str, secrets_folder: str, beside: str) -> bytes:
    """The answer about a rules file as it is at the end of our input, worked out at each word that comes before."""
    from hooks.own_handlers.folder import folder_of
    from hooks.own_handlers.marks import generation
    from hooks.rules_file import reader

    folder = folder_of(beside or file, secrets_folder)
    seen, answer_ = tuple[object, ...](), b""
    while True:
        is_asked = not os.read(0, 4096)
        text, own = reader.source(file), generation(folder)
        if (text, own) != seen:
            seen = text, own
            answer_ = pickle.dumps(_with_rules(Loaded(), file, text, beside, secrets_folder))
        if is_asked:
            return answer_


def _with_docker(loaded: Loaded) -> Loaded:
    """With what is wrong about Docker's own variables. `gluehook check` and the like need no Docker, and do not ask."""
    from hooks.docker.address import problems

    wrong = problems()
    return replace(loaded, settings=None, errors=(*loaded.errors, *wrong)) if wrong else loaded


def _settings(secrets_folder: str) -> Loaded:
    from hooks.config import environment

    settings, sources, errors = environment.read(secrets_folder)
    default = Settings().gluehook_rules
    if settings and settings.gluehook_rules == default and not Path(default).exists():
        settings = replace(settings, gluehook_rules=str(shipped()))
    return Loaded(settings, sources, errors=tuple(errors))


def shipped() -> Path:
    """The rules that ship: in a wheel under a name of its own, in a checkout at the top."""
    installed = _HERE.parents[1] / "shipped_rules.toml"
    return installed if installed.exists() else _HERE.parents[2] / "rules.toml"


def _with_rules(loaded: Loaded, file: str, source: str | Diagnostic, beside: str, secrets_folder: str) -> Loaded:
    from hooks.own_handlers.folder import folder_of
    from hooks.rules_file import errors as diagnostics

    loaded = replace(loaded, handlers=folder_of(beside or file, secrets_folder))
    table, found, text = _judged(source, file, beside, secrets_folder)
    if table is not None:
        return replace(loaded, table=replace(table, text=text), text=text)
    return replace(loaded, diagnostics=diagnostics.render(found, text, file), count=len(found))


def _unpickle(out: bytes) -> Loaded:
    gc.disable()  # half of the time, and nothing of it is garbage
    try:
        loaded = pickle.loads(out)  # noqa: S301 - written by our own child
    except Exception as error:  # noqa: BLE001 - a cut or garbled pickle may raise nearly anything
        return _broken(f"gave {len(out)} bytes that make no sense ({type(error).__name__})")
    finally:
        gc.enable()
    return loaded if isinstance(loaded, Loaded) else _broken(f"answered with a {type(loaded).__name__}")


def _broken(what: str) -> Loaded:
    return Loaded(errors=(f"loading: the process that checks settings and rules {what}; `gluehook check` shows more",))

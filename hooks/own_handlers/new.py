"""`gluehook handlers new`: writes a handler that works, and its test, which passes at once."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from string import Template

from handlers import HANDLERS
from hooks.own_handlers.folder import is_ours
from hooks.own_handlers.sources import refused_name, stems

_VERB = "write"


class NotWrittenError(Exception):
    """Nothing was written; its text says why and what to do."""


def new(name: str, folder: str) -> tuple[str, list[Path]]:
    """Write FOLDER/FILE.py and FOLDER/test_FILE.py for a handler called FILE.VERB, or FILE; its name, and the files.

    Raises NotWrittenError. No file is overwritten.
    """
    stem, _, verb = name.partition(".")
    verb = verb or _VERB
    if said := refused_name(stem, f"'{name}'", frozenset(stems(tuple(HANDLERS)))):
        raise NotWrittenError(said)
    if not verb.isidentifier() or not verb.islower():
        raise NotWrittenError(f"'{name}' has no verb of small letters, digits and underscores; write {stem}.{_VERB}")
    if is_ours(folder):
        raise NotWrittenError(f"{folder} holds gluehook's own handlers; name another folder in GLUEHOOK_HANDLERS")
    words = {"stem": stem, "verb": verb, "cls": "".join(part.title() for part in verb.split("_"))}
    texts = {f"{stem}.py": _HANDLER, f"test_{stem}.py": _TEST}
    written = list[Path]()
    try:
        with suppress(FileExistsError):
            Path(folder).mkdir(0o755)
            Path(folder).chmod(0o755)  # whatever the umask: nobody else may write what gluehook imports
        for file, text in texts.items():
            written.append(_write(Path(folder, file), Template(text).substitute(words)))
    except OSError as error:
        for path in written:
            path.unlink()
        cure = "give another name" if isinstance(error, FileExistsError) else "let this user write there"
        raise NotWrittenError(f"{error.filename} cannot be written: {error.strerror}; {cure}") from None
    return f"{stem}.{verb}", written


def _write(path: Path, text: str) -> Path:
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644), "w", encoding="utf-8") as file:
        file.write(text)
        path.chmod(0o644)
    return path


_HANDLER = '''\
"""`$stem.$verb`: makes sure that a file holds a text. Change it into what you need; docs/own-handlers.md says how."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from hooks.config.settings import Settings
from hooks.handler import Context, GiveUp, Handler, Outcome


@dataclass(frozen=True)
class ${cls}Args:
    """Arguments of `$stem.$verb`."""

    file: str = field(metadata={"says": "the file's path"})
    text: str = field(metadata={"says": "what it must hold"})


class ${cls}(Handler[${cls}Args]):
    """Read the file; write it if it holds something else; read it back."""

    name = "$stem.$verb"
    says = "makes sure that a file holds a text"
    Args = ${cls}Args
    reconciles = True  # it makes sure of a state; leave this out if each run is a new deed

    def targets(self, args: ${cls}Args, settings: Settings) -> tuple[str, ...]:
        """The file: two runs never change it at once."""
        return (f"file:{args.file}",)

    def plan(self, args: ${cls}Args, ctx: Context) -> str | None:
        """Say that it would be written. Reads only; None if it holds the text."""
        return None if _content(args) == args.text else f"{args.file} would be written"

    def apply(self, args: ${cls}Args, ctx: Context) -> Outcome:
        """Never skipped."""
        if _content(args) == args.text:
            return Outcome("unchanged", f"{args.file} holds the text already")
        try:
            Path(args.file).write_text(args.text)
        except OSError as error:
            raise GiveUp(f"{args.file} cannot be written: {error.strerror}; let gluehook write there") from None
        return Outcome("changed", f"{args.file} is written")


def _content(args: ${cls}Args) -> str | None:
    try:
        return Path(args.file).read_text()
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise GiveUp(f"{args.file} cannot be read ({error}); look at the file and its rights") from None
'''

_TEST = '''\
"""gluehook's contract, for `$stem.$verb`. Run it with pytest where gluehook is installed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hooks.own_handlers.contract import Case, Fine, contract_of, module_beside

$stem = module_beside(__file__, "$stem")


@contextmanager
def a_folder(folder: Path) -> Iterator[Fine]:
    """The other side: an empty folder. `writes` says what was written so far."""
    yield Fine(str(folder), lambda: [file.read_text() for file in folder.iterdir()])


# `words` says how each misbehaving web server must end; without it, as errors of HTTP do: there is none here.
test_contract = contract_of(
    Case($stem.${cls}, lambda folder: $stem.${cls}Args(f"{folder}/greeting", "hello"), a_folder, words={})
)
'''

"""What a shell needs of gluehook, made from click's commands: the man page, and completion for bash, zsh and fish.

`make docs` writes the files into hooks/cli/shell/, and pyproject.toml says where the wheel installs each.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
from click.shell_completion import ShellComplete, get_completion_class

from hooks.cli.main import gluehook
from hooks.cli.verbs import VERBS, overview
from hooks.config.settings import SECRETS, Settings

TOP = Path(__file__).parents[1]
FOLDER = TOP / "hooks" / "cli" / "shell"
SHELLS = ("bash", "zsh", "fish")


def files() -> Iterator[tuple[Path, str]]:
    """Each file with the text that it must hold."""
    yield FOLDER / "gluehook.1", man_page()
    for shell in SHELLS:
        yield FOLDER / f"gluehook.{shell}", completion(shell)


def completion(shell: str) -> str:
    """click's own script for this shell, which asks gluehook at each key."""
    kind = get_completion_class(shell)
    if kind is None:
        raise ValueError(f"click has no completion for {shell}")
    script = ShellComplete.source(
        kind(gluehook, {}, "gluehook", "_GLUEHOOK_COMPLETE")
    )  # bash's own asks for its version
    return "\n".join(line.rstrip() for line in script.splitlines()) + "\n"


def man_page() -> str:
    """The man page in the macros of man(7)."""
    version = tomllib.loads((TOP / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    exit_codes = "0 all is good; 1 something is wrong; 2 wrong use; 130 after Ctrl-C."
    lines = [
        f'.TH GLUEHOOK 1 "" "gluehook {version}" "User Commands"',
        ".SH NAME", r"gluehook \- run hooks on Docker events and on gluetun's forwarded port",
        ".SH SYNOPSIS", ".B gluehook", r"[\fIOPTIONS\fR] \fICOMMAND\fR [\fIARGS\fR]...",
        ".SH DESCRIPTION", text_line(overview().split("\n\n")[1]), text_line("The rules are in rules.toml."),
        ".SH OPTIONS", *_entry(r"\fB\-\-version\fR", "Show the version and exit."),
        *_entry(r"\fB\-h\fR, \fB\-\-help\fR", "Show the help of gluehook or of a command and exit."),
        ".SH COMMANDS", *_commands(),
        ".SH EXIT STATUS", text_line(exit_codes),
        ".SH ENVIRONMENT", *_environment(),
        text_line("A secret NAME may also be in a file: NAME_FILE holds its path, or the file is /run/secrets/name."),
        ".SH SEE ALSO", r"\fBdocker\fR(1)",
    ]  # fmt: skip
    return "\n".join(lines) + "\n"


def _environment() -> Iterator[str]:
    for name, setting in Settings.__dataclass_fields__.items():
        shown = f" Default: {setting.default}." if setting.default not in ("", False) else ""
        yield from _entry(rf"\fB{name.upper()}\fR", f"{setting.metadata['says']}.{shown}")
    for name, says in SECRETS.items():
        yield from _entry(rf"\fB{name}\fR", f"Secret: {says}.")


def _commands() -> Iterator[str]:
    top = click.Context(gluehook, info_name="gluehook")
    for verb in VERBS:
        command = gluehook.get_command(top, verb)
        if command:
            yield from _command(command, f"gluehook {verb}")


def _command(command: click.Command, path: str) -> Iterator[str]:
    ctx = click.Context(command, info_name=path)
    usage = " ".join(command.collect_usage_pieces(ctx))
    yield f".SS {_escape(path)} {_escape(usage)}"
    yield from _paragraphs(command.help or "")
    for parameter in command.params:
        record = parameter.get_help_record(ctx)
        if record:
            yield from _entry(rf"\fB{_escape(record[0])}\fR", record[1])
    for name, one in getattr(command, "commands", {}).items():
        yield from _command(one, f"{path} {name}")


def _paragraphs(text: str) -> Iterator[str]:
    for number, paragraph in enumerate(re.split(r"\n\s*\n", text.replace("\b", "").strip())):
        if number:
            yield ".PP"
        yield text_line(paragraph)


def _entry(head: str, says: str) -> Iterator[str]:
    yield from (".TP", head, text_line(says))


def text_line(text: str) -> str:
    """A paragraph on one line that begins no macro."""
    line = _escape(" ".join(text.split()))
    return rf"\&{line}" if line[:1] in (".", "'") else line


def _escape(text: str) -> str:
    escaped = text.replace("\\", r"\e").replace("-", r"\-").replace("`", r"\(ga").replace("'", r"\(aq")
    return "".join(char if char.isascii() else rf"\[u{ord(char):04X}]" for char in escaped)

"""The verbs of the command line: a table that costs nothing, so that `--help` is cheap; a verb is loaded when used."""

from __future__ import annotations

import textwrap

VERBS: dict[str, tuple[str, str]] = {
    # verb: where its click command is, and what the overview says of it, the first line of its docstring
    "run": ("hooks.verbs.running:run", "Listen and run what the rules say."),
    "init": ("hooks.verbs.starting:init", "Write rules.toml and a compose file for this server."),
    "check": ("hooks.verbs.checking:check", "Check a rules file; nothing is run."),
    "explain": ("hooks.verbs.explaining:explain", "Tell which rules an event would run, which not and why not."),
    "test": ("hooks.verbs.testing:test", "Run the tests of a rules file on a clock that jumps."),
    "replay": ("hooks.verbs.replaying:replay", "Show what the rules would have decided about recorded events."),
    "record": ("hooks.verbs.recorder:record", "Record what Docker and the port file tell, for `gluehook replay`."),
    "handlers": ("hooks.verbs.listing:handlers", "List the handlers that a rule can use."),
    "events": ("hooks.verbs.listing:events", "List the events that a rule can hear."),
    "schema": ("hooks.verbs.editor:schema", "Print the JSON Schema of rules.toml, for editors."),
    "status": ("hooks.verbs.server:status", "Show the whole server in one table."),
    "doctor": ("hooks.verbs.server:doctor", "Find what is wrong on this server, and how to mend it."),
    "peers": ("hooks.verbs.peers:peers", "List WireGuard's peers; `peers show NAME` shows one's QR code."),
    "health": ("hooks.verbs.running:health", "Tell whether gluehook runs and is well."),
    "history": ("hooks.verbs.asking:history", "List past runs, the newest first."),
    "retry": ("hooks.verbs.asking:retry", "Run the rule of a past run again, with its event."),
    "pause": ("hooks.verbs.asking:pause", "Start no run of RULE, or of any rule, for a while."),
    "resume": ("hooks.verbs.asking:resume", "End the pause of RULE, or every pause."),
}

_WIDTH = 100


def overview() -> str:
    """What `gluehook --help` says."""
    widest = max(len(verb) for verb in VERBS)
    verbs = [
        textwrap.fill(says, _WIDTH, initial_indent=f"  {verb:{widest}}  ", subsequent_indent=" " * (widest + 4))
        for verb, (_, says) in VERBS.items()
    ]
    return "\n".join([*_ABOUT, *verbs])


_ABOUT = """\
Usage: gluehook [OPTIONS] COMMAND [ARGS]...

  Run hooks on Docker events and on gluetun's forwarded port.

  The rules stand in rules.toml; `gluehook COMMAND --help` tells more. Exit codes: 0 good, 1 something is wrong,
  2 wrong use.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:""".splitlines()

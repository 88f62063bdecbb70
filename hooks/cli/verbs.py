"""The table of verbs. It imports no verb, so that `--help` is cheap; a verb is loaded when it is used."""

from __future__ import annotations

import textwrap

VERBS: dict[str, tuple[str, str]] = {
    # verb: where its click command is, and the first line of its docstring, for the overview
    "run": ("hooks.cli.run:run", "Listen and run what the rules say."),
    "web": ("hooks.cli.web:web", "Serve the page and the API of a running gluehook."),
    "init": ("hooks.cli.init:init", "Write rules.toml and a compose file for this server."),
    "check": ("hooks.cli.check:check", "Check a rules file; nothing is run."),
    "explain": ("hooks.cli.explain:explain", "Show which rules an event would run, which not and why not."),
    "test": ("hooks.cli.test:test", "Run the tests of a rules file on a clock that jumps."),
    "replay": ("hooks.cli.replay:replay", "Show what the rules would have decided about recorded events."),
    "record": ("hooks.cli.record:record", "Record the events of Docker and the forwarded port, for `gluehook replay`."),
    "handlers": ("hooks.cli.reference:handlers", "List the handlers that a rule can use."),
    "events": ("hooks.cli.reference:events", "List the events that a rule can listen to."),
    "schema": ("hooks.cli.schema:schema", "Print the JSON Schema of rules.toml, for editors."),
    "status": ("hooks.cli.status:status", "Show the whole server in one table."),
    "doctor": ("hooks.cli.doctor:doctor", "Find what is wrong on this server, and how to mend it."),
    "peers": ("hooks.cli.peers:peers", "List WireGuard's peers; `peers show NAME` shows one's QR code."),
    "health": ("hooks.cli.health:health", "Say whether gluehook runs and is healthy."),
    "history": (
        "hooks.cli.history:history",
        "List past runs; `history show RUN` tells one from its event to what followed.",
    ),
    "notify": (
        "hooks.cli.notify:notify",
        "Send a test message to each address of APPRISE_URLS.",
    ),
    "retry": ("hooks.cli.control:retry", "Run the rule of a past run again, with its event."),
    "pause": ("hooks.cli.control:pause", "Start no run of RULE, or of any rule, for a while."),
    "resume": ("hooks.cli.control:resume", "End the pause of RULE, or every pause."),
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

  The rules are in rules.toml; `gluehook COMMAND --help` says more. Exit codes: 0 good, 1 something is wrong,
  2 wrong use.

Options:
  --version   Show the version and exit.
  -h, --help  Show this message and exit.

Commands:""".splitlines()

"""`gluehook replay`: what the rules would have decided about recorded events."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from hooks.cli.check import checked
from hooks.cli.options import seconds, settings
from hooks.cli.recordings import journal, opened, progress
from hooks.events.wording import counted
from hooks.world.names import Names

if TYPE_CHECKING:
    from hooks.config.settings import Settings
    from hooks.rules.rule_tests import Assumed
    from hooks.rules.table import Table
    from hooks.workbench.decisions import Decision
    from hooks.workbench.recording import Needed, Recording
    from hooks.workbench.replay import Replay

STYLES: Mapping[str, Mapping[str, Any]] = {
    "event": {"bold": True}, "runs": {"fg": "green"}, "exhausted": {"fg": "red"}, "failed": {"fg": "red"},
    "waits": {"fg": "yellow"}, "retries": {"fg": "yellow"}, "left": {"fg": "yellow"},
}  # fmt: skip


@click.command()
@click.argument("recordings", nargs=-1, metavar="[RECORDING]...")
@click.option("--rules", metavar="FILE", help="The rules to try; else those that `gluehook run` would use.")
@click.option("--since", metavar="DURATION", help="Replay gluehook's own journal of the last 7d, say.")
@click.option("--assume", multiple=True, metavar="RULE=HOW", help="How its runs end: see above. May be repeated.")
@click.option("--compare", metavar="OTHER.toml", help="Show only what these rules would have decided differently.")
@click.option("--go-on", metavar="DURATION", default="0s", help="Let so much time pass after the last line.")
@click.option("--json", "as_json", is_flag=True, help="As JSON lines.")
def replay(
    recordings: tuple[str, ...], *, rules: str | None, since: str | None, assume: tuple[str, ...], compare: str | None,
    go_on: str, as_json: bool,
) -> int:  # fmt: skip
    """Show what the rules would have decided about recorded events.

    Nothing is run.

    A RECORDING is JSON lines: of `gluehook record`, of `docker events --format '{{json .}}'`, or mixed; - is standard
    input. Several are merged by time.

    Runs are assumed to change something, at once. --assume heal-vpn=fail says otherwise for a rule, or for a handler:
    changed, unchanged, skipped, fail, give_up, a duration such as 20s, or both: fail,20s. Given again for the same
    name, it is for the next attempt; the last one stays.

    Exit codes: 0 good; 1 a recording has lines that are no events, or --compare has found a difference; 2 wrong use.
    """
    ours, _ = settings()
    tables = [checked(file) for file in (rules or ours.gluehook_rules, *([compare] if compare else []))]
    good = [table for table in tables if table]
    if len(good) < len(tables):
        return 1
    replays = _replays(good, assume, ours)
    pause_ns = round(seconds("--go-on", go_on) * 1e9)
    with ExitStack() as stack:
        read = _opened(recordings, since, ours, _needed(replays), stack)
        stack.enter_context(progress(read, recordings))
        different = _play(replays, read, pause_ns, _Output(replays, as_json=as_json))
    _sum_up(read)
    return int(different or any(problem.bad for one in read for problem in one.problems))


# -- the options -------------------------------------------------------------------------------


def _replays(tables: Sequence[Table], assume: Sequence[str], ours: Settings) -> list[Replay]:
    from hooks.workbench.replay import Replay

    own = {own.name for table in tables for own in table.own}
    assumed = _assumed(assume, {rule.name for table in tables for rule in table.rules} | own)
    return [Replay(table, assume=assumed, names=Names(ours.containers)) for table in tables]


def _assumed(texts: Sequence[str], rules: set[str]) -> dict[str, list[Assumed]]:
    """The values of --assume by rule or handler; each text is RULE=HOW or HANDLER=HOW."""
    from handlers import HANDLERS
    from hooks.events.wording import did_you_mean
    from hooks.rules.rule_tests import assumed

    found: dict[str, list[Assumed]] = {}
    for text in texts:
        name, equals, how = text.partition("=")
        if not equals:
            raise click.UsageError(f"--assume: '{text}' does not say how its runs end; write {text}=fail")
        if name not in {*rules, *HANDLERS}:
            hint = did_you_mean(name, sorted({*rules, *HANDLERS})) or "name a rule of the file, or a handler"
            raise click.UsageError(f"--assume: there is no rule or handler '{name}'; {hint}")
        try:
            found.setdefault(name, []).append(assumed(how))
        except ValueError as wrong:
            raise click.UsageError(f"--assume {name}: {wrong}") from None
    return found


def _opened(
    names: Sequence[str], since: str | None, ours: Settings, needed: Needed, stack: ExitStack
) -> list[Recording]:
    if bool(names) == bool(since):
        raise click.UsageError("name a RECORDING (- is standard input), or --since 7d for gluehook's own journal")
    if since:
        return [journal(seconds("--since", since), ours, needed, stack)]
    return opened(names, ours, needed, stack)


def _needed(replays: Sequence[Replay]) -> Needed:
    first = replays[0]
    if len(replays) == 1:
        return first.accepts, first.wants
    return (
        lambda *what: any(replay.accepts(*what) for replay in replays),
        lambda event: any(replay.wants(event) for replay in replays),
    )


# -- the output -------------------------------------------------------------------------------


class _Output:
    """Prints decisions, as JSON lines or for people."""

    def __init__(self, replays: Sequence[Replay], *, as_json: bool) -> None:
        from hooks.workbench.timeline import Timeline

        self._as_json, self.lines = as_json, 0
        self._files = [replay.table.file for replay in replays]
        self._timelines = [Timeline(*(replay.table for replay in replays)) for _ in replays]

    def turn(self, decisions: Sequence[Decision], only: int | None = None) -> None:
        """Print the decisions; `only`: of the table of this number, and not of the other one."""
        lines = self._records(decisions, only) if self._as_json else self._text(decisions, only)
        if lines:
            click.echo("\n".join(lines))
        self.lines += len(lines)

    def _records(self, decisions: Sequence[Decision], only: int | None) -> list[str]:
        head = {} if only is None else {"only": self._files[only]}
        return [json.dumps({**head, **one.as_record()}, ensure_ascii=False) for one in decisions]

    def _text(self, decisions: Sequence[Decision], only: int | None) -> list[str]:
        mark = "" if only is None else "-+"[only] + " "
        styled = self._timelines[only or 0].lines(decisions)
        lines = [click.style(mark + line, **STYLES.get(kind, {})) for kind, line in styled]
        if lines and mark and not self.lines:
            lines.insert(0, click.style(f"--- {self._files[0]}\n+++ {self._files[1]}", bold=True))
        return lines


def _play(replays: Sequence[Replay], recordings: Sequence[Recording], pause_ns: int, output: _Output) -> bool:
    """Print the decisions, or with two tables the differences; whether there was a difference."""
    from hooks.workbench.comparison import differences
    from hooks.workbench.recording import merged
    from hooks.workbench.replay import turns

    def end() -> int:
        return max(one.last for one in recordings) + pause_ns

    if len(replays) == 1:
        for turn in turns(replays[0], merged(recordings), end):
            output.turn(turn)
        return False
    for difference in differences(replays[0], replays[1], merged(recordings), end):
        output.turn(difference.first, 0)
        output.turn(difference.second, 1)
    if not output.lines:
        click.echo("both rules files decide the same", err=True)
    return output.lines > 0


def _sum_up(recordings: Sequence[Recording]) -> None:
    """Print how much was read, and the lines that could not be."""
    for one in recordings:
        for problem in one.problems:
            click.echo(str(problem), err=True)
        unknown = f", {one.unknown:,} of unknown types" if one.unknown else ""
        unwanted = f"{counted(one.unwanted, 'event')} that no rule listens to"
        click.echo(f"{one.name}: {counted(one.events, 'event')} for the rules, {unwanted}{unknown}", err=True)

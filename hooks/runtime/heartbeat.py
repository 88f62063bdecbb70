"""The heartbeat: the running gluehook writes what it knows of itself, `gluehook health` judges it.

The report, all times in seconds since the Unix epoch:

    {"time": 1767225600.0,
     "sources": {"docker": {"connected": true, "since": 1767225000.0, "reason": ""}, "files": {…}},
     "overdue": ["heal-vpn: gluetun.restart_vpn runs for 180 s, its time-out is 150 s"],
     "rules": 4, "rules_reason": "", "rules_rejected": "",
     "port_used": true, "gluetun_runs": true, "port": [51413], "port_since": 1767225300.0,
     "journal": "", "threads": [], "waits": [], "warnings": ["container 'sonarr' is cut off …; run: docker compose …"]}

`since`: when the source came to be as it is. `rules_reason`: why no rules are in force.
`rules_rejected`: why the rules file is not those that are, which is no illness.
`port_used`: a rule in force uses the port. `port_since`: since when the port is there, or missing
while gluetun runs. `journal`: why it cannot be written. `threads`: what is wrong with each that does not run now.
`stopped`: gluehook has ended as it was asked to.
`waits`: a sentence for each rule that waits for its conditions (`only_if`), the first 20.
`warnings`: what is wrong although gluehook is well, and what a person must do.
This module is the whole of a process that Docker starts every 30 s: it imports as little as can be.
"""

# pathlib would add a third to what the probe costs
# ruff: noqa: PTH105, PTH108, PTH118, PTH123, SIM105

import json
import os
import sys
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from typing import Any

FILE_NAME = "heartbeat.json"
BEAT_S = 15.0  # how often the running gluehook writes it
STALE_S = 45.0  # three beats
LOST_GRACE_S = {"docker": 60.0, "logs": 60.0}  # an engine may be restarted; any other source is missed at once
PORT_GRACE_S = 300.0  # gluetun's own healing takes that long
NO_PORT = "gluehook sees no valid port for"  # a sentence that begins so is about gluetun, not about gluehook


def write(path: str, report: "Mapping[str, Any]") -> None:
    """Replace the heartbeat file as a whole, for its owner only. Raises OSError where the folder cannot be written."""
    fresh = f"{path}.{os.getpid()}.new"
    try:
        os.unlink(fresh)  # of a process that was killed, or a link that somebody else put there
    except FileNotFoundError:
        pass
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        os.fchmod(file, 0o600)  # whatever the umask
        os.write(file, json.dumps(report, ensure_ascii=False).encode(errors="replace"))
    finally:
        os.close(file)
    os.replace(fresh, path)


def judge(path: str, now: float) -> "tuple[bool, list[str]]":
    """Whether gluehook is healthy at `now` (s since the epoch), and one sentence per problem, or one that says healthy.

    Raises nothing: a heartbeat that cannot be read is a problem.
    """
    try:
        with open(path, "rb") as file:
            report = json.loads(file.read())
        problems = list(_problems(report, now))
        well = "" if problems else _well(report, now)
    except FileNotFoundError:
        problems = [f"no heartbeat at {path}: gluehook is not running or has another GLUEHOOK_STATE"]
    except OSError as error:
        cure = "let this user read GLUEHOOK_STATE"
        if not isinstance(error, PermissionError):
            cure = "GLUEHOOK_STATE must be a folder, and nothing in it a link or a folder that gluehook has not made"
        problems = [f"the heartbeat {path} cannot be read: {error.strerror}; {cure}"]
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        problems = [f"the heartbeat {path} is damaged ({type(error).__name__}); gluehook writes it every {BEAT_S:g} s"]
    return (False, problems) if problems else (True, [well])


def main(argv: "Sequence[str]") -> int:
    """`gluehook health`: prints the verdict, and answers 0 for healthy and 1 for not, as HEALTHCHECK wants it."""
    if argv:
        print(f"gluehook health takes no arguments, but was given {' '.join(argv)}", file=sys.stderr)
        return 1
    is_healthy, sentences = judge(os.path.join(os.environ.get("GLUEHOOK_STATE") or ".state", FILE_NAME), time.time())
    print("\n".join(sentences))
    return 0 if is_healthy else 1


def _problems(report: "Mapping[str, Any]", now: float) -> "Iterator[str]":
    age_s = now - report["time"]
    if report.get("stopped"):
        yield f"gluehook was stopped {max(age_s, 0.0):.0f} s ago and does not run"
        return
    if not abs(age_s) <= STALE_S:  # so that a NaN is stale, too
        when = f"{age_s:.0f} s old" if age_s > 0 else f"{-age_s:.0f} s in the future"
        yield f"the heartbeat is {when}, and is written every {BEAT_S:g} s: gluehook hangs or has ended"
        return  # the rest of the report is as old
    for name, source in report["sources"].items():
        lost_s = now - source["since"]
        if not source["connected"] and lost_s >= LOST_GRACE_S.get(name, 0.0):
            yield f"the source {name} is lost for {lost_s:.0f} s: {source['reason']}; it is tried again all the time"
    for run in report["overdue"]:
        yield f"overdue: {run}"
    if report["rules_reason"]:
        yield f"the rules file is not in force: {report['rules_reason']}; it is read again when it changes"
    if report["journal"]:
        yield f"the journal {report['journal']}; the work goes on, and it is tried again all the time"
    for problem in report.get("threads", ()):
        yield f"{problem}; it begins again soon"
    missing_s = now - report["port_since"]
    if report["port_used"] and report["gluetun_runs"] and not report["port"] and missing_s > PORT_GRACE_S:
        yield f"{NO_PORT} {missing_s:.0f} s although gluetun runs: see its log for why"


def _well(report: "Mapping[str, Any]", now: float) -> str:
    names = [name for name, source in report["sources"].items() if source["connected"]]
    rejected = report.get("rules_rejected", "")
    behind = f"; the rules file itself is rejected: {rejected}" if rejected else ""
    behind += "".join(f"; warning: {warning}" for warning in report.get("warnings", ()))
    age_s = now - report["time"]
    followed = " and ".join(names)
    rules = f"{report['rules']} rule{'s' * (report['rules'] != 1)}"
    return f"healthy: {rules} in force, {followed} followed, heartbeat {age_s:.0f} s old{behind}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

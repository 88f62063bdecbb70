"""The reload: the rules file is read again when it changes, and is in force as a whole or not at all.

The inbox calls `changed` when inotify reports the file, SIGHUP calls `at_once`. A short-lived child reads and checks
it; a good table is handed to `App.adopt`. It is the one owner of "the rules file is broken", also at a start.

Guarantees: what is in force stays in force until a whole good file is there. A file that is turned down is reported
once for each different reason, with every error, and is read again when it changes, every 5 s when only its permissions
may have. The text in force is kept as a copy in the state folder, for a start with a broken file. Without a copy such a
start has an empty table: gluehook runs, is unhealthy, and adopts the file when it is repaired.
"""

from __future__ import annotations

import queue
import stat
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from hooks.app import loading
from hooks.app.loading import Loaded, Loading
from hooks.events import byte_order_mark, signals
from hooks.events.wording import counted
from hooks.own_handlers.marks import generation as own_generation
from hooks.own_handlers.marks import mark
from hooks.rules.fingerprint import fingerprint
from hooks.rules.table import Table
from hooks.storage import atomic_files
from hooks.threads.lasting import LastingThread

COPY_NAME = "rules.last-good.toml"
QUIET_S = 0.5  # an editor that writes in two steps is through by then
QUIET_WAIT_S = 5.0  # for a file that is written all the time: then it is read as it is
_AGAIN_S = 5.0  # between two reads of a rejected file: its permissions change without an event of inotify
_STOP_S = 2.0


class Reload:
    """Reads the rules file again when `changed` or `at_once` is called, in a thread of its own.

    `adopt(table, change)` puts it in force; it raises TimeoutError where that is not possible now. `reject(errors)` is
    called with the number of errors of a file that is turned down, and `settled` whenever `in_force` or `rejected` has
    changed. `table`, read from `text` ("": not known), is in force; `broken` is what the file itself gave, at a start
    with the copy or without rules.
    """

    def __init__(
        self, file: str, copy: Path, *, adopt: Callable[[Table, str], None], reject: Callable[[int], None],
        settled: Callable[[], None] = lambda: None, table: Table, text: str = "", broken: Loaded | None = None,
        quiet_s: float = QUIET_S, quiet_wait_s: float = QUIET_WAIT_S,
    ) -> None:  # fmt: skip
        self.file = str(Path(file).absolute())
        self.table = table  # what is in force
        self.rejected = reason(broken) if broken else ""  # why the file is not what is in force, "" if it is
        self._copy, self._adopt, self._reject, self._settled = copy, adopt, reject, settled
        self._quiet_s, self._quiet_wait_s = quiet_s, quiet_wait_s
        self._text, self._broken = text, broken
        self._said, self._generation = "", tuple[object, ...]()
        self._wakeups: queue.SimpleQueue[str] = queue.SimpleQueue()
        self._stopping = False
        self._child: Loading | None = None
        self.thread = LastingThread(self._run, "reload", "reads the rules file when it changes")

    @property
    def in_force(self) -> bool:
        """Whether rules are in force; not before the first good file, at a start without one and without a copy."""
        return bool(self.table.file)

    @property
    def fingerprint(self) -> str:
        """A short name of the text that is in force, "" for none."""
        return fingerprint(self._text)

    @property
    def is_reading(self) -> bool:
        """Whether a child reads the file now."""
        return self._child is not None

    def start(self) -> None:
        """Begin to listen."""
        self.thread.start()

    def stop(self) -> None:
        """End at once, and with it the reading. May be called twice, and without a start."""
        self._stopping = True
        self.thread.stop()
        self._wakeups.put("stop")
        if child := self._child:
            child.cancel()
        self.thread.join(_STOP_S)

    def changed(self) -> None:
        """The file may have changed: read it once it is quiet, after `quiet_wait_s` at the latest. Any thread may."""
        self._wakeups.put("changed")

    def at_once(self) -> None:
        """Read the file now. Any thread may call it."""
        self._wakeups.put("now")

    # -- the thread ---------------------------------------------------------------------------

    def _run(self) -> None:
        if self._broken:
            self._turn_down(self._broken)
        elif self._text:
            self._keep()
        while not self._stopping:
            try:
                self._turn()
            except Exception as error:  # noqa: BLE001 - the next file must be read
                said = (
                    f"reading {self.file} again failed ({type(error).__name__}: {error}); the old rules stay in force"
                )
                signals.emit(signals.problem, said=f"{said}, and it is read when it changes", error=error)
            finally:
                self._dismiss()

    def _turn(self) -> None:
        """Wait for a wakeup, and read the file if it is another."""
        wakeup = self._next(_AGAIN_S if self.rejected else None)
        if wakeup == "changed":
            self._wait_for_quiet()
        if not self._stopping and (wakeup or self._again()):
            self._read()

    def _wait_for_quiet(self) -> None:
        """A child reads ahead meanwhile, so that little is left to do afterwards."""
        wakeup, until = "changed", time.monotonic() + self._quiet_wait_s
        while wakeup == "changed" and (left_s := until - time.monotonic()) > 0:
            self._read_ahead()
            wakeup = self._next(min(self._quiet_s, left_s))

    def _read_ahead(self) -> None:
        if self._child:
            self._child.refresh()
        elif self._is_changed():
            self._child = loading.begin(self.file, ahead=True)

    def _dismiss(self) -> None:
        """End a child whose answer is not wanted any more."""
        if self._child:
            self._child.cancel()
            self._child.result()
            self._child = None

    def _next(self, wait_s: float | None) -> str:
        try:
            return self._wakeups.get(timeout=wait_s)
        except queue.Empty:
            return ""

    def _again(self) -> bool:
        """Whether to read a rejected file again. `errors` are about the loading itself: it may go well now."""
        loading_failed = self._broken is not None and bool(self._broken.errors)
        return loading_failed or self._generations() != self._generation

    def _generations(self) -> tuple[object, ...]:
        """Of the rules file and, where they may be what was turned down, of the owner's own handlers."""
        own = own_generation(self._broken.handlers) if self._broken and self._broken.handlers else ()
        return (*generation(self.file), *own)

    def _read(self) -> None:
        self._generation = self._generations()
        if not self._is_changed():
            return
        self._child = self._child or loading.begin(self.file)
        loaded = self._child.result()
        self._child = None
        if self._stopping:
            return
        if loaded.table:
            self._take(loaded, loaded.table)
        else:
            self._turn_down(loaded)

    def _is_changed(self) -> bool:
        """Whether the file is the child's to judge: it does not hold the very text that is in force."""
        text = self._text.encode()
        try:
            found = Path(self.file).stat()
            is_alike = stat.S_ISREG(found.st_mode) and found.st_size in (
                len(text),
                len(byte_order_mark.UTF8) + len(text),
            )
            content = Path(self.file).read_bytes() if is_alike else b""
            is_other = not is_alike or content.removeprefix(byte_order_mark.UTF8) != text
            return bool(self.rejected) or is_other or self._has_other_handlers()
        except OSError:
            return True

    def _has_other_handlers(self) -> bool:
        folders = {own.source.folder: own.mark for own in self.table.own if own.source.folder}
        return any(mark(folder) != seen for folder, seen in folders.items())

    def _take(self, loaded: Loaded, table: Table) -> None:
        # the same rules too, after a file that was turned down: that it is good again is worth a line
        if _meaning(table) != _meaning(self.table) or self.rejected:
            try:
                self._adopt(table, difference(self.table, table))
            except TimeoutError:
                if self._stopping:
                    return
                self._turn_down(replace(loaded, errors=("the loop of gluehook is too busy to change its rules",)))
                return
        self.table, self._text = table, loaded.text
        self.rejected, self._said, self._broken = "", "", None
        self._settled()
        self._keep()

    def _turn_down(self, loaded: Loaded) -> None:
        self._broken, self.rejected = loaded, reason(loaded)
        said = complaint(loaded)
        if said == self._said:
            return
        self._said = said
        rules = len(self.table.rules)
        stay = "stays" if rules == 1 else "stay"
        in_force = f"{counted(rules, 'rule')} of {self.table.file} {stay} in force"
        kept = in_force if self.in_force else "no rule is in force"
        next_ = f"{self.file} is read again when it changes"
        signals.emit(signals.problem, said=f"{self.file} is rejected: {kept}, and {next_}\n{said}")
        self._reject(max(1, loaded.count))
        self._settled()

    def _keep(self) -> None:
        """Write the copy, whole or not at all, and readable by us only: a secret may stand in it."""
        try:
            atomic_files.replace(self._copy, self._text.encode())
        except OSError as error:
            said = f"the copy {self._copy} of the rules cannot be written: {error.strerror}; a start with a broken "
            signals.emit(signals.problem, said=said + "rules file waits for its repair without it")


def last_good(copy: Path, rules: str = "") -> Loaded | None:
    """What was read from the copy of this rules file; None if there is none, or none that is good."""
    loaded = loading.begin(str(copy), beside=rules).result() if copy.exists() else Loaded()
    return loaded if loaded.table else None


def difference(before: Table, after: Table) -> str:
    """How many rules are new, changed, gone, in words."""
    old, new = ({rule.name: rule for rule in table.rules} for table in (before, after))
    changed = sum(old[name] != new[name] for name in old.keys() & new.keys())
    counts = {"new": len(new.keys() - old.keys()), "changed": changed, "gone": len(old.keys() - new.keys())}
    said = [f"{count} {word}" for word, count in counts.items() if count]
    if (before.gluetuns, before.clients) != (after.gluetuns, after.clients):
        said.append("the [[gluetun]] and [[client]] tables are others")
    if before.own != after.own and before.own:
        said.append("handlers of your own are others")
    return ", ".join(said) or "none of them has changed"


def _meaning(table: Table) -> tuple[object, ...]:
    """What must be in force: all but the file's name."""
    return table.rules, table.gluetuns, table.clients, table.own


def complaint(loaded: Loaded) -> str:
    """All that is wrong with a file, for the log."""
    return "\n".join((*loaded.errors, loaded.diagnostics)).strip()


def reason(loaded: Loaded) -> str:
    """What is wrong with a file, on one line, for health."""
    first = "".join((*loaded.errors, loaded.diagnostics)[:1]).partition("\n")[0]
    return first if loaded.count <= 1 else f"{first} (the first of {loaded.count} errors)"


def generation(file: str) -> tuple[int, ...]:
    """Values that differ when the file or its permissions have changed; () where there is no file."""
    try:
        found = Path(file).stat()
    except OSError:
        return ()
    return found.st_ctime_ns, found.st_ino, found.st_size

"""The inbox: events of the world and of files go through here, and one that no rule listens to ends here.

The sources and the world's tracker call it from their own threads. States of containers that no rule names, thousands
on a busy server, so cost the engine and the journal nothing. What the rules file tells goes to the reload.
"""

from __future__ import annotations

from collections.abc import Callable

from hooks.events import signals
from hooks.events.catalogue import Event
from hooks.rules.subscriptions import Subscriptions


class Inbox:
    """Lets through to `post` what the table in force listens to. Thread-safe: the table is swapped in one assignment.

    `rules_file` is the path of the rules file; `rules_changed` is called when it may have changed.
    """

    def __init__(
        self, post: Callable[[Event], None], subscriptions: Subscriptions, rules_file: str,
        rules_changed: Callable[[], None],
    ) -> None:  # fmt: skip
        self.post, self.subscriptions = post, subscriptions
        self._rules_file, self._rules_changed = rules_file, rules_changed

    def wants(self, event: Event) -> bool:
        """Whether a rule listens to it, or it ends a state that a rule listens to."""
        return self.subscriptions.accepts(event)

    def put(self, event: Event) -> None:
        """An event of the world: of containers, networks, the port."""
        if event.type == "port.invalid":
            signals.emit(signals.problem, said=event.data["reason"])
        if self.wants(event):
            self.post(event)

    def put_file(self, event: Event) -> None:
        """An event of a file. The rules file's reach a rule only if one names that file."""
        if event.type.startswith("file.") and self._is_of_rules(event.subject):
            self._rules_changed()
            if not self.wants(event):
                return
        self.post(event)

    def _is_of_rules(self, file: str) -> bool:
        """Whether it is the rules file, or one of the files that handlers of one's own are made of."""
        return file == self._rules_file or file in self.subscriptions.handler_files

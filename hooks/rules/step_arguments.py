"""Renders the arguments of a step without running it, for tests, replay and explain."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hooks.events.catalogue import Event
from hooks.rules.placeholders import Placeholder, event_value, render, walk
from hooks.rules.table import Step


def render_arguments(step: Step, event: Event, state: Mapping[str, Any] | None, run: str = "") -> dict[str, Any]:
    """The step's arguments for this event. `state` holds the values of `${state.…}`, None if they are not known;
    `run` is the run's id. Placeholders without a known value stay as they are: secrets, results of earlier steps.
    Raises Empty.
    """

    def lookup(placeholder: Placeholder) -> Any:
        if placeholder.root == "event":
            return event_value(event, placeholder)
        if placeholder.root == "state" and state is not None:
            return walk(state, placeholder.path)
        return run if run and (placeholder.root, placeholder.path) == ("run", "id") else placeholder

    return {name: render(value, lookup) for name, value in step.args.items()}

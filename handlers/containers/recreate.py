"""Re-create a container with the same configuration (configuration.py) in another's new namespace.

rejoin_attempt.py calls `recreate` for one container; rejoin.py calls `finish_interrupted` before every attempt.
The steps: create the new one under a temporary name → stop the old → rename the old to a temporary name → rename the
new to the real name → start it → remove the old. Docker refuses a wrong configuration at the first step, when nothing
has changed. A step that fails puts the old container back.
A kill -9 between any two steps can be finished or undone: the temporary names (temporary_names.py) say how far it
came, so no record of ours has to survive. Volumes stay, anonymous ones, too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from handlers.containers.configuration import Present, body, further_networks, platform
from handlers.containers.restart_budget import RestartBudget
from handlers.containers.temporary_names import mark_of, temporary_name
from handlers.shared.docker import inspect, list_containers
from hooks.docker.container import InspectedContainer, ListedContainer
from hooks.handler import Context, Retry

_UNDO_S = 10.0  # for each call that puts the old one back, however little of the attempt is left
_RESERVE_S = 2.0  # beyond the stop time-out: a re-creation that has begun is not to be cut


def recreate(client: Any, old: InspectedContainer, present: Present, ctx: Context) -> str:
    """Re-create it, and return the new id. If a step fails, the old one is put back.

    `present` gives the present id of a container that its configuration names by one that was.

    Raises Retry if it has changed meanwhile or the attempt's time is too short, and Docker's errors.
    """
    _have_time(old, ctx)
    raw = _as_it_is(client, old)
    new_id = _create(client, raw, temporary_name(old.name, "new", old.id), present)
    RestartBudget(old.name, ctx).spend()  # also how it is known later that its owner did not stop it
    try:
        if raw["State"]["Running"]:
            _stop(client, old, ctx)
        client.rename(old.id, temporary_name(old.name, "old", old.id))
        client.rename(new_id, old.name)
        client.start(new_id)
    except Exception:
        _put_back(client, old, new_id)
        raise
    client.remove_container(old.id, v=False)
    return new_id


def finish_interrupted(client: Any, ctx: Context) -> list[str]:
    """Finish or undo re-creations that were cut off, whichever is shorter. Returns sentences about what was done."""
    said = []
    for name in sorted({mark.name for one in list_containers(client).containers if (mark := mark_of(one))}):
        with ctx.hold(f"container:{name}"):  # waits for a re-creation that is under way
            said += _finish_interrupted(client, name, list_containers(client).containers)
    return said


def _have_time(old: InspectedContainer, ctx: Context) -> None:
    stop_s = 0 if old.stopped else old.stop_timeout_s
    if ctx.left() < stop_s + _RESERVE_S:
        raise Retry(f"container '{old.name}' may take {stop_s} s to stop, which the rule's timeout has no room for")


def _as_it_is(client: Any, old: InspectedContainer) -> dict[str, Any]:
    from docker.errors import NotFound

    with suppress(NotFound):
        raw: dict[str, Any] = client.inspect_container(old.id)
        if raw["Name"].lstrip("/") == old.name:
            return raw
    raise Retry(f"container '{old.name}' is being re-created by another program; it is checked again")


def _create(client: Any, raw: Mapping[str, Any], name: str, present: Present) -> str:
    """Create it from the image that it has: by its name while that means the same image, else by the image's id."""
    from docker.errors import NotFound

    def create(image: str | None = None) -> str:
        made = str(client.create_container_from_config(body(raw, present, image), name, platform(raw))["Id"])
        try:
            for network, asked in further_networks(raw).items():
                url = client._url("/networks/{0}/connect", network)
                client._raise_for_status(client._post_json(url, data={"Container": made, "EndpointConfig": asked}))
        except Exception:
            client.remove_container(made, v=False)
            raise
        return made

    with suppress(NotFound):  # the image's name is gone, and the image may be there
        made = create()
        if client.inspect_container(made)["Image"] == raw["Image"]:
            return made
        client.remove_container(made, v=False)  # the name is another image's by now
    return create(raw["Image"])


def _stop(client: Any, old: InspectedContainer, ctx: Context) -> None:
    client.timeout = max(ctx.left() - old.stop_timeout_s, 1.0)  # docker-py adds the stop time-out again
    client.stop(old.id, timeout=old.stop_timeout_s)
    client.timeout = max(ctx.left(), 1.0)


def _put_back(client: Any, old: InspectedContainer, new_id: str) -> None:
    """Put the old one back, and start it where that is possible. `finish_interrupted` does what fails here."""
    client.timeout = _UNDO_S
    with suppress(Exception):
        new, now = inspect(client, new_id), inspect(client, old.id)
        if now is None or (new and not new.never_started):
            return  # it has started after all: then it is the one that stays
        client.remove_container(new_id, v=False)
        if now.name != old.name:
            client.rename(old.id, old.name)
        if now.stopped:
            client.start(
                old.id
            )  # its namespace may be gone; then its State.Error at least shows that its owner did not stop it


def _finish_interrupted(client: Any, name: str, containers: Sequence[ListedContainer]) -> list[str]:
    left = {mark.kind: one for one in containers if (mark := mark_of(one)) and mark.name == name}
    new, old = left.get("new"), left.get("old")
    bearer = next((one for one in containers if one.name == name), None)
    if new and not (old or bearer):
        return []  # the container it was made from is gone, so it is kept
    if new:
        client.remove_container(new.id, v=False)
    if old and bearer and not bearer.never_started:
        client.remove_container(old.id, v=False)
        return [f"the re-creation of container '{name}', which was cut off, is finished"]
    if old:
        if bearer:
            client.remove_container(bearer.id, v=False)
        client.rename(old.id, name)
    return [f"the re-creation of container '{name}', which was cut off, is undone"] if left else []

"""Commands inside a container of a real engine, and how they ended."""

from __future__ import annotations

import docker

from tests.parts.process.gluehook import until


def exit_code(client: docker.APIClient, exec_id: str) -> int:
    """The exit code of a command whose output has ended: the engine may know a moment later that it has ended itself.

    Until then Docker shows no exit code, and Podman shows 0.
    """
    until(lambda: not client.exec_inspect(exec_id)["Running"], "the command does not end")
    return int(client.exec_inspect(exec_id)["ExitCode"])

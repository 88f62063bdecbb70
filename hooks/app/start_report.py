"""What is said once gluehook is ready: what it has found."""

from __future__ import annotations

from hooks.app.forwarded_port import FollowedPorts
from hooks.app.reload import Reload
from hooks.rules.subscriptions import Subscriptions
from hooks.sources.docker import DockerSource


def summary(reload: Reload, docker: DockerSource, subscriptions: Subscriptions, ports: FollowedPorts) -> str:
    """How the sentence goes on that says that gluehook is ready."""
    words = [] if reload.in_force else ["no rule is in force yet"]
    words += [] if docker.ready.is_set() else ["Docker is not seen yet"]
    words += ports.summary() if subscriptions.uses_port else []
    words += ["this is a dry run: nothing is changed or sent"] if ports.settings.gluehook_dry_run else []
    return "".join(f"; {word}" for word in words)

"""Where the modules of gluehook 0.1 are now, for handlers, conftests and scripts of users that import them.

`hooks/__init__.py` calls this for an import that nothing else could resolve; no other import loads this table.
"""

from __future__ import annotations

from importlib import import_module

MOVED: dict[str, str] = {
    # the path in gluehook 0.1: the path now, of a module or of a name in one
    "handlers.child": "handlers.shared.child_process",
    "handlers.command": "handlers.command.run",
    "handlers.containers.leftovers": "handlers.containers.temporary_names",
    "handlers.containers.rejoining": "handlers.containers.rejoin_attempt",
    "handlers.containers.restarting": "handlers.containers.restart_attempt",
    "handlers.docker_api": "handlers.shared.docker",
    "handlers.docker_exec": "handlers.shared.docker_exec",
    "handlers.docker_records": "hooks.docker.container",
    "handlers.doctor": "hooks.doctor.checks",
    "handlers.gluetun": "handlers.gluetun.restart_vpn",
    "handlers.gluetun_control": "handlers.gluetun.control_server",
    "handlers.http": "handlers.shared.http",
    "handlers.look": "hooks.doctor",
    "handlers.masking": "handlers.shared.output",
    "handlers.notify": "handlers.notify.send",
    "handlers.notify_child": "handlers.notify.child",
    "handlers.qbittorrent": "handlers.qbittorrent.set_port",
    "handlers.qbittorrent_api": "handlers.qbittorrent.web_api",
    "handlers.rejected": "handlers.shared.rejected_credentials",
    "handlers.replacing": "hooks.storage.atomic_files",
    "handlers.webhook": "handlers.webhook.post",
    "handlers.wireguard.dns": "handlers.wireguard.dns_address",
    "handlers.wireguard.dns_forward": "handlers.wireguard.set_dns_forward",
    "handlers.wireguard.folder": "handlers.wireguard.folder_errors",
    "handlers.wireguard.making": "handlers.wireguard.child_client",
    "handlers.wireguard.new": "handlers.wireguard.new_peer",
    "handlers.wireguard.notice": "handlers.wireguard.pending_notice",
    "handlers.wireguard.regenerate": "handlers.wireguard.regenerate_peers",
    "handlers.wireguard.wish": "handlers.wireguard.desired",
    "hooks.app": "hooks.app.app",
    "hooks.arguments": "hooks.rules_file.do",
    "hooks.asking": "hooks.control.client",
    "hooks.assumed": "hooks.rules.rule_tests",
    "hooks.books": "hooks.journal.journal",
    "hooks.cli": "hooks.cli.main",
    "hooks.conditions": "hooks.rules_file.on",
    "hooks.control": "hooks.control.server",
    "hooks.control.Control": "hooks.control.server.Server",
    "hooks.decisions": "hooks.workbench.decisions",
    "hooks.diagnostics": "hooks.rules_file.errors",
    "hooks.dispatch": "hooks.runtime.dispatcher",
    "hooks.durable": "hooks.journal.journal",
    "hooks.durations": "hooks.events.durations",
    "hooks.engine": "hooks.engine.engine",
    "hooks.environment": "hooks.config.environment",
    "hooks.events": "hooks.events.catalogue",
    "hooks.filled": "hooks.rules.step_arguments",
    "hooks.findings": "hooks.rules_file.errors",
    "hooks.grammar": "hooks.rules_file.schema",
    "hooks.health": "hooks.runtime.heartbeat",
    "hooks.hearsay": "hooks.world.from_events",
    "hooks.history": "hooks.control.history",
    "hooks.interest": "hooks.rules.subscriptions",
    "hooks.journal": "hooks.journal.store",
    "hooks.lane": "hooks.engine.lane",
    "hooks.loading": "hooks.app.loading",
    "hooks.locate": "hooks.rules_file.positions",
    "hooks.log": "hooks.runtime.log",
    "hooks.masking": "hooks.config.masking",
    "hooks.match": "hooks.rules.matching",
    "hooks.match_reader": "hooks.rules_file.match",
    "hooks.memory": "hooks.runtime.handler_memory",
    "hooks.migrations": "hooks.journal.migrations",
    "hooks.onlooker": "hooks.doctor.own_state",
    "hooks.orders": "hooks.control.commands",
    "hooks.patterns": "hooks.journal.packing",
    "hooks.pauses": "hooks.runtime.pauses",
    "hooks.placeholder_check": "hooks.rules_file.placeholders",
    "hooks.placeholders": "hooks.rules.placeholders",
    "hooks.reference": "hooks.workbench.reference",
    "hooks.rehearsal_reader": "hooks.rules_file.rule_tests",
    "hooks.rehearsals": "hooks.rules.rule_tests",
    "hooks.reload": "hooks.app.reload",
    "hooks.remembered": "hooks.world.saved",
    "hooks.repair": "hooks.app.reload",
    "hooks.rule_reader": "hooks.rules_file.rule",
    "hooks.rules": "hooks.rules_file.reader",
    "hooks.runs": "hooks.engine.runs",
    "hooks.secrets": "hooks.config.secrets",
    "hooks.serve": "hooks.app.serve",
    "hooks.settings": "hooks.config.settings",
    "hooks.shape": "hooks.rules_file.schema_errors",
    "hooks.signals": "hooks.events.signals",
    "hooks.sources.docker_engine": "hooks.sources.docker",
    "hooks.sources.docker_filters": "hooks.docker.filters",
    "hooks.sources.docker_host": "hooks.docker.client",
    "hooks.sources.docker_look": "hooks.docker.inspect",
    "hooks.sources.docker_reader": "hooks.sources.docker_stream",
    "hooks.sources.docker_reasons": "hooks.docker.refusals",
    "hooks.sources.looks": "hooks.sources.polling",
    "hooks.sources.own_container": "hooks.docker.own_container",
    "hooks.sources.portfile": "hooks.sources.port_file",
    "hooks.sources.sleeper": "hooks.sources.periodic",
    "hooks.sources.watches": "hooks.sources.inotify",
    "hooks.states": "hooks.engine.states",
    "hooks.steps": "hooks.runtime.executor",
    "hooks.stop": "hooks.app.shutdown",
    "hooks.syntax": "hooks.rules_file.toml_text",
    "hooks.table": "hooks.rules.table",
    "hooks.verbs": "hooks.cli",
    "hooks.view": "hooks.world.tracker",
    "hooks.wire": "hooks.events.jsonl",
    "hooks.workbench.pretence": "hooks.workbench.assumed_attempts",
    "hooks.workbench.recorder": "hooks.workbench.record",
    "hooks.workbench.rehearsal": "hooks.workbench.run_rule_tests",
    "hooks.workbench.schema": "hooks.workbench.json_schema",
    "hooks.workbench.sketch_compose": "hooks.workbench.init_compose",
    "hooks.workbench.sketch_rules": "hooks.workbench.init_rules",
    "hooks.workbench.survey": "hooks.workbench.init_survey",
    "hooks.workbench.verdicts": "hooks.workbench.rule_test_report",
    "hooks.world": "hooks.world.model",
}


def report(name: str) -> None:
    """Raise ImportError, one line with the path to write instead, if gluehook 0.1 had the module or name `name`."""
    path = _path_now(name)
    if path:
        raise ImportError(f"{name} is now {path}; import it from there", name=name)


def _path_now(name: str) -> str:
    if name in MOVED:
        return MOVED[name]
    package, _, attribute = name.rpartition(".")  # `from hooks.events import Event`: hooks/events.py is a package now
    module = MOVED.get(package, "")
    return f"{module}.{attribute}" if module and hasattr(import_module(module), attribute) else ""

"""The facts about the whole server, the table of `gluehook status` and the checks of `gluehook doctor`.

Seam: `Collector.collect`, `Collector.collect_all`, `rows`, `examine`.
May import: every package but storage, threads, engine, rules_file, own_handlers, workbench, trace, control, web, app,
cli.
"""

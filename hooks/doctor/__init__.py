"""The facts about the whole server, the status table and the checks of `gluehook doctor`.

Seam: `collect`, `rows`, `examine`.
May import: every package but storage, rules, engine, rules_file, workbench, control, app, cli.
"""

"""Tools for people who write rules: replay, rule tests, explain, recordings, schema, init.

Seam: `Replay`, `explain`, `Recording`, `json_schema.schema`, `init_survey.find_containers`.
May import: every package but storage, threads, journal, own_handlers, runtime, trace, control, web, doctor, app, cli.
"""

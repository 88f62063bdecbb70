"""The trace of a run: its event, each rule's answer, the waits, attempts and steps, and what followed.

Seam: `trace.of`, `Trace.to_json`.
May import: events, config, rules, rules_file, engine, journal, workbench, own_handlers, handlers, handler.
"""

"""What was accepted, what runs and how it ended, on disk, so that a new process goes on where the last one ended.

Seam: `Journal`, which never raises, over `Store`, the SQL.
May import: events, storage, rules, engine.
"""

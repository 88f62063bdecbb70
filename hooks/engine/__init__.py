"""The rule engine: matching and every kind of waiting. It has no clock, no thread, no I/O and no log.

Seam: `Engine.feed`, `Engine.advance`, `Engine.finished`, `Engine.next_deadline`.
May import: events, rules.
"""

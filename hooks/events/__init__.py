"""What can happen: the catalogue of event types, events as JSON lines, durations, and the signals for the log.

Seam: `Event`, `CATALOGUE`, `jsonl.dumps`, `jsonl.loads`, `signals.emit`.
May import: nothing of ours.
"""

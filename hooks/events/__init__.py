"""What can happen: the catalogue of event types, events as JSON lines, durations, schedules and signals.

Seam: `Event`, `CATALOGUE`, `jsonl.dumps`, `jsonl.loads`, `signals.emit`.
May import: nothing of ours.
"""

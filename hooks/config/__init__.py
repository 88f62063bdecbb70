"""Settings and secrets: which there are, how they are read, and what must not be shown.

Seam: `Settings`, `Secrets`, `environment.read`, `presentable`.
May import: events.
"""

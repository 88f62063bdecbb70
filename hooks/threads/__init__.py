"""Threads that never end unnoticed: one whose function breaks says so and begins again.

Seam: `LastingThread.start`, `LastingThread.problem`.
May import: events.
"""

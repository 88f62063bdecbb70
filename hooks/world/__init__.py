"""The containers and the forwarded port as last read, and the events that follow from a difference.

Seam: `World`, `Names`, `Tracker`.
May import: events, images.
"""

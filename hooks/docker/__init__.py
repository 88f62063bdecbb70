"""How Docker is reached, what its answers mean as containers, and why it refuses.

Seam: `connect`, `EventStream`, `inspect`, `records`, `refusals.why`.
May import: events, world.
"""

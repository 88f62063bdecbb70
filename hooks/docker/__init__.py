"""How Docker is reached, what its answers mean as containers, and why it refuses.

Seam: `connect`, `EventStream`, `listed`, `inspected`, `inspect_all`, `refusals.why`.
May import: events, world.
"""

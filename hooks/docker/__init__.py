"""How Docker is reached, what its answers mean as containers, and why it refuses.

Seam: `address.problems`, `connect`, `EventStream`, `list_containers`, `inspected`, `inspect_all`, `refusals.why`.
May import: events, images, world.
"""

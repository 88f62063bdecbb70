"""Which gluetuns and torrent clients the server has, and how each is reached: by settings and what Docker shows.

Seam: `Pairs`, `settings_for`.
May import: events, images, config, world.
"""

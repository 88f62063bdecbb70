"""Which gluetuns and torrent clients the server has, and how each is reached: by tables, settings, Docker.

Seam: `Pairs`, `settings_for`.
May import: events, images, config, world, rules.
"""

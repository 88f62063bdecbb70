"""How other programs' images are known, and how they read their variables: gluetun's, and those of qBittorrent.

Seam: `roles.by_image`, `gluetun.read`, `torrent.web_ui_port`, `torrent.ports_at_start`, `port_writers.by_image`.
May import: nothing of ours.
"""

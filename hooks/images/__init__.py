"""How other programs' images read their variables: gluetun's, and those of qBittorrent's images.

Seam: `gluetun.read`, `torrent.web_ui_port`, `torrent.ports_at_start`, `port_writers.recognise`.
May import: nothing of ours.
"""

"""`qbittorrent.*`: qBittorrent through its Web API."""

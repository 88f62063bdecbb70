"""`client.*`: torrent clients of any kind."""

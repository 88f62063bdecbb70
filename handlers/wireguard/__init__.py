"""`wireguard.*`: the peers' files of the WireGuard container."""

"""WireGuard in the folder layout of linuxserver/wireguard: its peers, what devices import, and who is connected."""

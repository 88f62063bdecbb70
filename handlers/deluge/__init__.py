"""`deluge.*`: Deluge through its Web UI."""

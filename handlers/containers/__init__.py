"""`containers.*`: restart, start, exec, and rejoin a network namespace, through Docker."""

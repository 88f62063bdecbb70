"""What handlers share: HTTP, Docker calls, child processes, files that are replaced as a whole."""

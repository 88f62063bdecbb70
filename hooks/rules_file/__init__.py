"""rules_file."""

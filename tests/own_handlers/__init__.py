"""Handlers of one's own: found, refused, described, run."""

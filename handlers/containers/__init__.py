"""Containers: restarts, commands inside them, and those that live in another's network namespace."""

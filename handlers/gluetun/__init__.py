"""gluetun."""

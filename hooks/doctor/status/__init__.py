"""doctor/status."""

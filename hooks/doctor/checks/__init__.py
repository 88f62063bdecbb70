"""doctor/checks."""

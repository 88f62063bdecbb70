"""doctor/facts."""

"""The rows of `gluehook status`, each with its state."""

"""The rows of `gluehook status`, and the verdict of each."""

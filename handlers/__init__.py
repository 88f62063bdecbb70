"""One module per target; the table of all handlers is at the end of this file."""

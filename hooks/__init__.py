"""gluehook: events in, rules looked up, handlers run. docs/architecture.md says which package does what."""

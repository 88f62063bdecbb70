"""The control socket of a running gluehook: its server, its commands, its client, and past runs as text.

Seam: `Server`, `Commands.verbs`, `client.request`.
May import: events, threads, journal, runtime, workbench.
"""

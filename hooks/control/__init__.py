"""The control socket of a running gluehook: its server, commands, followers and snapshot, its client, and past runs.

Seam: `Server`, `Commands.verbs`, `Followers.follow`, `Snapshot.snapshot`, `client.request`, `client.follow`.
May import: events, threads, world, engine, journal, runtime, workbench.
"""

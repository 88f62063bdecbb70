"""Where events come from: Docker, logs of containers, files by inotify, timers, and what has to be polled.

Seam: `start`, `stop`, `listen` and `health` of each source.
May import: events, threads, rules, world, docker.
"""

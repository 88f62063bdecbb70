"""Builds gluehook from its parts, starts them, reloads the rules and stops.

Seam: `serve`, `loading.begin`, `loading.check`.
May import: every package but images, workbench, trace, web, doctor, cli.
"""

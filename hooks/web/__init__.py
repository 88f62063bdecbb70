"""The web process, `gluehook web`: the API, the pages, and who may read and act.

Seam: `app.create`, `views.Views`.
May import: events, threads, config, journal, runtime, workbench, trace, control.
"""

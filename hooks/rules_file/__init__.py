"""rules.toml to a `Table`, or every error with its place. Only the command line and a short-lived child load it.

Seam: `reader.read`, `reader.contents`, `errors.render`.
May import: events, images, config, rules, handler.
"""

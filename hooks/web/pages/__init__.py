"""The page: what is shown, as values; and the templates that show them.

`overview`, `runs`, `traces`, `rule_file`, `trials` and `peers` are plain functions from JSON of the runner and of the
journal to dataclasses. They read no clock and do no I/O. `render` puts them into the templates, and escapes.
"""

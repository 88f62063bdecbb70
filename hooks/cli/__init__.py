"""The command line: one module per verb, or per group of verbs, loaded when a verb is used.

Seam: `main.main`, the table `VERBS`.
May import: every package.
"""

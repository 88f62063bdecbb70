"""The command line: one module per verb, loaded when the verb is used.

Seam: `main.main`, the table `VERBS`.
May import: every package.
"""

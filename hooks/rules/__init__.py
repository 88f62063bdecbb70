"""A rules table as values: rules, matches, placeholders, tests, and what a table listens to. Nothing is parsed here.

Seam: `Table`, `Rule`, `Match`, `Template`, `Subscriptions`.
May import: events.
"""

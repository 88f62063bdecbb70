"""Handlers of one's own: modules of the owner, found, checked, described and run, each in a process of its own.

`table` is what rules are read with: our handlers and the owner's. `in_force` is what the executor calls: it makes a
handler of each descriptor, which starts a child for each attempt. Guaranteed: no module of an owner is ever imported
into a process that runs for longer, and a file that somebody else could write is never imported at all.

Seam: `HandlerTable`, `InForce`, `handlers_of`, `new`, `Case`, `contract_of`.
May import: events, config, world, rules, pairs, rules_file, docker, handlers, handler.
"""

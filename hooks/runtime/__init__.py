"""What runs rules: the inbox, the dispatcher's loop, the executor, target locks, pauses, the log and the heartbeat.

Seam: `Dispatcher.post`, `Dispatcher.call`, `Dispatcher.run`, `Dispatcher.stop`, `Inbox`.
May import: events, storage, threads, config, rules, pairs, engine, journal, handler.
"""

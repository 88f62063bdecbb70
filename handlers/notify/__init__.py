"""`notify.send`: messages through Apprise."""

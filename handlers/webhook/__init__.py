"""`webhook.post`: an HTTP request to an address of the owner."""

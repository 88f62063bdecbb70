"""What is known to go wrong on such a server: each cause is one small check over the facts."""

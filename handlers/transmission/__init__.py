"""`transmission.*`: Transmission through its RPC."""

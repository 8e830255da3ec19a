"""A live cluster, read through its API server: only get and list, only kinds that are understood, and no Secret."""

"""The difference path, the default."""

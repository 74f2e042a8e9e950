"""The difference path as a node."""

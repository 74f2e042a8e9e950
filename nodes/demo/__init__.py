"""The embedded model and its scenes as nodes."""

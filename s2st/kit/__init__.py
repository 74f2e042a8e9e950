"""Settings and files: knows nothing of pictures."""

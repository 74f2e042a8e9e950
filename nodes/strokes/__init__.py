"""Pictures from strokes as nodes."""

"""Settings, files, and the legend of a label map: knows nothing of what pictures show."""

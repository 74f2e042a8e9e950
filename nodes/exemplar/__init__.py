"""Translation after an exemplar as nodes: what matches what, and the picture made of it."""

"""GradOP and GradOP+: coarse strokes and a prompt become a picture."""

"""GradOP, GradOP+ and painting in rounds: coarse strokes and a prompt become a picture."""

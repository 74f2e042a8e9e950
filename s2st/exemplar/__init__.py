"""Translation after an exemplar: its look goes where the model's own features find its like."""

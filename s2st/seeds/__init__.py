"""S2ST, the method of the paper, a file for each of its ideas."""

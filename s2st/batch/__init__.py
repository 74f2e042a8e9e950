"""Many pictures: what translates one, who runs them all, and what is told of each."""

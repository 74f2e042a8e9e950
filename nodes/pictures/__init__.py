"""Pictures in, pictures out, and looking at them."""

"""What a diffusion model is here, how it is sampled, and going back through it."""

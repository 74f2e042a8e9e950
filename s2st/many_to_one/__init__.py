"""Many to one: asymmetric StarGAN v2, a translator of its own beside the diffusion methods."""

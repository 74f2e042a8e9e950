"""What the trained variant of MIDMs is trained on and how: the demo world, in its VAE's latents."""

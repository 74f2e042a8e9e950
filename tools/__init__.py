"""What dev.py does: the environment, the commands, and a real ComfyUI to run them in."""

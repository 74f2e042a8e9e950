"""The paper's stages as nodes."""

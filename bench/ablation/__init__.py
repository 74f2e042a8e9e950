"""What each part of S2ST buys: one study for every setting, on the demo model."""

from .command import main

__all__ = ["main"]

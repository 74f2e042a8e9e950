"""What asymmetric translation is measured by, and the page that says what came out."""

from .command import main

__all__ = ["main"]

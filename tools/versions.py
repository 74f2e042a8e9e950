"""Says which versions the environment holds (`python dev.py setup`)."""

import platform
from importlib.metadata import version

SHOWN = ("torch", "diffusers", "transformers", "kornia", "numpy", "pytest", "ruff", "mypy")


def installed_versions() -> dict[str, str]:
    """The versions that decide how this project behaves."""
    return {"python": platform.python_version()} | {name: version(name) for name in SHOWN}


if __name__ == "__main__":
    print("Ready: " + ", ".join(f"{name} {value}" for name, value in installed_versions().items()))

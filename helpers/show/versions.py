"""The last line of every notebook: what ran it."""

import importlib.metadata
import platform


def versions(*packages: str, device: str = "cpu") -> str:
    """One line with the versions of Python, the course and the packages named, and the device used."""
    named = [f"{name} {importlib.metadata.version(name)}" for name in ("numpy", "scipy", "matplotlib", *packages)]
    course = importlib.metadata.version("when-experts-disagree")
    return f"helpers {course} | Python {platform.python_version()} | " + " | ".join(named) + f" | device {device}"

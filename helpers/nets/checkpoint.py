"""A network on disk: its weights and nothing that could run."""

from pathlib import Path

import torch


def save_weights(model: torch.nn.Module, path: str | Path) -> None:
    """Write the weights whole or not at all."""
    path = Path(path)
    part = path.with_name(path.name + ".part")
    torch.save(model.state_dict(), part)
    part.replace(path)


def load_weights(model: torch.nn.Module, path: str | Path) -> torch.nn.Module:
    """Fill `model` with the weights in `path`, which must be those of a network of the same shape."""
    if not Path(path).is_file():
        raise ValueError(f"path is {str(path)!r}, expected a file that save_weights wrote.")
    try:
        model.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except Exception as problem:
        reason = str(problem).splitlines()[0]
        raise ValueError(f"path {str(path)!r} does not hold the weights of this network: {reason}") from problem
    return model

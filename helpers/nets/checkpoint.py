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
        weights = torch.load(path, map_location="cpu", weights_only=True)
        shapes = {name: tuple(values.shape) for name, values in weights.items()}
    except Exception as problem:        # what torch raises depends on where the file is damaged
        raise ValueError(f"path is {str(path)!r}, which is damaged or no weights, expected a file that save_weights "
                         "wrote.") from problem
    expected = {name: tuple(values.shape) for name, values in model.state_dict().items()}
    if shapes != expected:
        name = next(name for name in (*expected, *shapes) if shapes.get(name) != expected.get(name))
        raise ValueError(f"path is {str(path)!r}, where {name} is {shapes.get(name, 'missing')}, expected "
                         f"{expected.get(name, 'no such weights')} as in model.")
    model.load_state_dict(weights)
    return model

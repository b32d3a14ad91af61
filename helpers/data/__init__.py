"""Cases to fuse: embedded, simulated, downloaded, or your own NIfTI files.

Every name below is imported when it is first used, so `import helpers.data` costs nothing.
"""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "Case": "case",
    "lidc": "embedded.lidc",
    "mnist": "embedded.mnist",
    "anatomy": "embedded.mni",
    "ms_case": "ms_cohort",
    "MS_CASES": "ms_cohort",
    "MS_RATERS": "ms_raters",
    "ms_raters": "ms_raters",
    "cord_case": "cord",
    "CORD_CASES": "cord",
    "mnist_raters": "mnist_raters",
    "crowd": "crowds",
    "NETWORKS": "network_maps",
    "network_maps": "network_maps",
    "padded": "network_maps",
    "CORDS": "real",
    "open_ms": "real",
    "gm_challenge": "real",
    "mnist_all": "real",
    "lidc_all": "real",
    "read_case": "own",
    "read_grid": "nifti",
    "read_image": "nifti",
    "read_masks": "nifti",
    "write_like": "nifti",
}

__all__ = list(_HOME)


def __getattr__(name: str):
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(set(globals()) | set(_HOME))


class _Package(ModuleType):
    """Two functions are named like the module they live in (ms_raters, mnist_raters).

    Importing such a module would bind the module to the name; here the function keeps it, so that
    `from helpers.data import ms_raters` means the same before and after.
    """

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _HOME and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package

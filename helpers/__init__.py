"""Fusing the labels of several experts: data, measures, methods, networks and figures.

Import the floor you need (`helpers.data`, `helpers.fusion`, ...); this module itself loads nothing.
"""

__version__ = "0.1.0"

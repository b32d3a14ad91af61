"""Geodesic distance to the surface of a mask: the shortest path over the image seen as a landscape."""

import itertools

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra


def geodesic_distance(inside: np.ndarray, image: np.ndarray, spacing, limit: float = np.inf) -> np.ndarray:
    """Shortest path from the surface of a bool mask (*space) to every voxel; infinite beyond `limit`.

    A step to any of the 3^D - 1 neighbours is as long as the line between the two in mm and in image units together.
    The surface passes halfway between face neighbours on different sides. Exact on this graph.
    """
    n, number = inside.size, np.arange(inside.size).reshape(inside.shape)
    start, rows, columns, lengths = np.full(inside.shape, np.inf), [], [], []
    for offset in itertools.product((0, 1, -1), repeat=inside.ndim):
        if next((o for o in offset if o), -1) < 0:
            continue                                            # each pair of neighbours once
        a = tuple(slice(max(-o, 0), m - max(o, 0)) for o, m in zip(offset, inside.shape, strict=True))
        b = tuple(slice(max(o, 0), m - max(-o, 0)) for o, m in zip(offset, inside.shape, strict=True))
        length = np.sqrt(np.sum((np.array(offset) * spacing) ** 2) + (image[a] - image[b]) ** 2)
        rows.append(number[a].ravel())
        columns.append(number[b].ravel())
        lengths.append(length.ravel())
        if np.abs(offset).sum() == 1:
            half = np.where(inside[a] != inside[b], length / 2, np.inf)
            for side in (a, b):
                np.minimum(start[side], half, out=start[side])
    near = np.flatnonzero(np.isfinite(start))                   # one more node, the surface, leads to these
    pairs = np.concatenate([*rows, np.full(near.size, n)]), np.concatenate([*columns, near])
    graph = csr_array((np.concatenate([*lengths, start.ravel()[near]]), pairs), shape=(n + 1, n + 1))
    return dijkstra(graph, directed=False, indices=n, limit=limit)[:n].reshape(inside.shape)

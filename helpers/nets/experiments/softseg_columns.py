"""The columns of chapter 6's tables: from scores to numbers per patient and per split, and to paired tests."""

from collections import defaultdict
from statistics import mean, stdev

import numpy as np

from helpers.measure import Reliability, composite_score, paired_test
from helpers.nets.experiments.softseg_paper import SIX


def by_metric(rows: list[dict]) -> dict[str, list]:
    """{metric: one number per patient}; a precision that does not exist, of an empty mask, is None."""
    columns = {key: [row[key] for row in rows] for key in rows[0] if key != "entropy_raters"}
    errors = [abs(row["entropy"] - row["entropy_raters"]) for row in rows]
    return columns | {"entropy_error": [float(f"{error:.5g}") for error in errors]}


def by_split(parts: list[dict]) -> dict[str, list]:
    """One number per split: errors of calibration of all its test patients, threshold, temperature."""
    found = defaultdict(list)
    for part in parts:
        tables = {key: as_table(table) for key, table in part["tables"].items() if not key.startswith("foreground")}
        for key, table in tables.items():
            name = "ece" + (f" {key}" if key != "all" else "").replace("all dropped", "dropped").replace(" ", "_")
            found[name.replace("__", "_")].append(float(f"{table.ece:.5g}") if table.voxels.sum() else None)
        kept, left = tables["all"].voxels.sum(), tables["all dropped"].voxels.sum()
        found["dropped"].append(round(float(1 - left / kept), 5))
        for key in ("threshold", "temperature"):
            if key in part:
                found[key].append(part[key])
    return dict(found)


def pooled(tables: list[dict]) -> dict:
    """The tables of several splits, added up."""
    total = {key: as_table(table) for key, table in tables[0].items()}
    for more in tables[1:]:
        total = {key: table + as_table(more[key]) for key, table in total.items()}
    return {key: {part: np.round(getattr(table, part), 1).tolist() for part in ("voxels", "right", "confident")}
            for key, table in total.items()}


def as_table(lists: dict) -> Reliability:
    return Reliability(*(np.array(lists[part]) for part in ("voxels", "right", "confident")))


def composites(scores: dict) -> dict[str, list]:
    """The composite score of the six candidates, per patient; a precision that does not exist counts as 0."""
    measures = [key for key in scores[SIX[0]] if key.split("_")[0] in ("dice", "precision", "recall", "avd")]
    weights = {key: -1 if key.startswith("avd") else 1 for key in measures}
    stacked = {key: [[value or 0 for value in scores[name][key]] for name in SIX] for key in measures}
    return dict(zip(SIX, np.round(composite_score(stacked, weights), 4).tolist(), strict=True))


def compared(a: dict, b: dict) -> dict:
    """{metric: paired test of a - b}, over the patients for whom both exist."""
    found = {}
    for key in a:
        pairs = [(x, y) for x, y in zip(a[key], b[key], strict=True) if x is not None and y is not None]
        if len(pairs) >= 2:
            test = paired_test(*map(list, zip(*pairs, strict=True)))
            found[key] = {part: float(f"{getattr(test, part):.4g}") for part in ("difference", "low", "high", "p")}
            found[key]["n"] = test.n
    return found


def spread(values: list) -> dict:
    there = [value for value in values if value is not None]
    return {"mean": float(f"{mean(there):.5g}"), "sd": float(f"{stdev(there):.5g}")} if len(there) > 1 else None

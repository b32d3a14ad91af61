"""From rows, one per network, patient and scorer, to the small tables that the book shows."""

from collections import defaultdict
from collections.abc import Callable
from statistics import mean

MEASURES = ("dice", "precision", "recall")


def seed_means(rows: list[dict], label: Callable[[dict], str], scorers: dict[str, tuple[str, ...]]) -> dict:
    """{label: {"dice_NAME": [one mean over patients per seed], ...}} for each NAME of `scorers` and its rows' scorers.

    Where a measure does not exist (the precision of an empty mask) the patient is left out of its mean.
    """
    found = defaultdict(lambda: defaultdict(list))              # (label, column) -> seed -> values
    for row in rows:
        for name, members in scorers.items():
            if row["scored"] in members:
                for measure in MEASURES:
                    if row[measure] is not None:
                        found[label(row), f"{measure}_{name}"][row["seed"]].append(row[measure])
    table = defaultdict(dict)
    for (text, column), seeds in found.items():
        table[text][column] = [round(mean(seeds[seed]), 4) for seed in sorted(seeds)]
    return dict(table)

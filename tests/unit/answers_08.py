"""Right and wrong answers to the exercises of chapter 8, and the hint that each wrong one must get."""

import numpy as np

from helpers.show.checks import chapter_08


def pair_mean(maps, how=np.mean, both=True):
    rows = maps.reshape(len(maps), -1)
    x = np.concatenate([np.sqrt(1 - rows), np.sqrt(rows)], axis=1) if both else np.sqrt(rows)
    return how((x[:, None] - x) ** 2, axis=2)


def distances(maps):
    return np.sqrt(pair_mean(maps))


def without_roots(maps):
    rows = maps.reshape(len(maps), -1)
    return np.sqrt(((rows[:, None] - rows) ** 2).mean(axis=2))


def both(found):
    return np.mean([rho @ rho.T for rho in found], axis=0)


def likeliest(found):
    return np.mean([rho.argmax(1)[:, None] == rho.argmax(1) for rho in found], axis=0)


def one_with_himself(found):
    result = both(found)
    np.fill_diagonal(result, 1)
    return result


RIGHT = {
    "halfway": [(2 / 3, 2 / 3), [0.667, 0.67], np.array([0.6667, 0.6667])],
    "map_distances": [distances],
    "own_consensus": [sum(chapter_08.OWN) / 2, *chapter_08.OWN],
    "together": [both],
}
WRONG = {
    "halfway": [((0.5, 0.5), "pi does not cancel"), ((2 / 3, 0.5), "s = 0.08: he is equally far"),
                ((1 / 3, 2 / 3), "his rho_2"), ((2 / 3, 0.8), "s = 0.08: both distances"), (0.5, "two numbers"),
                ((2 / 3, "x"), "ValueError")],
    "map_distances": [(pair_mean, "root of the mean at the end"),
                      (lambda m: np.sqrt(pair_mean(m, both=False)), "two roots per pixel"),
                      (lambda m: np.sqrt(2) * distances(m), "twice as many numbers"),
                      (lambda m: np.sqrt(pair_mean(m, np.sum)), "not the sum"),
                      (without_roots, "square roots of the maps first"), (lambda m: distances(m) + 1, "himself is 0"),
                      (lambda m: distances(m) / 7, "between the first two maps"), (lambda m: 0.5, "the shape"),
                      (lambda m: None, "Replace the dots")],
    "own_consensus": [(0.5, "go further"), (1.95, "go further"), (5, "less will do"), ("x", "ValueError")],
    "together": [(likeliest, "count doubt too"), (lambda f: 3 * both(f), "not the mean"),
                 (lambda f: f[-1] @ f[-1].T, "last patient"), (lambda f: f[0] @ f[0].T, "first patient"),
                 (lambda f: np.mean([rho.T @ rho for rho in f], axis=0), "you want raters by raters"),
                 (lambda f: np.mean(f, axis=0) @ np.mean(f, axis=0).T, "multiply first, then average"),
                 (one_with_himself, "any other pair"), (lambda f: both(f) / 7, "for raters 1 and 2"),
                 (lambda f: 0.5, "the shape"), (lambda f: ..., "Replace the dots")],
}

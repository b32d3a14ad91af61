"""STAPLE for K labels: a confusion matrix per rater, by EM on the patterns that occur."""

import numpy as np
from scipy import sparse

from helpers.fusion.consensus import Consensus
from helpers.fusion.patterns import count, look_up, pack
from helpers.fusion.rates import NO_EVIDENCE, TINY
from helpers.fusion.settings import as_columns, as_label_prior, as_pseudo_counts, as_stopping
from helpers.inputs import as_labels

MOST_CLASSES = 255  # labels are packed from bytes, one value of which is -1


def multilabel_staple(
    labels,
    *,
    n_classes: int | None = None,
    prior=None,
    start=None,
    confusion_prior=1.0,
    tol: float = 1e-7,
    max_iterations: int = 1000,
    dtype=np.float32,
) -> Consensus:
    """Consensus of label images (R, *space) in 0..K-1, -1 where a rater did not look (Rohlfing et al. 2004).

    `probability` is (K, *space); `raters["confusion"]` (R, K, K) is P(observed i | true j), every column sums to 1.
    `n_classes` is one more than the largest label unless given. `prior` (K,) is how common each label is, held fixed:
    its share of all labels given. `start` (R, K, K) are confusion matrices to start from, each column summing to what
    it likes; without it EM starts from the share of the raters that say each label, as the binary `staple` does.
    `confusion_prior` is alpha of a Dirichlet prior on the columns, a number or (K, K).

    `objective` is the log likelihood, plus the log prior of the matrices. The column of a label that nobody gives is
    unknown and stands at 1/K; if rates cannot mean much `raters["warning"]` (R,) says why.
    """
    k = _classes(labels, n_classes)
    labels = as_labels(labels, k, missing=True)
    dtype, tol, max_iterations = as_stopping(dtype, tol, max_iterations)
    prior = as_label_prior(prior, k)
    pseudo = as_pseudo_counts(confusion_prior, k)
    start = as_columns(start, len(labels), k)
    missing = labels.dtype.kind == "i" and labels.min() < 0
    packed = pack(labels, bits=((k if missing else k - 1).bit_length(),))  # all bits set is -1, and then no label is
    patterns = count(packed)
    said = np.minimum(patterns.values, k) if missing else patterns.values  # (P, R), K for "did not look"
    given = _one_hot(said, k)  # (P, R * (K + 1))
    votes = (given @ np.tile(np.eye(k + 1), (len(labels), 1)))[:, :k]  # (P, K)
    looked = votes.sum(axis=1)
    counts = np.where(looked > 0, patterns.counts, 0)
    w = votes / np.maximum(looked, 1)[:, None]
    prior = counts @ w / max(counts.sum(), 1) if prior is None else prior
    if start is not None:
        w, _ = _posterior(given, start, prior)

    confusion, objective, converged = np.inf if start is None else start, [], False
    while not converged and len(objective) < max_iterations:
        before, confusion = confusion, _matrices(given, counts[:, None] * w, len(labels), pseudo)
        w, log_likelihood = _posterior(given, confusion, prior)
        objective.append(counts @ log_likelihood + (pseudo * np.log(np.maximum(confusion, TINY))).sum())
        converged = bool(np.abs(confusion - before).max() <= tol)
    w[looked == 0] = np.nan
    raters = {"confusion": confusion} | _warning(votes, counts, (said[counts > 0] < k).any(axis=0))
    probability = look_up(packed, patterns, w, dtype=dtype)
    return Consensus(probability, raters, np.array(objective), len(objective) - converged, converged, maps={})


def _classes(labels, n_classes: int | None) -> int:
    if n_classes is None:
        found = np.asarray(labels)
        k = max(int(found.max()) + 1, 2) if found.dtype.kind in "biu" and found.size else 2  # the rest is refused later
        if k > MOST_CLASSES:
            raise ValueError(f"labels hold values up to {k - 1}, expected at most {MOST_CLASSES - 1}.")
        return k
    if not isinstance(n_classes, (int, np.integer)) or not 2 <= n_classes <= MOST_CLASSES:
        raise ValueError(f"n_classes is {n_classes!r}, expected a whole number from 2 to {MOST_CLASSES}.")
    return int(n_classes)


def _one_hot(said: np.ndarray, k: int) -> sparse.csr_array:
    """Row i has a 1 in column r (K + 1) + said[i, r], for every rater r."""
    patterns, raters = said.shape
    columns = said.astype(np.int64) + (k + 1) * np.arange(raters)
    starts = np.arange(0, patterns * raters + 1, raters)
    return sparse.csr_array((np.ones(columns.size), columns.ravel(), starts), shape=(patterns, raters * (k + 1)))


def _posterior(given: sparse.csr_array, confusion: np.ndarray, prior: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """W_k = g_k prod_r A_r[D_r, k], divided by its sum over k (P, K), and the logarithm of that sum."""
    raters, k, _ = confusion.shape
    logs = np.zeros((raters, k + 1, k))  # a rater who did not look multiplies by 1
    logs[:, :k] = np.log(np.maximum(confusion, TINY))
    joint = np.log(np.maximum(prior, TINY)) + given @ logs.reshape(-1, k)
    top = joint.max(axis=1, keepdims=True)
    w = np.exp(joint - top)
    total = w.sum(axis=1, keepdims=True)
    return w / total, (top + np.log(total))[:, 0]


def _matrices(given: sparse.csr_array, weights: np.ndarray, raters: int, pseudo: np.ndarray) -> np.ndarray:
    """A_r[i, j] = sum of W_j where r says i / sum of W_j where r looked, with the pseudo-counts added, (R, K, K)."""
    k = weights.shape[1]
    shared = (given.T @ weights).reshape(raters, k + 1, k)[:, :k] + pseudo
    total = shared.sum(axis=1, keepdims=True)
    return np.divide(shared, total, out=np.full(shared.shape, 1 / k), where=total > NO_EVIDENCE)


def _warning(votes: np.ndarray, counts: np.ndarray, looked: np.ndarray) -> dict[str, np.ndarray]:
    """One sentence for all raters; `looked` (R,) says who looked at a voxel at all."""
    unused = np.flatnonzero(counts @ votes == 0)
    if looked.sum() == 1:
        sentence = "One rater has nobody to be compared with: the matrix only repeats what the rater says."
    elif not counts @ ((votes > 0).sum(axis=1) > 1):
        sentence = "The raters never disagree: matrices without errors say no more than that."
    elif looked.sum() == 2:
        sentence = "Two raters cannot fix two matrices: where EM starts, or a prior, decides which ones come out."
    elif len(unused):
        sentence = f"Nobody gives label {', '.join(map(str, unused))}: the column is unknown and stands at 1/K."
    else:
        return {}
    return {"warning": np.full(len(looked), sentence)}

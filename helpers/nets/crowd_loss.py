"""The loss of the crowd: what each rater said against what his confusion matrix makes of the truth, plus the trace."""

import math

import torch
from torch.autograd.function import once_differentiable


def crowd_loss(log_probability: torch.Tensor, log_confusion: torch.Tensor, labels: torch.Tensor,
               trace_weight: float = 0.1, *, ce: str = "mean", trace: str = "mean",
               raters: str = "sum") -> torch.Tensor:
    """Eq. (4) of Zhang et al.: sum over raters of CE(A_r p, y_r) + lambda tr(A_r), where the rater labelled.

    log p (B, K, *space); log A (B, R, K, K, *space), [r, i, j] = log P(r says i | truth is j), where B and space may be
    1, or (R, K, K); labels (B, R, *space) in 0..K-1, -1 where a rater gave none. `trace_weight` is lambda.

    `ce` and `trace` say what happens over the pixels that rater r labelled in image b: their "mean" or their "sum".
    Of these pairs (b, r), `raters` takes the "sum" over the raters and the mean over the images, or with "mean" the
    mean over all pairs that exist: then an image counts once per rater who labelled it.
    """
    log_confusion = checked(log_probability, log_confusion, labels)
    low, high = int(labels.min()), int(labels.max())
    if low < -1 or high >= log_probability.shape[1]:
        raise ValueError(f"labels holds values from {low} to {high}, expected 0 to {log_probability.shape[1] - 1}, "
                         "or -1 where a rater gave no label.")
    nobody = (labels < 0).flatten(1).all(dim=1)
    if nobody.any():
        raise ValueError(f"labels of image {int(nobody.nonzero()[0])} are all -1, expected at least one rater to have "
                         "labelled it.")
    if not (math.isfinite(trace_weight) and trace_weight >= 0):
        raise ValueError(f"trace_weight is {trace_weight!r}, expected a number of at least 0.")
    for name, value, choices in (("ce", ce, ("mean", "sum")), ("trace", trace, ("mean", "sum")),
                                 ("raters", raters, ("sum", "mean"))):
        if value not in choices:
            raise ValueError(f"{name} is {value!r}, expected {choices[0]!r} or {choices[1]!r}.")
    cross_entropy, traces, pixels = crowd_terms(log_probability, log_confusion, labels)
    pairs = cross_entropy * (pixels if ce == "sum" else 1) + trace_weight * traces * (pixels if trace == "sum" else 1)
    return pairs.sum() / (len(labels) if raters == "sum" else (pixels > 0).sum())


def crowd_terms(log_probability: torch.Tensor, log_confusion: torch.Tensor,
                labels: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Mean cross entropy, mean trace and number of labelled pixels of every image and rater, each (B, R).

    The values of `labels` are not checked: they lie in -1..K-1. A pair without a label has 0 in all three.
    """
    log_confusion = checked(log_probability, log_confusion, labels)
    classes, raters = log_probability.shape[1], labels.shape[1]
    labels = labels.flatten(2)                                               # (B, R, N)
    pixels = (labels >= 0).sum(dim=2)
    log_confusion = log_confusion.reshape(len(log_confusion), raters, classes, classes, -1)
    cross_entropy, traces = _Terms.apply(log_probability.flatten(2), log_confusion, labels, pixels)
    return cross_entropy, traces, pixels


class _Terms(torch.autograd.Function):
    """Cross entropy and trace with the gradient written out: the posterior of the truth given the label, as in EM.

    P(r says y) = sum_j A_yj p_j, in log space. With q_j = A_yj p_j / P(r says y), the cross entropy -log P(r says y)
    has the gradient -q_j by log p_j and by log A_yj, and none by the other rows of A; tr(A) has A_jj by log A_jj.
    """

    @staticmethod
    def forward(ctx, log_p, log_a, labels, pixels):
        seen, pixels = (labels >= 0).to(log_p.dtype), pixels.clamp(min=1)
        row = log_a[:, :, 0]                                                  # (B, R, K, N): log A_yj, by j
        for i in range(1, log_a.shape[2]):
            row = torch.where((labels == i)[:, :, None], log_a[:, :, i], row)
        joint = (row + log_p[:, None]).clamp_(min=torch.finfo(log_p.dtype).min)
        most = joint.amax(dim=2, keepdim=True)
        q = joint.sub_(most).exp_()
        total = q.sum(dim=2, keepdim=True)
        log_said = (most + total.log())[:, :, 0]                              # (B, R, N)
        diagonal = log_a.diagonal(dim1=2, dim2=3).exp()                       # (B, R, N, K)
        ctx.save_for_backward(q.div_(total), diagonal, labels, seen / pixels[:, :, None])
        ctx.shape = log_a.shape
        return -(log_said * seen).sum(dim=2) / pixels, (diagonal.sum(dim=3) * seen).sum(dim=2) / pixels

    @staticmethod
    @once_differentiable
    def backward(ctx, by_ce, by_trace):
        q, diagonal, labels, share = ctx.saved_tensors
        q = q * (share * -by_ce[:, :, None])[:, :, None]
        by_a = q.new_empty(ctx.shape)
        for i in range(ctx.shape[2]):
            said = q * (labels == i)[:, :, None].to(q.dtype)
            by_a[:, :, i] = said.sum_to_size(by_a[:, :, i].shape)
        weight = (share * by_trace[:, :, None])[..., None]                    # (B, R, N, 1)
        by_a.diagonal(dim1=2, dim2=3).add_((diagonal * weight).sum_to_size(diagonal.shape))
        return q.sum(dim=1), by_a, None, None


def checked(log_probability: torch.Tensor, log_confusion: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """log A as (B or 1, R, K, K, *space or ones), once the three shapes meet."""
    if log_probability.ndim < 3:
        raise ValueError(f"log_probability has shape {tuple(log_probability.shape)}, expected (B, K, *space).")
    images, classes, *space = log_probability.shape
    if labels.dtype.is_floating_point or labels.dtype.is_complex:
        raise ValueError(f"labels holds {labels.dtype} values, expected integers.")
    if labels.ndim < 3 or [labels.shape[0], *labels.shape[2:]] != [images, *space]:
        raise ValueError(f"labels has shape {tuple(labels.shape)}, expected {(images, 'R', *space)}, as "
                         f"log_probability has {tuple(log_probability.shape)}.".replace("'", ""))
    if log_confusion.ndim == 3:
        log_confusion = log_confusion.reshape(1, *log_confusion.shape, *[1] * len(space))
    full = (images, labels.shape[1], classes, classes, *space)
    for shape in (full, (1, *full[1:4], *[1] * len(space)), (images, *full[1:4], *[1] * len(space)),
                  (1, *full[1:])):
        if tuple(log_confusion.shape) == shape:
            return log_confusion
    raise ValueError(f"log_confusion has shape {tuple(log_confusion.shape)}, expected {full}, or "
                     f"{full[1:4]} for matrices that do not depend on the image.")

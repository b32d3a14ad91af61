"""Of all the truths that explain the labels equally well: the consensus of the raters whom the network imagines."""

import torch

from helpers.nets.crowd_net import near

VOTE = 0.95     # on the diagonal of the first matrices; they are the same for every rater, so the first truth is a vote
MEMORY = 0.98   # share of the running sums that is left after a batch
SUREST = 1e-3   # no rater is thought to err less often
LATE = 0.375    # of the training


def late_consensus(done: float) -> float:
    """Weight of the consensus: 1, but 0 in the first 3/8 of the training, when nothing imagined means anything.

    Where a class is rare, every rater is imagined to see nothing of it at first; a consensus of that keeps it so.
    """
    return float(done >= LATE)


def imagined(log_p: torch.Tensor, log_a: torch.Tensor) -> torch.Tensor:
    """q_r = A_r p (B, R, K, H, W): what rater r is expected to say of an image, whether he labelled it or not."""
    return (log_a + log_p[:, None, None]).exp().sum(dim=3)


def heard(q: torch.Tensor, labels: torch.Tensor, draw: torch.Generator) -> torch.Tensor:
    """q with what one rater of each image, drawn from those who labelled it, did say; labels (B, R, H, W), -1: none.

    One, however many there are: a truth made of all labels of an image repeats the quirks of its surest rater, which
    the network would learn; one label and four that are imagined have been averaged over many images.
    """
    seen = labels >= 0
    one = torch.multinomial(seen.flatten(2).any(dim=2).float().cpu(), 1, generator=draw).to(q.device)   # (B, 1)
    seen = seen & (torch.arange(labels.shape[1], device=q.device) == one)[..., None, None]
    said = torch.stack([labels == i for i in range(q.shape[2])], dim=2).to(q.dtype)
    return torch.lerp(q, said, seen[:, :, None].to(q.dtype))


def posterior(q: torch.Tensor, confusion: torch.Tensor, prior: torch.Tensor) -> torch.Tensor:
    """log t (B, K, H, W), t_j in proportion to prior_j prod_r prod_i A_rij^q_ri: Bayes' rule for expected labels.

    q (B, R, K, H, W); `confusion` A (R, K, K), of no image; `prior` (K,).
    """
    by_class = confusion.log().flatten(0, 1).T @ q.flatten(1, 2).flatten(2)     # (B, K, H W)
    return (by_class + prior.log()[:, None]).log_softmax(dim=1).unflatten(2, q.shape[3:])


@torch.no_grad()
def consensus(q: torch.Tensor, sums: torch.Tensor | None = None) -> tuple[torch.Tensor, torch.Tensor]:
    """The truth (B, K, H, W), 1 for its class, by one step of EM from the vote, and the running sums (R, K, K).

    Sums: of q_ri t_j over the pixels, t the vote. Their columns are the raters' matrices of no image, by which the
    raters are then weighed. There is no second step: raters who err at the same places would end as the truth.
    """
    raters, classes = q.shape[1:3]
    even = near(torch.eye(classes, device=q.device), VOTE).expand(raters, classes, classes)
    vote = posterior(q, even, torch.full((classes,), 1 / classes, device=q.device)).exp()
    joint = (q.flatten(1, 2).flatten(2) @ vote.flatten(2).mT).sum(dim=0).unflatten(0, (raters, classes))
    sums = joint if sums is None else MEMORY * sums + joint
    columns = sums.sum(dim=1)                                                   # (R, K), the same for every rater
    weighed = posterior(q, (sums / columns[:, None]).clamp(min=SUREST), columns[0] / columns[0].sum())
    return decision(weighed), sums


def decision(log_p: torch.Tensor) -> torch.Tensor:
    """1 for the most probable class of each pixel, 0 for the others; log p (B, K, H, W)."""
    return (log_p == log_p.amax(dim=1, keepdim=True)).to(log_p.dtype)

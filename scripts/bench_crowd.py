"""How many images a second a crowd network is trained on, beside a plain implementation of the same step.

    python scripts/bench_crowd.py [THREADS]

Plain: the same U-Net in the usual memory order, softmax of class and matrix logits, A p by einsum, gather of what was
said, log, the trace by einsum; eager, single precision. Ours: `CrowdNet`, its memory order as in `train_crowd`,
`crowd_terms`. Same weights and images, so the same loss and gradients, which is checked. Five raters, 28 x 28.
One process; the two take turns, and the median of the ratios of neighbours counts, so that other programs slow both.
"""

import copy
import statistics
import sys
import time

import torch
from torch.nn import functional

from helpers.nets import CrowdNet, crowd_terms

RATERS, BATCH, TURNS, LAMBDA, TINY = 5, 32, 5, 0.1, 1e-12


def plain_terms(logits: torch.Tensor, matrix_logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The loss from class logits (B, K, H, W) and matrix logits (B, R K K, H, W)."""
    classes = logits.shape[1]
    p = logits.softmax(dim=1)
    a = matrix_logits.unflatten(1, (labels.shape[1], classes, classes)).softmax(dim=2)
    said = torch.einsum("brijhw,bjhw->brihw", a, p).gather(2, labels.clamp(min=0)[:, :, None])[:, :, 0]
    seen = (labels >= 0).to(p.dtype)
    share = seen / seen.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return ((-said.clamp(min=TINY).log() + LAMBDA * torch.einsum("briihw->brhw", a)) * share).sum() / len(logits)


def our_terms(log_p: torch.Tensor, log_a: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    cross_entropy, traces, _ = crowd_terms(log_p, log_a, labels)
    return (cross_entropy + LAMBDA * traces).sum() / len(log_p)


def plain_logits(net: CrowdNet, images: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    features = net.body(images)
    return net.truth(features), functional.conv2d(features, net.weight, net.bias)


def same_numbers(ours: CrowdNet, theirs: CrowdNet, images: torch.Tensor, labels: torch.Tensor) -> None:
    """In double precision, where rounding is no excuse: one loss and one gradient for every parameter."""
    ours, theirs, images = copy.deepcopy(ours).double(), copy.deepcopy(theirs).double(), images.double()
    a, b = plain_terms(*plain_logits(theirs, images), labels), our_terms(*ours(images), labels)
    assert torch.allclose(a, b, rtol=1e-10), (a, b)
    pairs = zip(torch.autograd.grad(a, list(theirs.parameters())), torch.autograd.grad(b, list(ours.parameters())),
                strict=True)
    assert all(torch.allclose(x, y, rtol=1e-6, atol=1e-10) for x, y in pairs)


def turns(plain, ours) -> tuple[float, float, float]:
    """Seconds of the processor per call of each, and the median ratio."""
    plain(), ours()
    pairs = []
    for _ in range(TURNS):
        seconds = []
        for call in (plain, ours):
            start = time.process_time()
            call()
            seconds.append(time.process_time() - start)
        pairs.append(seconds)
    return *(min(side) for side in zip(*pairs, strict=True)), statistics.median(a / b for a, b in pairs)


def row(what: str, plain, ours) -> None:
    theirs, mine, ratio = turns(plain, ours)
    print(f"{what:44}{BATCH / theirs:9.0f}{BATCH / mine:9.0f} images/s{ratio:7.2f} times", flush=True)


def bench(classes: int, missing: bool) -> None:
    torch.manual_seed(0)
    net = CrowdNet(1, classes, RATERS, "pixel")
    torch.nn.init.normal_(net.weight, std=0.1)
    theirs, images = copy.deepcopy(net), torch.rand(BATCH, 1, 28, 28)
    labels = torch.randint(classes, (BATCH, RATERS, 28, 28))
    if missing:
        labels[torch.arange(RATERS) != torch.arange(BATCH)[:, None] % RATERS] = -1
    small, last = labels.to(torch.int8), torch.channels_last
    net, ours_in = net.to(memory_format=last), images.contiguous(memory_format=last)
    rates = {"lr": 1e-3}
    optimisers = [torch.optim.Adam(model.parameters(), **rates) for model in (theirs, net)]

    same_numbers(net, theirs, images[:4], labels[:4])

    def plain_loss():
        return plain_terms(*plain_logits(theirs, images), labels)

    def our_loss():
        return our_terms(*net(ours_in), small)

    def step(loss, optimiser):
        value = loss()
        optimiser.zero_grad(set_to_none=True)
        value.backward()
        optimiser.step()
        return value.detach()

    a, b = plain_loss(), our_loss()
    assert torch.allclose(a, b, rtol=1e-5), (a, b)
    with torch.no_grad():
        logits = plain_logits(theirs, images)
    given = [t.clone().requires_grad_() for t in logits]

    def plain_only():
        plain_terms(*given, labels).backward()

    def ours_only():
        log_a = given[1].unflatten(1, (RATERS, classes, classes)).log_softmax(2)
        our_terms(given[0].log_softmax(1), log_a, small).backward()

    name = f"{classes} classes, {'one label per image' if missing else 'dense'}"
    row(f"{name}: loss alone", plain_only, ours_only)
    row(f"{name}: step of training", lambda: step(plain_loss, optimisers[0]), lambda: step(our_loss, optimisers[1]))
    net.still = True
    row(f"{name}: step, matrices still", lambda: step(plain_loss, optimisers[0]), lambda: step(our_loss, optimisers[1]))
    print(f"    loss {a:.6f} plain, {b:.6f} ours")


if __name__ == "__main__":
    torch.set_num_threads(int(sys.argv[1]) if sys.argv[1:] else 1)
    torch.set_flush_denormal(True)
    print(f"{'':44}{'plain':>9}{'ours':>9}   torch {torch.__version__}, {torch.get_num_threads()} thread(s)")
    for classes, missing in ((2, False), (2, True), (4, False)):
        bench(classes, missing)

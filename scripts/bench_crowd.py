"""How many images a second `train_crowd` trains on, beside the loop that a reader would write.

    python scripts/bench_crowd.py [CORES]

Plain: the same U-Net in the usual memory order, softmax of class and matrix logits, A p by einsum, gather of what was
said, log, the trace by einsum, Adam; eager, single precision. Ours: `train_crowd` with everything it does. The same
network, so the same loss and gradients, which is checked in double precision. Five raters, 28 x 28 pixels, batches of
32; what a rater says is the same in squares of 4 x 4 pixels, as labels are smooth. Rows with the consensus stand
beside a plain loop without it.

On one thread seconds of the processor count, which other programs do not lengthen much; on two cores, or as many as
given, seconds of the clock: run it on a quiet machine, or with 1. Several processes train one network each, as the
runner of the experiments does, and their images are added up. The loops take turns, and ratios are medians over
neighbours; the last one is that of such processes and the plain loop on as many threads.
"""

import os
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import lru_cache
from multiprocessing import get_context

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import torch  # noqa: E402
from torch.nn import functional  # noqa: E402

from helpers.nets import CrowdNet, crowd_terms, train_crowd  # noqa: E402

RATERS, SIZE, BATCH, BATCHES, LAMBDA, TINY = 5, 28, 32, 12, 0.1, 1e-12
TURNS = 5

# name, classes, depth of the U-Net, one label per image, weight of the consensus
ROWS = [("2 classes, dense", 2, 3, False, 0.0), ("2 classes, one label per image", 2, 3, True, 0.0),
        ("4 classes, dense", 4, 3, False, 0.0), ("2 classes, dense, depth 1", 2, 1, False, 0.0),
        ("2 classes, dense, consensus", 2, 3, False, 1.0), ("2 classes, one label, consensus", 2, 3, True, 1.0),
        ("2 classes, dense, depth 1, consensus", 2, 1, False, 1.0)]


@lru_cache(maxsize=1)
def material(classes: int, depth: int, single: bool) -> tuple[CrowdNet, torch.Tensor, torch.Tensor]:
    """A network, images (S, 1, H, W), labels (S, R, H, W); of the images one is left to be held out."""
    torch.manual_seed(0)
    net, count = CrowdNet(1, classes, RATERS, "pixel", depth=depth), BATCH * BATCHES + 1
    torch.nn.init.normal_(net.weight, std=0.1)
    labels = torch.randint(classes, (count, RATERS, SIZE // 4, SIZE // 4))
    labels = labels.repeat_interleave(4, dim=2).repeat_interleave(4, dim=3)
    if single:
        labels[torch.arange(RATERS) != torch.arange(count)[:, None] % RATERS] = -1
    return net, torch.rand(count, 1, SIZE, SIZE), labels


def fresh(classes: int, depth: int, like: CrowdNet) -> CrowdNet:
    net = CrowdNet(1, classes, RATERS, "pixel", depth=depth)
    net.load_state_dict(like.state_dict())
    return net


def plain_loss(net: CrowdNet, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    features, classes = net.body(images), net.truth.out_channels
    p = net.truth(features).softmax(dim=1)
    logits = functional.conv2d(features, net.weight, net.bias)
    a = logits.unflatten(1, (labels.shape[1], classes, classes)).softmax(dim=2)
    said = torch.einsum("brijhw,bjhw->brihw", a, p).gather(2, labels.clamp(min=0)[:, :, None])[:, :, 0]
    seen = (labels >= 0).to(p.dtype)
    share = seen / seen.sum(dim=(2, 3), keepdim=True).clamp(min=1)
    return ((-said.clamp(min=TINY).log() + LAMBDA * torch.einsum("briihw->brhw", a)) * share).sum() / len(images)


def our_loss(net: CrowdNet, images: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    cross_entropy, traces, _ = crowd_terms(*net(images), labels)
    return (cross_entropy + LAMBDA * traces).sum() / len(images)


def plain(classes: int, depth: int, single: bool, _: float) -> None:
    like, images, labels = material(classes, depth, single)
    net = fresh(classes, depth, like)
    optimiser = torch.optim.Adam(net.parameters(), lr=1e-2)
    for chosen in torch.randperm(len(images))[1:].split(BATCH):
        loss = plain_loss(net, images[chosen], labels[chosen])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()


def ours(classes: int, depth: int, single: bool, consensus: float) -> None:
    like, images, labels = material(classes, depth, single)
    train_crowd(images.numpy(), labels.numpy(), classes=classes, model=fresh(classes, depth, like), epochs=1,
                batch=BATCH, held_out=0, trace_weight=LAMBDA, consensus=consensus, device="cpu")


def same_numbers(*case) -> None:
    """In double precision, where rounding is no excuse: one loss and one gradient for every parameter."""
    net, images, labels = material(*case)
    net = fresh(*case[:2], net).double()
    losses = [loss(net, images[:6].double(), labels[:6]) for loss in (plain_loss, our_loss)]
    assert torch.allclose(*losses, rtol=1e-10), losses
    for x, y in zip(*(torch.autograd.grad(loss, list(net.parameters())) for loss in losses), strict=True):
        assert torch.allclose(x, y, rtol=1e-8, atol=1e-10), (x - y).abs().max()


def seconds(loop: Callable, case: tuple, threads: int, clock: Callable) -> float:
    torch.set_num_threads(threads)
    start = clock()
    loop(*case)
    return clock() - start


def at_once(pool: ProcessPoolExecutor, case: tuple, cores: int) -> float:
    """Seconds of the clock per loop when `cores` processes do one each at the same time."""
    return statistics.mean(pool.map(seconds, [ours] * cores, [case] * cores, [1] * cores,
                                    [time.perf_counter] * cores)) / cores


def row(what: str, case: tuple, pool: ProcessPoolExecutor, cores: int) -> None:
    cpu, wall, turns = time.process_time, time.perf_counter, []
    for turn in range(TURNS + 1):
        found = [seconds(plain, case, 1, cpu), seconds(ours, case, 1, cpu)]
        if cores > 1:
            found += [seconds(plain, case, cores, wall), seconds(ours, case, cores, wall), at_once(pool, case, cores)]
        if turn:                                                            # the first one warms up
            turns.append(found)
    ratios = [statistics.median(t[a] / t[b] for t in turns) for a, b in ((0, 1), (2, 4))[:cores]]
    print(f"{what:38}" + "".join(f"{BATCH * BATCHES / min(column):9.0f}" for column in zip(*turns, strict=True))
          + "".join(f"{ratio:8.2f}x" for ratio in ratios), flush=True)


def convolutions() -> float:
    """Images per second if there were nothing but the U-Net's convolutions, forward and backward, on one thread."""
    net, layers = material(2, 3, False)[0].body.to(memory_format=torch.channels_last), []
    hooks = [layer.register_forward_hook(lambda layer, given, _: layers.append((layer, given[0].detach())))
             for layer in net.modules() if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    net(torch.rand(BATCH, 1, SIZE, SIZE))
    for hook in hooks:
        hook.remove()
    for _, given in layers[1:]:
        given.requires_grad_()
    found = []
    for _ in range(20):
        start = time.process_time()
        for layer, given in layers:
            y = layer(given)
            y.backward(torch.ones_like(y))
        found.append(time.process_time() - start)
    return BATCH / min(found)


def main(cores: int) -> None:
    torch.set_flush_denormal(True)
    print(f"torch {torch.__version__}, load of the machine before the start {os.getloadavg()[0]:.1f}")
    columns = ["plain", "ours", f"plain, {cores}", f"ours, {cores}", "ours,", "ratio,", "ratio,"]
    below = ["1 thread", "1 thread", "threads", "threads", f"{cores} proc.", "1 thread", f"{cores} cores"]
    shown = range(7) if cores > 1 else (0, 1, 5)
    for what, line in (("images per second", columns), ("", below)):
        print(f"{what:38}" + "".join(f"{line[k]:>9}" for k in shown))
    with ProcessPoolExecutor(cores, get_context("spawn")) as pool:
        for what, *case in ROWS:
            same_numbers(*case[:3])
            row(what, tuple(case), pool, cores)
    torch.set_num_threads(1)
    print(f"convolutions of the U-Net of depth 3 alone, 1 thread: {convolutions():.0f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 2)

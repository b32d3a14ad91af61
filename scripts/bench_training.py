"""How fast `train` is beside the loop that a reader would write, and how much of the machine it uses.

    python scripts/bench_training.py [SLICES]

The same U-Net, loss, optimiser, batches and share of slices held out, on noise of the size of the simulated patients
(90 x 108 pixels in four modalities); 64 slices unless a number is given. The plain loop is eager float32, contiguous,
and turns one picture at a time, with scipy or with torch. Prints slices trained per second and ratios. Rows on one
thread count seconds of the processor, which other programs do not lengthen; rows on several cores and on a GPU count
seconds of the clock: run them on a quiet machine. What is reached is compared with a matrix product on the same thread
and with the network's own convolutions, one after the other with nothing between them.
"""

import os
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

for threads in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[threads] = "1"

import numpy as np  # noqa: E402
import torch  # noqa: E402
from scipy import ndimage  # noqa: E402
from torch.nn import functional  # noqa: E402
from torch.utils.flop_counter import FlopCounterMode  # noqa: E402

from helpers.nets import UNet, rotate, soft_dice_loss, train  # noqa: E402

CHANNELS, HEIGHT, WIDTH, BATCH = 4, 90, 108, 8
RUNS = 3  # the fastest counts


def slices(count: int) -> tuple[np.ndarray, np.ndarray]:
    """Noise, and a square to find in it."""
    rng = np.random.default_rng(0)
    targets = np.zeros((count, HEIGHT, WIDTH), np.float32)
    targets[:, 30:50, 40:60] = 1
    return rng.normal(size=(count, CHANNELS, HEIGHT, WIDTH)).astype(np.float32) + targets[:, None], targets


def turned_by_scipy(picture: torch.Tensor, degrees: float) -> torch.Tensor:
    return torch.from_numpy(ndimage.rotate(picture.numpy(), degrees, axes=(2, 1), reshape=False, order=1))


def turned_by_torch(picture: torch.Tensor, degrees: float) -> torch.Tensor:
    cos, sin = np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))
    turn = torch.tensor([[cos, -sin * HEIGHT / WIDTH, 0], [sin * WIDTH / HEIGHT, cos, 0]], dtype=torch.float32)
    grid = functional.affine_grid(turn[None], [1, *picture.shape], align_corners=False)
    return functional.grid_sample(picture[None], grid, align_corners=False)[0]


def plain(images: np.ndarray, targets: np.ndarray, device: str, turned: Callable) -> None:
    """One epoch as a reader would write it."""
    both = torch.from_numpy(np.concatenate([images, targets[:, None]], axis=1))
    order = np.random.default_rng(0).permutation(len(both))
    held = round(0.2 * len(both))
    model = UNet(CHANNELS).to(device)
    optimiser = torch.optim.Adam(model.parameters(), lr=2e-2)
    for chosen in np.array_split(order[held:], -(-(len(both) - held) // BATCH)):
        pictures = torch.stack([turned(both[k], np.random.uniform(-5, 5)) for k in chosen]).to(device)  # noqa: NPY002
        loss = soft_dice_loss(torch.sigmoid(model(pictures[:, :CHANNELS])), pictures[:, CHANNELS:])
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        loss.item()
    model.eval()
    with torch.no_grad():
        for k in order[:held]:
            picture = both[k : k + 1].to(device)
            soft_dice_loss(torch.sigmoid(model(picture[:, :CHANNELS])), picture[:, CHANNELS:]).item()


def ours(images: np.ndarray, targets: np.ndarray, device: str) -> None:
    train(images, targets, epochs=1, batch=BATCH, device=device)


def rate(call: Callable, done: int, clock: Callable = time.process_time, runs: int = RUNS) -> float:
    """`done` slices per second of the fastest run; the first one, which warms up, does not count."""
    seconds = []
    for _ in range(runs + 1):
        start = clock()
        call()
        seconds.append(clock() - start)
    return done / min(seconds[1:])


def rate_of_a_process(count: int) -> float:
    images, targets = slices(count)
    return rate(lambda: ours(images, targets, "cpu"), trained(count), time.perf_counter)


def trained(count: int) -> int:
    return count - round(0.2 * count)


def row(what: str, found: float, base: float) -> None:
    print(f"{what:44}{found:10.1f}{found / base:9.1f}x", flush=True)


def step_flops() -> float:
    """Of one slice, forward and backward."""
    model = UNet(CHANNELS)
    with FlopCounterMode(display=False) as counted:
        model(torch.zeros(BATCH, CHANNELS, HEIGHT, WIDTH)).sum().backward()
    return counted.get_total_flops() / BATCH


def product_flops(device: str, kind: torch.dtype, n: int) -> float:
    """Flops per second of a matrix product."""
    a, gpu = torch.ones(n, n, device=device, dtype=kind), device == "cuda"
    clock, seconds = time.perf_counter if gpu else time.process_time, []
    for _ in range(5):
        start = clock()
        (a @ a)[0, 0].item()
        seconds.append(clock() - start)
    return 2 * n**3 / min(seconds)


def convolution_rate(device: str) -> float:
    """Slices per second if there were nothing but the network's convolutions, forward and backward."""
    model, layers = UNet(CHANNELS).to(device, memory_format=torch.channels_last), []
    hooks = [layer.register_forward_hook(lambda layer, given, _: layers.append((layer, given[0].detach())))
             for layer in model.modules() if isinstance(layer, torch.nn.Conv2d | torch.nn.ConvTranspose2d)]
    x = torch.randn(BATCH, CHANNELS, HEIGHT, WIDTH, device=device).contiguous(memory_format=torch.channels_last)
    model(x)
    for hook in hooks:
        hook.remove()
    for _, given in layers[1:]:
        given.requires_grad_()

    def all_of_them() -> None:
        for layer, given in layers:
            y = layer(given)
            y.backward(torch.ones_like(y))
        if device == "cuda":
            torch.cuda.synchronize()

    whole = time.perf_counter if device == "cuda" else time.process_time
    return rate(all_of_them, BATCH, whole, 10)


def turning() -> None:
    """How long the rotations alone take, a batch at once and one by one."""
    both = torch.rand(BATCH, CHANNELS + 1, HEIGHT, WIDTH)
    angles = torch.linspace(-5, 5, BATCH)
    base = 0.0
    for what, call in (("scipy", lambda: [turned_by_scipy(x, float(a)) for x, a in zip(both, angles, strict=True)]),
                       ("torch, one by one", lambda: [turned_by_torch(x, float(a)) for x, a in
                                                      zip(both, angles, strict=True)]),
                       ("helpers.nets.rotate", lambda: rotate(both, angles))):  # fmt: skip
        found = rate(call, BATCH, runs=10)
        base = base or found
        row(f"    rotation alone, {what}", found, base)


def main(count: int) -> None:
    torch.set_num_threads(1)
    images, targets = slices(count)
    done = trained(count)
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    print(f"{count} slices of {HEIGHT} x {WIDTH} pixels, batches of {BATCH}; torch {torch.__version__}, {cores} cores")
    print(f"{'slices trained per second':44}{'':>10}{'ratio':>10}")
    slow = rate(lambda: plain(images, targets, "cpu", turned_by_scipy), done)
    row("plain loop, scipy, 1 thread", slow, slow)
    row("plain loop, torch, 1 thread", rate(lambda: plain(images, targets, "cpu", turned_by_torch), done), slow)
    fast = rate(lambda: ours(images, targets, "cpu"), done)
    row("train, 1 thread", fast, slow)
    turning()
    reached, product = fast * step_flops(), product_flops("cpu", torch.float32, 1024)
    alone = convolution_rate("cpu")
    print(f"    {reached / 1e9:.1f} of the {product / 1e9:.0f} GFLOP/s of a matrix product: {reached / product:.0%};"
          f" {fast / alone:.0%} of the {alone:.0f} slices/s of the convolutions alone")  # fmt: skip
    if cores > 1:
        torch.set_num_threads(cores)
        row(f"plain loop, scipy, {cores} threads, by the clock",
            rate(lambda: plain(images, targets, "cpu", turned_by_scipy), done, time.perf_counter), slow)
        row(f"train, {cores} threads, by the clock",
            rate(lambda: ours(images, targets, "cpu"), done, time.perf_counter), slow)
        torch.set_num_threads(1)
        with ProcessPoolExecutor(cores, get_context("spawn"), torch.set_num_threads, (1,)) as pool:
            list(pool.map(rate_of_a_process, [16] * cores))  # starts them all
            together = sum(pool.map(rate_of_a_process, [count] * cores))
        row(f"train, {cores} processes as in the runner, by the clock", together, slow)
    if torch.cuda.is_available():
        on_gpu(*slices(8 * count))


def on_gpu(images: np.ndarray, targets: np.ndarray) -> None:
    print(torch.cuda.get_device_name())
    done = trained(len(images))
    slow = rate(lambda: plain(images, targets, "cuda", turned_by_scipy), done, time.perf_counter)
    row("plain loop, scipy", slow, slow)
    fast = rate(lambda: ours(images, targets, "cuda"), done, time.perf_counter)
    row("train", fast, slow)
    product, alone = product_flops("cuda", torch.bfloat16, 8192), convolution_rate("cuda")
    print(f"    {fast * step_flops() / 1e12:.2f} of the {product / 1e12:.0f} TFLOP/s of a matrix product in bfloat16;"
          f" {fast / alone:.0%} of the {alone:.0f} slices/s of the convolutions alone, in float32")  # fmt: skip


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 64)

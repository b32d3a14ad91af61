"""The part of Student-t fusion that goes over all voxels, on torch: the same algebra, on a GPU if there is one."""

from collections.abc import Callable

import numpy as np
import torch

from helpers.fusion.student_local import HIGH, LOW, ROUNDS, SHARE, Prior, Raters, Sums
from helpers.fusion.symmetric import packed
from helpers.nets.device import as_device

CHUNK = 1 << 20  # voxels


def local_step_on(device: str = "auto") -> Callable:
    """`local_step` of `helpers.fusion.student_local` on a device, in double precision, for `student_t(local_step=...)`.

    The points x go to the device once; E[tau], E[T] and S_T come back after every pass.
    """
    device, known = as_device(device), {}

    def on(array) -> torch.Tensor:
        return torch.as_tensor(np.ascontiguousarray(array, dtype=np.float64), device=device)

    def local_step(x: np.ndarray, tau: np.ndarray, raters: Raters, prior: Prior, rounds: int = ROUNDS):
        if known.get("x") is not x:
            known.update(x=x, points=on(x))
        count, c, n = x.shape
        precision, spread_b, bias = (on(a) for a in (np.linalg.inv(raters.covariance), raters.bias_spread, raters.bias))
        of_bias = torch.einsum("rij,rji->r", precision, spread_b)[:, None]
        dof, mean = on(raters.dof)[:, None], None if prior.mean is None else on(prior.mean)
        add = torch.eye(c, dtype=torch.float64, device=device) / prior.variance
        consensus, spread, total = np.empty((c, n)), np.empty((c * (c + 1) // 2, n)), []
        for start in range(0, n, CHUNK):
            part = slice(start, start + CHUNK)
            above, t = known["points"][:, :, part] - bias[:, :, None], on(tau[:, part])
            drawn = 0.0 if mean is None else mean[:, part]
            for _ in range(1 if raters.gaussian else rounds):
                a = torch.einsum("rij,rn->nij", precision, t) + add
                s = torch.linalg.inv(a)
                pull = torch.einsum("rij,rjn->in", precision, above * t[:, None]) + drawn / prior.variance
                fused = torch.einsum("nij,jn->in", s, pull)
                r = above - fused
                m = torch.einsum("rin,rij,rjn->rn", r, precision, r) + of_bias
                m = m + torch.einsum("rij,nji->rn", precision, s)
                if not raters.gaussian:
                    ratio = 1 + m / dof
                    t = (1 + c / dof) / ratio
            tau[:, part], consensus[:, part] = t.cpu().numpy(), fused.cpu().numpy()
            spread[:, part] = packed(s.cpu().numpy())
            sums = {
                "weight": t.sum(1), "residual": torch.einsum("rn,rcn->rc", t, r),
                "scatter": torch.einsum("rn,rcn,rdn->rcd", t, r, r), "spread": torch.einsum("rn,nij->rij", t, s),
                "tail": m.sum(1) if raters.gaussian else torch.log(ratio).sum(1), "entropy": -torch.logdet(a).sum(),
                "off_prior": torch.square(fused - drawn).sum() if mean is not None else 0.0,
                "variance": torch.einsum("nii->", s),
            }  # fmt: skip
            sums["counts"], sums["masses"] = (np.zeros((count, 0)),) * 2 if raters.gaussian else binned(m)
            total.append({name: value.cpu().numpy() if isinstance(value, torch.Tensor) else value
                          for name, value in sums.items()})  # fmt: skip
        together = {name: sum(one[name] for one in total) for name in total[0]}
        return consensus, spread, Sums(n=n, **together)

    return local_step


def binned(m: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How many of m (R, n) fall into each bin, and their sums, (R, B) each; see `helpers.fusion.student_local`."""
    first, last = (int(np.exp2(x).view(np.int64) >> SHARE) for x in (np.float64(LOW), np.float64(HIGH)))
    size = len(m) * (last - first)
    index = (m.clamp(2.0**LOW, float(np.nextafter(2.0**HIGH, 0))).view(torch.int64) >> SHARE) - first
    index = (index + torch.arange(len(m), device=m.device)[:, None] * (last - first)).ravel()
    found = (torch.bincount(index, weights, size) for weights in (None, m.ravel()))
    return tuple(one.reshape(len(m), -1) for one in found)

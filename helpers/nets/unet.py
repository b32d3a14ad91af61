"""The 2-D U-Net of the papers, with its width and depth as arguments."""

import torch
from torch import nn
from torch.nn import functional


class UNet(nn.Module):
    """Images (B, channels, H, W) to logits (B, classes, H, W).

    `depth` times: two 3x3 convolutions, then a 2x2 max-pool; back up by 2x2 transposed convolutions, each joined to
    what went down at its size. Level k has `width` 2^k channels. H and W may be any: they are padded to a multiple of
    2^depth with zeros inside, and the logits are cut back.
    """

    def __init__(self, channels: int, classes: int = 1, width: int = 8, depth: int = 3):
        super().__init__()
        for name, value, least in (("channels", channels, 1), ("classes", classes, 1), ("width", width, 1),
                                   ("depth", depth, 0)):
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name} is {value!r}, expected a whole number of at least {least}.")
        widths = [width * 2**k for k in range(depth + 1)]
        self.channels, self.depth = channels, depth
        self.down = nn.ModuleList(two_convolutions(i, o) for i, o in zip([channels, *widths], widths, strict=False))
        self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, stride=2) for w in widths[:-1])
        self.join = nn.ModuleList(two_convolutions(2 * w, w) for w in widths[:-1])
        self.last = nn.Conv2d(width, classes, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.last(self.features(x))[..., :x.shape[2], :x.shape[3]]

    def features(self, x: torch.Tensor) -> torch.Tensor:
        """What the last layer is given, (B, width, H', W'), as large as the padded images."""
        if x.ndim != 4 or x.shape[1] != self.channels:
            raise ValueError(f"images have shape {tuple(x.shape)}, expected (B, {self.channels}, H, W).")
        height, width = x.shape[2:]
        multiple = 2**self.depth
        if height % multiple or width % multiple:
            x = functional.pad(x, (0, -width % multiple, 0, -height % multiple))
        kept = []                                                # per level (B, width 2^k, H / 2^k, W / 2^k)
        for level, convolutions in enumerate(self.down):
            x = convolutions(functional.max_pool2d(x, 2) if level else x)
            kept.append(x)
        for level in reversed(range(self.depth)):
            x = self.join[level](torch.cat([self.up[level](x), kept[level]], dim=1))
        return x


def two_convolutions(channels: int, width: int) -> nn.Sequential:
    """Convolution, batch normalisation and ReLU, twice. A bias would be taken away by the normalisation."""
    return nn.Sequential(
        nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
        nn.Conv2d(width, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True),
    )

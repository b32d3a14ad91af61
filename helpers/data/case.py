"""One case: images, what each rater drew, and where it all comes from."""

from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True, eq=False)
class Case:
    """What every loader returns. Arrays are in (x, y, z) order; nothing is cast, it is checked.

    `raters` holds 0 and 1, or -1 (int8) where a rater did not look. When `notes["classes"]` is a tuple of
    K names, raters hold labels 0..K-1 and `truth` is (K, *space).
    `spacing` has one entry per spatial axis: as many as the arrays have axes, or one fewer when the first
    axis counts separate pictures (MNIST).
    """

    name: str
    images: dict[str, np.ndarray]  # modality -> (*space) float32
    raters: np.ndarray  # (R, *space) uint8, or int8 with -1; R may be 0
    names: tuple[str, ...]  # R of them
    spacing: tuple[float, ...]  # mm
    affine: np.ndarray  # (4, 4) voxel -> mm, RAS
    provenance: str  # one line: origin and licence
    truth: np.ndarray | None = None  # (*space) float32 in [0, 1]: partial-volume truth, where it is known
    notes: dict = field(default_factory=dict)

    @property
    def shape(self) -> tuple[int, ...]:
        return self.raters.shape[1:]

    @property
    def truth_mask(self) -> np.ndarray | None:
        """The truth cut at one half; with classes, the likeliest class of each voxel."""
        if self.truth is None:
            return None
        if "classes" in self.notes:
            return self.truth.argmax(axis=0).astype(np.uint8)
        return (self.truth >= 0.5).astype(np.uint8)

    def __post_init__(self) -> None:
        self._check_raters()
        self._check_images()
        self._check_grid()
        self._check_truth()

    def _check_raters(self) -> None:
        classes = self.notes.get("classes", ("background", "foreground"))
        _require(
            isinstance(classes, tuple) and len(classes) >= 2,
            f'notes["classes"] is {classes!r}, expected a tuple of at least two names',
        )
        _require(
            isinstance(self.raters, np.ndarray) and self.raters.ndim >= 2,
            "raters must be an array of shape (R, *space), R may be 0",
        )
        _require(
            self.raters.dtype in (np.uint8, np.int8),
            f"raters has dtype {self.raters.dtype}, expected uint8, or int8 with -1 for not seen",
        )
        _require(
            isinstance(self.names, tuple) and len(self.names) == len(self.raters),
            f"names is {self.names!r}, expected a tuple of {len(self.raters)}, one per rater",
        )
        if self.raters.size:
            low, high = int(self.raters.min()), int(self.raters.max())
            _require(
                low >= -1 and high < len(classes),
                f"raters spans {low} to {high}, expected 0 to {len(classes) - 1}, or -1 for not seen",
            )

    def _check_images(self) -> None:
        for modality, image in self.images.items():
            _require(
                image.dtype == np.float32, f"image {modality!r} has dtype {image.dtype}, expected float32"
            )
            _require(
                image.shape == self.shape,
                f"image {modality!r} has shape {image.shape}, expected {self.shape} like the raters",
            )
            _require(bool(np.isfinite(image).all()), f"image {modality!r} has values that are not finite")

    def _check_grid(self) -> None:
        axes = len(self.shape)
        _require(
            isinstance(self.spacing, tuple) and len(self.spacing) in (axes, axes - 1),
            f"spacing is {self.spacing!r}, expected a tuple of {axes} numbers, one per axis of {self.shape}",
        )
        _require(
            all(0 < step < np.inf for step in self.spacing),
            f"spacing is {self.spacing!r}, expected positive numbers of mm",
        )
        _require(
            np.shape(self.affine) == (4, 4) and bool(np.isfinite(self.affine).all()),
            f"affine has shape {np.shape(self.affine)}, expected a finite (4, 4)",
        )
        if len(self.spacing) == 3:
            steps = np.linalg.norm(np.asarray(self.affine)[:3, :3], axis=0)
            _require(
                bool(np.allclose(steps, self.spacing, rtol=1e-3)),
                f"spacing is {self.spacing}, but the affine steps {tuple(steps.round(4).tolist())} mm",
            )

    def _check_truth(self) -> None:
        if self.truth is None:
            return
        classes = self.notes.get("classes")
        expected = (len(classes), *self.shape) if classes else self.shape
        _require(self.truth.dtype == np.float32, f"truth has dtype {self.truth.dtype}, expected float32")
        _require(self.truth.shape == expected, f"truth has shape {self.truth.shape}, expected {expected}")
        low, high = float(self.truth.min()), float(self.truth.max())
        _require(
            low >= 0 and high <= 1, f"truth spans {low} to {high}, expected values in [0, 1]"
        )  # NaN fails too


def _require(good: bool, sentence: str) -> None:
    if not good:
        raise ValueError(f"Case: {sentence}.")

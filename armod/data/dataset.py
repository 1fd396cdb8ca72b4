"""`Dataset`: levels in three fixed splits, and where they come from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Observations as levels ``0..num_levels-1``, split once and for all into train, valid and test.

    ``train``, ``valid``, ``test``: uint8 tensors ``(N, *event_shape)``. ``labels``: for each split an int64 tensor
    ``(N,)`` of classes, or None where the source has none. ``source``, ``licence``: in words. ``sha256``: of the file
    behind the data; of several files, that of the listing ``sha256sum FILE ...`` (see LICENSES.md).

    Only some data have more to say. ``texts``: for each split one string an observation, what is said in a sound or which
    piece a score is cut from. ``symbols``: what each level stands for in a text, `num_levels` strings, so that
    ``"".join(data.symbols[level] for level in data.train[0])`` is readable. ``sample_rate``: of a sound, in hertz.

    Raises:
        ValueError: if the splits differ in event shape, are not uint8, or hold a level outside ``0..num_levels-1``; or if
            there are not as many symbols as levels.

    >>> Dataset("coins", *torch.tensor([[[0], [1]], [[1], [1]], [[0], [0]]], dtype=torch.uint8), num_levels=2)
    Dataset 'coins': train 2, valid 2, test 2; event shape (1,), 2 levels
    """

    name: str
    train: Tensor
    valid: Tensor
    test: Tensor
    num_levels: int
    labels: Mapping[str, Tensor] | None = None
    source: str = ""
    licence: str = ""
    sha256: str = ""
    context: Mapping[str, Tensor] | None = None
    texts: Mapping[str, tuple[str, ...]] | None = None
    symbols: tuple[str, ...] | None = None
    sample_rate: int | None = None

    def __post_init__(self) -> None:
        """Refuse splits that do not fit together."""
        for split in SPLITS:
            levels: Tensor = getattr(self, split)
            if levels.dtype != torch.uint8 or levels.shape[1:] != self.event_shape:
                raise ValueError(
                    f"Every split of {self.name!r} must be a uint8 tensor (N, {', '.join(map(str, self.event_shape))}); "
                    f"{split} is {levels.dtype} {tuple(levels.shape)}."
                )
            if levels.numel() and int(levels.max()) >= self.num_levels:
                raise ValueError(
                    f"{self.name!r} has {self.num_levels} levels, but its {split} split holds level {int(levels.max())}."
                )
        if self.symbols is not None and len(self.symbols) != self.num_levels:
            raise ValueError(
                f"{self.name!r} has {self.num_levels} levels, but {len(self.symbols)} symbols: each level of a text is one "
                "symbol, so that it can't be put on other levels."
            )

    @property
    def event_shape(self) -> torch.Size:
        """Shape of one observation: ``(1, H, W)`` for grey images."""
        return self.train.shape[1:]

    def binarize(self, threshold: int | None = None) -> Dataset:
        """The same observations in black and white: 1 where ``level >= threshold``, which is half the levels by default.

        The new name says how, because likelihoods compare only between models of *one* data set: MNIST cut at a
        threshold, MNIST with every pixel drawn anew from its grey level, and the fixed draw ``"binarized_mnist"`` of the
        literature are three data sets whose nats do not compare. Data that is binary already is
        returned as it is. Splits, labels, source and sha256 (of the grey files) stay.

        Raises:
            ValueError: for a threshold outside ``1..num_levels-1``, which would leave a single level; and for a text.

        >>> grey = torch.tensor([[[7], [8]]], dtype=torch.uint8)
        >>> Dataset("dots", *grey.expand(3, 2, 1), num_levels=17).binarize()
        Dataset 'dots, binary (>= 8)': train 2, valid 2, test 2; event shape (1,), 2 levels
        """
        if threshold is None:
            threshold = self.num_levels // 2
        if not 1 <= threshold < self.num_levels:
            raise ValueError(
                f"A threshold for {self.name!r} lies in 1..{self.num_levels - 1}, its levels but the lowest; "
                f"got {threshold}."
            )
        if self.num_levels == 2:
            return self
        return replace(
            self,
            name=f"{self.name}, binary (>= {threshold})",
            num_levels=2,
            train=(self.train >= threshold).to(torch.uint8),
            valid=(self.valid >= threshold).to(torch.uint8),
            test=(self.test >= threshold).to(torch.uint8),
        )

    def quantize(self, num_levels: int) -> Dataset:
        """The same observations on `num_levels` coarser levels, each of which joins equally many old ones, or almost.

        Level l of K becomes ``floor(l * num_levels / K)``. The new name says so, because likelihoods of different
        levels do not compare. As many levels as there are already: the data as it is.

        Raises:
            ValueError: for fewer than 2 levels, or for more than there are.

        >>> grey = torch.tensor([[[0], [127], [128], [255]]], dtype=torch.uint8)
        >>> Dataset("dots", *grey.expand(3, 4, 1), num_levels=256).quantize(4).train.flatten().tolist()
        [0, 1, 2, 3]
        """
        if not 2 <= num_levels <= self.num_levels:
            raise ValueError(
                f"{self.name!r} can be quantised to 2..{self.num_levels} levels, not to {num_levels}."
            )
        if num_levels == self.num_levels:
            return self
        coarse = torch.arange(self.num_levels).mul(num_levels).div(self.num_levels, rounding_mode="floor")
        coarse = coarse.to(torch.uint8)
        return replace(
            self,
            name=f"{self.name}, {num_levels} levels",
            num_levels=num_levels,
            train=coarse[self.train.int()],
            valid=coarse[self.valid.int()],
            test=coarse[self.test.int()],
        )

    def given_labels(self) -> Dataset:
        """The same observations, each with its class as context: one-hot float32 rows ``(N, number of classes)``.

        The new name says so: a likelihood given the class does not compare with one that is not told it.

        Raises:
            ValueError: if the data has no labels.

        >>> bits = torch.tensor([[[0], [1]]], dtype=torch.uint8).expand(3, 2, 1)
        >>> labels = dict.fromkeys(SPLITS, torch.tensor([2, 0]))
        >>> Dataset("coins", *bits, num_levels=2, labels=labels).given_labels().context["test"].tolist()
        [[0.0, 0.0, 1.0], [1.0, 0.0, 0.0]]
        """
        if self.labels is None:
            raise ValueError(f"{self.name!r} has no labels that could be given to a model.")
        num_classes = 1 + max(int(classes.max()) for classes in self.labels.values() if len(classes))
        context = {
            split: nn.functional.one_hot(classes, num_classes).float()
            for split, classes in self.labels.items()
        }
        return replace(self, name=f"{self.name}, given its labels", context=context)

    def pairs(self, split: str) -> Tensor | tuple[Tensor, Tensor]:
        """The levels of one split, as a pair with their context if there is one: what `armod.fit` takes."""
        levels: Tensor = getattr(self, split)
        return levels if self.context is None else (levels, self.context[split])

    def __repr__(self) -> str:
        """Name, sizes, shape, levels and licence in one line; never the tensors."""
        sizes = ", ".join(f"{split} {len(getattr(self, split)):,}" for split in SPLITS)
        licence = f"; {self.licence}" if self.licence else ""
        return f"Dataset {self.name!r}: {sizes}; event shape {tuple(self.event_shape)}, {self.num_levels} levels{licence}"

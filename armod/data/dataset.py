"""`Dataset`: levels in three fixed splits, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor, nn

from armod.data.text import BytePairs, decode
from armod.data.windows import cut
from armod.inputs import described
from armod.settings import check_sizes, shown, whole_numbers

SPLITS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False, repr=False)
class Dataset:
    """Observations as levels ``0..num_levels-1``, divided once and for all into the splits train, valid and test.

    Args:
        name: what reports call the data.
        train: uint8 tensor ``(N, *event_shape)`` of levels; int16 for more than 256 levels.
        valid: the same for the held-out split that models are chosen on.
        test: the same for the held-out split that likelihoods are reported on.
        num_levels: K, the number of values that a variable can take.
        labels: int64 tensor ``(N,)`` of classes for each split; None if the source has no classes.
        source: where the data come from, in words.
        licence: the licence of the data, in words.
        sha256: hash of the file behind the data. For several files it is the hash of what ``sha256sum FILE ...`` prints
            (see LICENSES.md).
        context: what a model is given beside the levels, a tensor ``(N, ...)`` for each split.
        texts: one string per observation for each split: what is said in a sound, or which piece a score is cut from.
        symbols: what each level of a text stands for, `num_levels` strings.
            ``"".join(data.symbols[level] for level in data.train[0])`` is readable.
        sample_rate: samples per second (hertz) of a sound.

    Raises:
        ValueError: if the splits differ in event shape, are not uint8 (or int16), or contain a level outside ``0..num_levels-1``, or
            if the number of symbols is not `num_levels`.

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
        object.__setattr__(self, "num_levels", *check_sizes(num_levels=self.num_levels))
        due = str(self._dtype).removeprefix("torch.")
        for split in SPLITS:
            levels: Tensor = getattr(self, split)
            if not isinstance(levels, Tensor):
                raise ValueError(
                    f"Every split of {self.name!r} must be a {due} tensor (N, *event_shape), but {split} is "
                    f"{described(levels)}."
                )
            if levels.dtype != self._dtype or levels.shape[1:] != self.event_shape:
                raise ValueError(
                    f"Every split of {self.name!r} must be a {due} tensor (N, {', '.join(map(str, self.event_shape))}); "
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
        """Shape of one observation, such as ``(1, H, W)`` for grey images."""
        return self.train.shape[1:]

    @property
    def _dtype(self) -> torch.dtype:
        return torch.uint8 if self.num_levels <= 256 else torch.int16

    def binarize(self, threshold: int | None = None) -> Dataset:
        """Turn the observations into black and white: 1 where ``level >= threshold``, else 0.

        The new name states the threshold, because likelihoods compare only between models of *one* data set. MNIST cut at
        a threshold, MNIST with every pixel drawn anew from its grey level, and the fixed draw ``"binarized_mnist"`` of
        the literature are three different data sets.

        Args:
            threshold: the lowest level that becomes 1; by default half of `num_levels`.

        Returns:
            A data set of 2 levels with the same splits, labels, source and sha256; this one if it is binary already.

        Raises:
            ValueError: if the threshold is outside ``1..num_levels-1``, or if the data are a text.

        >>> grey = torch.tensor([[[7], [8]]], dtype=torch.uint8)
        >>> Dataset("dots", *grey.expand(3, 2, 1), num_levels=17).binarize()
        Dataset 'dots, binary (>= 8)': train 2, valid 2, test 2; event shape (1,), 2 levels
        """
        if threshold is None:
            threshold = self.num_levels // 2
        number = whole_numbers([threshold])
        if number is None or not 1 <= number[0] < self.num_levels:
            raise ValueError(
                f"A threshold for {self.name!r} lies in 1..{self.num_levels - 1}, its levels but the lowest; "
                f"got {shown(threshold)}."
            )
        if self.num_levels == 2:
            return self
        return self._on_levels(2, f"binary (>= {threshold})", lambda levels: levels >= threshold)

    def quantize(self, num_levels: int) -> Dataset:
        """Merge neighbouring levels so that only `num_levels` remain.

        Level l of K becomes ``floor(l * num_levels / K)``. The new name says so, because likelihoods on different levels
        do not compare.

        Args:
            num_levels: the new number of levels, from 2 to the present number.

        Returns:
            A data set with the same splits and labels; this one if it has `num_levels` levels already.

        Raises:
            ValueError: if `num_levels` is less than 2 or more than the present number.

        >>> grey = torch.tensor([[[0], [127], [128], [255]]], dtype=torch.uint8)
        >>> Dataset("dots", *grey.expand(3, 4, 1), num_levels=256).quantize(4).train.flatten().tolist()
        [0, 1, 2, 3]
        """
        number = whole_numbers([num_levels])
        if number is None or not 2 <= number[0] <= self.num_levels:
            raise ValueError(
                f"{self.name!r} can be quantised to 2..{self.num_levels} levels, not to {shown(num_levels)}."
            )
        (num_levels,) = number
        if num_levels == self.num_levels:
            return self
        coarse = torch.arange(self.num_levels).mul(num_levels).div(self.num_levels, rounding_mode="floor")
        return self._on_levels(num_levels, f"{num_levels} levels", lambda levels: coarse[levels.int()])

    def given_labels(self) -> Dataset:
        """Give each observation its class as context.

        The new name says so, because a likelihood given the class does not compare with one without it.

        Returns:
            A data set whose context holds one-hot float32 rows ``(N, number of classes)``.

        Raises:
            ValueError: if the data have no labels.

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

    def text(self, split: str) -> str:
        """Return one split of a text as a string, its observations one after the other.

        Args:
            split: "train", "valid" or "test".

        Returns:
            The symbols of all levels.

        Raises:
            ValueError: if there is no such split, or the data are no text.

        >>> Dataset("notes", *torch.tensor([[[1, 0]], [[0, 1]], [[1, 1]]], dtype=torch.uint8), 2, symbols=("a", "b")).text("test")
        'bb'
        """
        levels = self._split(split)
        if self.symbols is None:
            raise ValueError(f"{self.name!r} is no text, as its levels have no symbols.")
        return decode(levels.flatten(), self.symbols)

    def tokenize(self, pairs: BytePairs, length: int, *, stride: int | None = None) -> Dataset:
        """Write a text in tokens of several characters, and cut it into windows anew.

        The new name says so. A bit per token is not a bit per character: `armod.evaluate` reports both. A text can be written
        in tokens in many ways, of which a likelihood counts one, so its bits per character are an upper bound.

        Args:
            pairs: the tokens, learnt from a text with all characters of this one.
            length: T, the tokens of a window.
            stride: tokens from the beginning of one train window to the next; None is `length`. Fewer make more windows, in
                which each token has several places. The windows of valid and test do not overlap.

        Returns:
            A data set of event shape ``(T,)`` with the symbols of `pairs`.

        Raises:
            ValueError: if the data are no text, `pairs` are not fitted, or a size is below 1.

        >>> abc = torch.tensor([[[0, 1, 0, 1, 2, 0]]] * 3, dtype=torch.uint8)
        >>> text = Dataset("notes", *abc, 3, symbols=("a", "b", "c"))
        >>> tokens = text.tokenize(BytePairs(1).fit(text.text("train")), length=2)
        >>> tokens, tokens.train.tolist()
        (Dataset 'notes, 4 tokens': train 2, valid 2, test 2; event shape (2,), 4 levels, [[3, 3], [2, 0]])
        """
        length, stride = check_sizes(length=length, stride=length if stride is None else stride)
        if not isinstance(pairs, BytePairs) or not pairs.symbols:
            raise ValueError("pairs are BytePairs that were fitted to a text.")
        dtype = torch.uint8 if pairs.num_levels <= 256 else torch.int16
        splits: dict[str, Any] = {}
        for split in SPLITS:
            levels = pairs.encode(self.text(split)).to(dtype)
            if split == "train" and len(levels) >= length:
                splits[split] = levels.unfold(0, length, stride).contiguous()
            else:
                splits[split] = cut(levels, length)
        name = f"{self.name}, {pairs.num_levels} tokens"
        return replace(self, name=name, num_levels=pairs.num_levels, symbols=pairs.symbols, **splits)

    def given(
        self, context: Callable[[Tensor], Tensor] | Mapping[str, Tensor], *, what: str = "a context"
    ) -> Dataset:
        """Give each observation a context: what a model is told beside the levels.

        The new name says so, because a likelihood given something does not compare with one without it.

        Args:
            context: a function from levels ``(N, *event_shape)`` to their contexts ``(N, ...)``, which is called for each split;
                or the contexts themselves, one tensor ``(N, ...)`` for each split.
            what: what it is, for the name.

        Returns:
            A data set of pairs: its `pairs` are (levels, context), which `armod.fit` takes.

        Raises:
            ValueError: if a split has no context, or another number of contexts than observations.

        >>> bits = torch.tensor([[[0, 1], [1, 1]]], dtype=torch.uint8).expand(3, 2, 2)
        >>> told = Dataset("coins", *bits, num_levels=2).given(lambda levels: levels.sum(1), what="their sum")
        >>> told.name, told.pairs("test")[1].tolist()
        ('coins, given their sum', [1, 2])
        """
        if not isinstance(context, Mapping) and not callable(context):
            raise ValueError(
                f"context is a function of levels, or a dict of a tensor for each split, not {described(context)}."
            )
        if isinstance(context, Mapping) and set(context) != set(SPLITS):
            raise ValueError(f"context has the splits {', '.join(SPLITS)}, not {shown(list(context))}.")
        found = {}
        for split in SPLITS:
            levels: Tensor = getattr(self, split)
            found[split] = context[split] if isinstance(context, Mapping) else context(levels)
            if not isinstance(found[split], Tensor) or found[split].shape[:1] != levels.shape[:1]:
                what_came = (
                    f"shape {tuple(found[split].shape)}"
                    if isinstance(found[split], Tensor)
                    else described(found[split])
                )
                raise ValueError(
                    f"context is a tensor with a row for each of the {len(levels)} observations in {split}, not {what_came}."
                )
        return replace(self, name=f"{self.name}, given {what}", context=found)

    def pairs(self, split: str) -> Tensor | tuple[Tensor, Tensor]:
        """Return one split in the form that `armod.fit` takes.

        Args:
            split: "train", "valid" or "test".

        Returns:
            The levels ``(N, *event_shape)``, or the pair (levels, context) if there is a context.

        Raises:
            ValueError: if there is no such split.
        """
        levels = self._split(split)
        return levels if self.context is None else (levels, self.context[split])

    def _split(self, split: str) -> Tensor:
        if split not in SPLITS:
            raise ValueError(
                f"split is {', '.join(map(repr, SPLITS[:-1]))} or {SPLITS[-1]!r}, not {shown(split)}."
            )
        levels: Tensor = getattr(self, split)
        return levels

    def _on_levels(self, num_levels: int, how: str, change: Callable[[Tensor], Tensor]) -> Dataset:
        """The same data with every level changed; the new name says how."""
        splits: dict[str, Any] = {split: change(getattr(self, split)).to(torch.uint8) for split in SPLITS}
        return replace(self, name=f"{self.name}, {how}", num_levels=num_levels, **splits)

    def __repr__(self) -> str:
        sizes = ", ".join(f"{split} {len(getattr(self, split)):,}" for split in SPLITS)
        licence = f"; {self.licence}" if self.licence else ""
        return f"Dataset {self.name!r}: {sizes}; event shape {tuple(self.event_shape)}, {self.num_levels} levels{licence}"

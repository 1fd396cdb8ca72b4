"""The mask lab on a live kernel: draw masks, and train a model with them in the next cell."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch
import traitlets
from numpy.typing import NDArray
from torch import Tensor, distributions

from armod.course.labs.live.widget import LiveLab, Numbers
from armod.course.labs.mask.facts import MaskFacts, as_text, mask_facts, say
from armod.course.labs.page import Widget, check_knobs
from armod.measures.dependency import total_probability
from armod.models.base import AutoregressiveModel
from armod.models.made.masks import masks, who_sees_whom
from armod.orderings import as_permutation

MOST_ENUMERATED = 10  # variables whose observations are added up


def _from_text(rows: Any, _: object = None) -> Any:
    """Masks that a page sent, as boolean tensors."""
    return [torch.tensor([[bit == "1" for bit in row] for row in mask]) for mask in rows]


class LiveMaskLab(LiveLab):
    """A network of masks to be edited in the page or from Python.

    Args:
        facts: the network at first.
        page: makes the page of a network, given its facts.

    Attributes:
        ordering: permutation ``(D,)`` as a list. Set from Python, it makes all masks anew.
        degrees: those of the hidden units, one list a layer. Set from Python, they make all masks anew.
        masks: boolean tensors ``(units above, units below)``, from the inputs up.
        output: the chosen variable, from 0.
        note: what the kernel says of the network: its leaks, and for up to 10 variables the total probability of a random one
            with these masks.
    """

    ordering = Numbers(traitlets.Int()).tag(sync=True)
    degrees = traitlets.List(Numbers(traitlets.Int())).tag(sync=True)
    masks: traitlets.List[Any] = traitlets.List().tag(
        sync=True, to_json=lambda value, _: as_text(value), from_json=_from_text
    )
    output = traitlets.Int().tag(sync=True)
    note = traitlets.Unicode().tag(sync=True)

    def __init__(self, facts: MaskFacts, page: Callable[[MaskFacts], Widget]) -> None:
        self._page = page
        hidden = [layer.tolist() for layer in facts.degrees[1:-1]]
        super().__init__(
            ordering=facts.ordering.tolist(), degrees=hidden, masks=list(facts.masks), output=facts.output
        )

    @property
    def facts(self) -> MaskFacts:
        """What the lab shows now, as armod computes it."""
        hidden = [torch.tensor(layer) for layer in self.degrees]
        return mask_facts(self.ordering, hidden, self.output, self.masks)

    def tabled(self) -> Widget:
        """The lab without a kernel."""
        return self._page(self.facts)

    def _renew(self) -> None:
        size = len(self.ordering)
        place = torch.argsort(torch.tensor(self.ordering))
        sees = who_sees_whom(self.masks) > 0
        leaks = int((sees & (place[:, None] <= place[None, :])).sum())
        if size > MOST_ENUMERATED:
            self.note = say("note_many", leaks=leaks, size=size)
        else:
            total = total_probability(_Masked(self.ordering, self.masks))
            self.note = say("note", leaks=leaks, count=2**size, total=total)

    @traitlets.validate("ordering", "degrees", "masks", "output")
    def _fits(self, proposal: dict[str, Any]) -> Any:
        value, name = proposal["value"], proposal["trait"].name
        if self._busy:
            return value
        size = len(self.ordering)
        if name == "ordering":
            return as_permutation(value, (size,)).tolist()
        if name == "output":
            check_knobs("mask lab", output=(value, range(size)))
        elif name == "masks":
            try:
                value = [torch.as_tensor(mask).bool() for mask in value]
            except (TypeError, ValueError, RuntimeError):
                raise ValueError("masks are tensors of zeros and ones, one a layer.") from None
            sizes = [size, *map(len, self.degrees), size]
            due = list(zip(sizes[1:], sizes, strict=False))
            if [tuple(mask.shape) for mask in value] != due:
                raise ValueError(
                    f"masks are one matrix a layer, (units above, units below): {due}; got {[tuple(mask.shape) for mask in value]}."
                )
        elif any(not 0 <= degree < max(size, 2) for layer in value for degree in layer) or not all(value):
            raise ValueError(f"degrees are numbers from 0 to {size - 1}, one list a layer; got {value}.")
        return value

    @traitlets.observe("ordering", "degrees", "masks")
    def _changed(self, change: dict[str, Any]) -> None:
        if self._busy:
            return
        with self._quietly():
            if change["name"] != "masks":
                self.masks = masks(
                    torch.tensor(self.ordering), [torch.tensor(layer) for layer in self.degrees]
                )
            self._renew()


def random_weights(count: int) -> NDArray[np.float64]:
    """Random numbers of mean 0 and variance 1 that a page makes too (editing.js, the generator mulberry32), so that both add up alike.

    >>> random_weights(4).round(3).tolist()
    [-0.809, -1.731, -0.959, -1.226]
    """
    state = np.arange(1, count + 1, dtype=np.uint32) * np.uint32(0x6D2B79F5)
    mixed = (state ^ (state >> 15)) * (state | 1)
    mixed ^= mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)
    return math.sqrt(3) * (2 * ((mixed ^ (mixed >> 14)) / 2**32) - 1)


class _Masked(AutoregressiveModel):
    """A network of bits with these masks, whatever they are, and weights large enough for a leak to be noticed."""

    def __init__(self, ordering: Sequence[int], layer_masks: Sequence[Tensor]) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([len(ordering)]), torch.tensor(ordering)
        numbers = torch.from_numpy(random_weights(sum(mask.numel() for mask in layer_masks)))
        parts = numbers.split([mask.numel() for mask in layer_masks])
        self.weights = [part.view(mask.shape) * mask for part, mask in zip(parts, layer_masks, strict=True)]

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """As `AutoregressiveModel.conditionals`."""
        units = x.double()
        for weight in self.weights[:-1]:
            units = (units @ weight.T + 0.5).relu()
        return distributions.Bernoulli(logits=units @ self.weights[-1].T)

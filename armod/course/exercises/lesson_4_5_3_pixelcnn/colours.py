"""Exercise 3: masks for features that belong to colours, in any order and of any number."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import product

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown
from armod.course.exercises.lesson_4_5_3_pixelcnn.pixelcnn_masks import as_mask, my_mask, where_it_lies

pixelcnn_colours = Exercise(
    name="pixelcnn-colours",
    number=3,
    title="Red, then green, then blue",
    difficulty="medium",
    minutes=6,
    names=("colour_mask",),
    hints=(
        "Take one pixel that was read before the centre's. May a red feature of the centre see its blue? And the blue of the "
        "centre's own pixel?",
        "Colours matter in the centre of the filter alone. There, take one feature above and one below, and compare the "
        "numbers of their groups: what does mask A ask for, and what mask B?",
        "Fill the rows above and the left for all pairs of features. For the centre make a square of all pairs at once: "
        "`above.unsqueeze(1)` compared with `below`.",
    ),
)


ITSELF = torch.arange(3)
Centre = Callable[[Tensor, Tensor, str], Tensor]
Case = tuple[Tensor, Tensor, int, str]


def _centre(above: Tensor, below: Tensor, mask_type: str) -> Tensor:
    """Which features above may see which below at the centre: ``(features above, features below)``."""
    return above.unsqueeze(1) >= below if mask_type == "B" else above.unsqueeze(1) > below


def colour_mask(
    above: Tensor, below: Tensor, kernel_size: int, mask_type: str, *, centre: Centre = _centre
) -> Tensor:
    """Mask A of the raster for all pairs of features, but for the centre; another ``centre`` is a mistake."""
    mask = my_mask(kernel_size, kernel_size, "A").repeat(len(above), len(below), 1, 1)
    mask[:, :, kernel_size // 2, kernel_size // 2] = centre(above, below, mask_type)
    return mask


def _only(mask_type: str, centre: Callable[[Tensor], Tensor]) -> dict[str, Centre]:
    """Wrong in this type, from the right centre; right in the other one."""

    def wrong(above: Tensor, below: Tensor, each: str) -> Tensor:
        right = _centre(above, below, each)
        return centre(right) if each == mask_type else right

    return {"centre": wrong}


def _by_number(above: Tensor, below: Tensor, mask_type: str) -> Tensor:
    return _centre(torch.arange(len(above)), torch.arange(len(below)), mask_type)


def _in_blocks(above: Tensor, below: Tensor, mask_type: str) -> Tensor:
    rows, columns = (torch.arange(len(groups)) * 3 // len(groups) for groups in (above, below))
    return _centre(rows, columns, mask_type)


def _alone(above: Tensor, below: Tensor, mask_type: str) -> Tensor:
    """Each group sees itself."""
    return above.unsqueeze(1) == below


def _first(generator: np.random.Generator) -> Iterator[Case]:
    """Mask A: from R, G, B to features of the three groups, some sizes unequal."""
    yield from ((ITSELF, ITSELF, 3, "A"), (torch.tensor([0, 0, 1, 2, 2]), ITSELF, 5, "A"))


def _later(generator: np.random.Generator) -> Iterator[Case]:
    """Mask B between features whose groups are mixed."""
    for width, size in ((4, 3), (5, 1)):
        above, below = (_mixed(generator, width + extra) for extra in (0, 2))
        yield above, below, size, "B"


def _any_groups(generator: np.random.Generator) -> Iterator[Case]:
    """Both types; one group only; an image of two channels."""
    one, two = torch.zeros(2, dtype=torch.int64), torch.tensor([1, 0, 1])
    for (above, below), mask_type in product(((one, one[:1]), (two, two.flip(0)[:2])), "AB"):
        yield above, below, 3, mask_type
    yield _mixed(generator, 5), _mixed(generator, 4), 1, "A"


def _mixed(generator: np.random.Generator, width: int) -> Tensor:
    """Groups ``(width,)`` of features, each of the three at least once, in no order."""
    groups = torch.arange(width) % 3
    while True:
        found = groups[torch.from_numpy(generator.permutation(width))]
        if not torch.equal(found, groups) and bool((found.diff() < 0).any()):
            return found


def _called(above: Tensor, below: Tensor, size: int, mask_type: str) -> str:
    return f'`colour_mask` from features of the groups {shown(below)} to {shown(above)}, {size}×{size}, "{mask_type}",'


def _elsewhere(got: Tensor, right: Tensor) -> Tensor:
    """Entries ``(W, 4)`` that are wrong, those of the centre left out."""
    half, places = right.shape[2] // 2, (got != right).nonzero()
    return places[(places[:, 2:] != half).any(1)]


def _seen(got: Tensor, right: Tensor, above: Tensor, below: Tensor, size: int, mask_type: str) -> str:
    call, elsewhere = _called(above, below, size, mask_type), _elsewhere(got, right)
    if not len(elsewhere):
        return f"{call} has the centre {shown(got[:, :, size // 2, size // 2].int())}."
    feature, source, row, column = elsewhere[0].tolist()
    place = where_it_lies(row - size // 2, column - size // 2)
    verb = "hides" if right[feature, source, row, column] else "keeps"
    return f"{call} {verb} {place}, from a feature of the group {below[source]} to one of the group {above[feature]}."


def _where_to_look(
    got: Tensor, right: Tensor, above: Tensor, below: Tensor, size: int, mask_type: str
) -> str:
    elsewhere = _elsewhere(got, right)
    if bool((~right[tuple(elsewhere.T)]).any()):
        return "When in the raster does it come? That is a matter of the pixel, not of its colours."
    if len(elsewhere):
        return "Of a pixel that was read before, which colours are known?"
    feature, source, *centre = (got != right).nonzero()[0].tolist()
    verb = "hides" if right[feature, source, *centre] else "shows"
    return (
        f"Feature {feature} above is of the group {above[feature]}, feature {source} below of the group {below[source]}, and your "
        f"mask {verb} the one to the other. What does each of the two know of their own pixel?"
    )


asked_mask = pixelcnn_colours.asks(
    colour_mask,
    instances=lambda generator: [*_first(generator), *_later(generator)],
    called=_called,
    read=as_mask,
    seen=_seen,
    wrong={
        "It hides every colour of the pixel itself. When green is predicted, is red known?": (_only("A", torch.zeros_like), dict(centre=lambda above, *_: torch.tensor(False))),
        "It shows every group to every other, as for a grey image. May a red feature read what knows green?": (_only("B", torch.ones_like), dict(centre=lambda above, *_: torch.tensor(True))),
        'That is the centre of the other mask. Which of the two must hide a feature\'s own group, "A" or "B"?': (
            dict(centre=lambda above, below, mask_type: _centre(above, below, "A" if mask_type == "B" else "B")),
            dict(centre=lambda above, below, mask_type: _centre(above, below, "A")),
            dict(centre=lambda above, below, mask_type: _centre(above, below, "B")),
        ),
        "That is the order blue, green, red. Or have you exchanged above and below?": dict(centre=lambda above, below, mask_type: _centre(-above, -below, mask_type)),
        "It keeps exactly what must go.": dict(centre=lambda *case: ~_centre(*case)),
        "You seem to divide the features into three blocks by yourself. Their groups are given, in any order.": dict(centre=_in_blocks),
        "You seem to compare the features' numbers. Their groups count.": dict(centre=_by_number),
        "It lets each group see itself alone. What about the colours before it?": (
            dict(centre=_alone),
            dict(centre=lambda above, below, mask_type: (_alone if mask_type == "B" else _centre)(above, below, mask_type)),
        ),
    },
    otherwise=_where_to_look,
)  # fmt: skip
pixelcnn_colours.add("the first layer, from the colours of the image", asked_mask.on(_first), points=2)
pixelcnn_colours.add("later layers, 1×1 included", asked_mask.on(_later), points=2)
pixelcnn_colours.add("any groups", asked_mask.on(_any_groups))

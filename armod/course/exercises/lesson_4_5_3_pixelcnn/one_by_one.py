"""Exercise 5, find the bug: a 1x1 layer that hides too much, and a gate whose halves belong to different colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake
from armod.course.exercises.engine.draws import bits, normal
from armod.models.raster.pixel_masks import pixel_mask

pixelcnn_one_by_one = Exercise(
    name="pixelcnn-one-by-one",
    number=5,
    title="Find the bug: the 1×1 layer that hides too much",
    difficulty="hard",
    minutes=9,
    names=("seen_published", "mended_logits"),
    hints=(
        "Write down the mask of the 1×1 layer for three features, one of each colour. Which of its rows are empty? Now follow "
        "from the red output what can arrive there.",
        "Mask A belongs to the one layer that reads the image itself. Then take a width of 4: the gate multiplies feature 0 "
        "by feature 4. What does each of the two know of its own pixel, and as what is the product taken later?",
        "The product of two features knows what *both* know, so both must be of one group. Which groups for the "
        "2 * width features of the first layer do that, whatever the width? `repeat` puts copies of a tensor one after another.",
    ),
)

NAMES = ("red", "green", "blue")
Network = tuple[list[Tensor], list[Tensor]]  # weights and biases of the three layers


def own_kernel(student: int) -> tuple[int]:
    """The size of the first kernel, as the given cell of the notebook computes it."""
    return (3 + 2 * (student % 4),)


def seen_published(size: int) -> Tensor:
    """Grey and red see nothing; green sees the past; blue sees the past and red."""
    return torch.tensor([0, 0, 3 * _past(size), 3 * _past(size) + 1])


def _past(size: int) -> int:
    """The pixels of a kernel before its centre."""
    return (size**2 - 1) // 2


def _seen(got: Tensor, right: Tensor, size: int) -> str:
    place = int((got != right).nonzero()[0])
    return (
        f"For the {('grey', *NAMES)[place]} output and a kernel of {size}×{size} you count {int(got[place])}."
    )


def _where_to_look(got: Tensor, right: Tensor, size: int) -> str:
    """By the first wrong number."""
    place, past = int((got != right).nonzero()[0]), _past(size)
    mine, due, name = int(got[place]), int(right[place]), ("grey", *NAMES)[place]
    if mine == (past, 3 * past, 3 * past + 1, 3 * past + 2)[place]:
        return "A sound network would see them. Look at the 1×1 layer: which features does it read for that colour?"
    if mine == past and due:
        return "Each pixel that it sees holds three variables."
    if mine == due - 1 and name == "blue":
        return "Blue reads green features. What do those know of their own pixel?"
    if due == 0:
        return f"How many weights does the 1×1 mask A leave to a feature of the first group? And with what does the {name} output work?"
    return (
        f"List the features that arrive there through the 1×1 layer, and what each of them sees. {past} pixels of the kernel come "
        f"before its centre."
    )


def mended_logits(
    x: Tensor,
    weights: list[Tensor],
    biases: list[Tensor],
    *,
    one_by_one: str = "B",
    is_gate_mended: bool = True,
) -> Tensor:
    """The network of the given cell; both options are its faults."""
    num_colours, width = x.shape[1], len(weights[0]) // 2
    pixel, groups = torch.arange(num_colours), torch.arange(2 * width) % num_colours
    inside = groups[:width]
    first = inside.repeat(2) if is_gate_mended else groups
    masks = [pixel_mask(3, "A", first, pixel), pixel_mask(1, one_by_one, inside, inside), pixel_mask(1, "B", pixel, inside)]  # fmt: skip
    gate = F.conv2d(x, weights[0] * masks[0], biases[0], padding=1)
    features = torch.tanh(gate[:, :width]) * torch.sigmoid(gate[:, width:])
    features = F.conv2d(features, weights[1] * masks[1], biases[1])
    return F.conv2d(features, weights[2] * masks[2], biases[2])


def _network(generator: np.random.Generator, num_colours: int, width: int) -> Network:
    """Weights and biases far from 0, of a first layer of 3x3."""
    shapes = [(2 * width, num_colours, 3, 3), (width, width, 1, 1), (num_colours, width, 1, 1)]
    signs = [generator.choice([-1.0, 1.0], shape) for shape in shapes]
    weights = [
        torch.from_numpy(sign * generator.uniform(0.2, 0.5, shape))
        for sign, shape in zip(signs, shapes, strict=True)
    ]
    return weights, [normal(generator, shape[0], scale=0.3) for shape in shapes]


def _flipped(generator: np.random.Generator, num_colours: int, width: int) -> tuple[Tensor, *Network]:
    """One image of 2x3, last, and before it a copy for each variable in which that bit is flipped; and a network."""
    num_variables = 6 * num_colours
    x = (bits(generator, num_variables) - torch.eye(num_variables + 1, num_variables).double()).abs()
    return x.view(-1, num_colours, 2, 3), *_network(generator, num_colours, width)


pixelcnn_one_by_one.asks(
    seen_published,
    "what the published network sees",
    points=2,
    own=own_kernel,
    seen=_seen,
    wrong={},
    otherwise=_where_to_look,
)
asked_logits = pixelcnn_one_by_one.asks(
    mended_logits,
    instances=lambda generator: [_flipped(generator, 3, 4)],
    called=lambda x, *_: f"`mended_logits` of x {tuple(x.shape)}",
    atol=1e-6,
    wrong={
        "This is the published network, as it was. Take its two faults one after the other: what does its 1×1 layer hide from whom?": dict(one_by_one="A", is_gate_mended=False),
        "The gate is mended; the 1×1 layer still hides a feature from itself.": dict(one_by_one="A"),
        "The 1×1 layer is right now. Look at the gate: the features of its first half meet those of its second. Of which groups are the two?": dict(is_gate_mended=False),
    },
    otherwise="",
)  # fmt: skip


@pixelcnn_one_by_one.check("nothing is hidden", points=2)
def nothing_is_hidden(answer: Answer, generator: np.random.Generator) -> None:
    """Grey images, and colours with widths that divide by three."""
    for num_colours, width in ((1, 2), (3, 3), (3, 6)):
        _compare(answer, generator, num_colours, width)


@pixelcnn_one_by_one.check("nothing leaks, whatever the width", points=2)
def nothing_leaks(answer: Answer, generator: np.random.Generator) -> None:
    """Widths that do not divide by the number of colours; two channels as well."""
    for num_colours, width in ((3, 4), (3, 5), (2, 3), (3, 7)):
        _compare(answer, generator, num_colours, width)


def _compare(answer: Answer, generator: np.random.Generator, num_colours: int, width: int) -> None:
    """Flip one bit at a time and watch which logits of the learner's network move."""
    shape = (num_colours, 2, 3)
    reacts = torch.zeros(6 * num_colours, 6 * num_colours, dtype=torch.bool)
    for _ in range(3):
        got = asked_logits.reply(answer, *_flipped(generator, num_colours, width))
        moved = (got[:-1] - got[-1:]).flatten(1).abs() > 1e-6  # what float32 may move by rounding
        reacts |= moved.T
    allowed = _allowed(*shape)
    if torch.equal(reacts, allowed):
        return
    leaks = reacts & ~allowed
    wrong = _plainest(leaks, 6) if bool(leaks.any()) else allowed & ~reacts
    i, j = wrong.nonzero()[0].tolist()
    why = asked_logits.why(answer, generator)
    if not why and not leaks.any():
        why = "Which of your three layers hides it, and must it?"
    elif not why and i % 6 == j % 6:
        why = (
            "It is the same pixel: follow the centre of each of your masks from the one colour to the other."
        )
    elif not why:
        why = (
            "That is a later pixel, or one that no kernel reaches: are the weights of the first layer masked?"
        )
    raise Mistake(
        f"With {_channels(num_colours)} and a width of {width}, {_place(i, shape)} {'sees' if leaks.any() else 'does not see'} "
        f"{_place(j, shape)}. {why}"
    )


def _allowed(num_colours: int, height: int, width: int) -> Tensor:
    """Which variable may see which through one kernel of 3x3: boolean ``(D, D)``, flat as ``(C, H, W)``."""
    colours, rows, columns = (
        axis.flatten()
        for axis in torch.meshgrid(
            torch.arange(num_colours), torch.arange(height), torch.arange(width), indexing="ij"
        )
    )
    time = (rows * width + columns) * num_colours + colours
    is_near = ((rows[:, None] - rows) <= 1) & ((columns[:, None] - columns).abs() <= 1)
    return is_near & (time[:, None] > time)


def _channels(num_colours: int) -> str:
    return "a grey image" if num_colours == 1 else f"{num_colours} colours"


def _place(variable: int, shape: Sequence[int]) -> str:
    colour, pixel = divmod(variable, shape[1] * shape[2])
    name = "the grey" if shape[0] == 1 else NAMES[colour]
    return f"{name} of the pixel in row {pixel // shape[2]}, column {pixel % shape[2]}"


def _plainest(leaks: Tensor, num_pixels: int) -> Tensor:
    """Of the leaks ``(D, D)`` only those from other pixels, if there are any."""
    pixel = torch.arange(len(leaks)) % num_pixels
    elsewhere = leaks & (pixel[:, None] != pixel)
    return elsewhere if bool(elsewhere.any()) else leaks

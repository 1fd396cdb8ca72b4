"""Exercise 5, find the bug: a 1x1 layer that hides too much, and a gate whose halves belong to different colours."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
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


@pixelcnn_one_by_one.check("what the published network sees", points=2)
def seen_published_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """Grey and red see nothing; green sees the past; blue sees the past and red."""
    got = reading.tensor(
        answer.value("seen_published"), "`seen_published`", shape=(4,), integers=True
    ).tolist()
    size = own_kernel(answer.student)
    past = (size**2 - 1) // 2
    due = [0, 0, 3 * past, 3 * past + 1]
    for name, mine, right, sound in zip(
        ("grey", *NAMES), got, due, [past, 3 * past, 3 * past + 1, 3 * past + 2], strict=True
    ):
        if mine == right:
            continue
        seen = f"For the {name} output and a kernel of {size}×{size} you count {mine}."
        if mine == sound:
            raise Mistake(
                f"{seen} A sound network would see them. Look at the 1×1 layer: which features does it read for that colour?"
            )
        if mine == past and right:
            raise Mistake(f"{seen} Each pixel that it sees holds three variables.")
        if mine == right - 1 and name == "blue":
            raise Mistake(f"{seen} Blue reads green features. What do those know of their own pixel?")
        if right == 0:
            raise Mistake(
                f"{seen} How many weights does the 1×1 mask A leave to a feature of the first group? And with what does the "
                f"{name} output work?"
            )
        raise Mistake(
            f"{seen} List the features that arrive there through the 1×1 layer, and what each of them sees. {past} pixels of "
            f"the kernel come before its centre."
        )


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


def own_kernel(student: int) -> int:
    """The size of the first kernel, as the given cell of the notebook computes it."""
    return 3 + 2 * (student % 4)


def _network(generator: np.random.Generator, num_colours: int, width: int) -> Network:
    """Weights far from 0, of a first layer of 3x3."""
    shapes = [(2 * width, num_colours, 3, 3), (width, width, 1, 1), (num_colours, width, 1, 1)]
    signs = [generator.choice([-1.0, 1.0], shape) for shape in shapes]
    weights = [
        torch.from_numpy(sign * generator.uniform(0.2, 0.5, shape))
        for sign, shape in zip(signs, shapes, strict=True)
    ]
    return weights, [torch.from_numpy(generator.normal(scale=0.3, size=shape[0])) for shape in shapes]


def _logits(x: Tensor, network: Network, one_by_one: str, *, is_mended: bool = False) -> Tensor:
    """The network of the given cell, with the 1x1 layer's mask and the gate's groups as told."""
    weights, biases = network
    num_colours, width = x.shape[1], len(weights[0]) // 2
    pixel, groups = torch.arange(num_colours), torch.arange(2 * width) % num_colours
    inside = groups[:width]
    first = groups[:width].repeat(2) if is_mended else groups
    masks = [pixel_mask(3, "A", first, pixel), pixel_mask(1, one_by_one, inside, inside), pixel_mask(1, "B", pixel, inside)]  # fmt: skip
    gate = F.conv2d(x, weights[0] * masks[0], biases[0], padding=1)
    features = torch.tanh(gate[:, :width]) * torch.sigmoid(gate[:, width:])
    features = F.conv2d(features, weights[1] * masks[1], biases[1])
    return F.conv2d(features, weights[2] * masks[2], biases[2])


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


def _compare(answer: Answer, generator: np.random.Generator, num_colours: int, width: int) -> None:
    """Flip one bit at a time and watch which logits of the learner's network move."""
    shape = (num_colours, 2, 3)
    num_variables = 6 * num_colours
    reacts = torch.zeros(num_variables, num_variables, dtype=torch.bool)
    asked: list[tuple[Tensor, Network, Tensor]] = []
    for _ in range(3):
        network = _network(generator, num_colours, width)
        bits = torch.from_numpy(generator.integers(0, 2, num_variables) * 1.0)
        x = (bits - torch.eye(num_variables + 1, num_variables, dtype=torch.float64)).abs()
        x = x.view(-1, *shape)
        got = reading.tensor(
            answer.call("mended_logits", x, *network), f"`mended_logits` of x {tuple(x.shape)}", shape=x.shape
        )
        moved = (got[:-1] - got[-1:]).flatten(1).abs() > 1e-6  # what float32 may move by rounding
        reacts |= moved.T
        asked.append((x, network, got))
    allowed = _allowed(*shape)
    if torch.equal(reacts, allowed):
        return
    leaks = reacts & ~allowed
    wrong = _plainest(leaks, 6) if bool(leaks.any()) else allowed & ~reacts
    i, j = wrong.nonzero()[0].tolist()
    what = "sees" if bool(leaks.any()) else "does not see"
    raise Mistake(
        f"With {_channels(num_colours)} and a width of {width}, {_place(i, shape)} {what} {_place(j, shape)}. {_why(asked, leaks, shape)}"
    )


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


def _why(asked: list[tuple[Tensor, Network, Tensor]], leaks: Tensor, shape: Sequence[int]) -> str:
    def is_all(one_by_one: str, *, is_mended: bool = False) -> bool:
        return all(
            torch.allclose(got, _logits(x, network, one_by_one, is_mended=is_mended), atol=1e-8)
            for x, network, got in asked
        )

    width = len(asked[0][1][0][0]) // 2
    if is_all("A"):
        if bool(leaks.any()):
            return "This is the published network, as it was."
        return "This is the published network, as it was. What does its 1×1 layer hide from whom?"
    if is_all("A", is_mended=True):
        return "The gate is mended; the 1×1 layer still hides a feature from itself."
    if is_all("B"):
        return (
            f"The 1×1 layer is right now. Look at the gate: feature 0 of the first half meets feature {width} of all. Of which "
            f"groups are they?"
        )
    if not leaks.any():
        return "Which of your three layers hides it, and must it?"
    pixels = shape[1] * shape[2]
    i, j = _plainest(leaks, pixels).nonzero()[0].tolist()
    if i % pixels == j % pixels:
        return (
            "It is the same pixel: follow the centre of each of your masks from the one colour to the other."
        )
    return "That is a later pixel, or one that no kernel reaches: are the weights of the first layer masked?"

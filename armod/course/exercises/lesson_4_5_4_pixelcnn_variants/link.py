"""Exercise 3: two stacks and their link; what is seen if the vertical one is shifted never, once, or always."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as F

from armod.course.exercises import Answer, Exercise, Mistake, shown
from armod.course.exercises.engine.draws import normal
from armod.course.exercises.lesson_4_5_4_pixelcnn_variants.pixel_reactions import (
    one_pixel_changed,
    reactions,
)

variants_link = Exercise(
    name="variants-link",
    number=3,
    title="Find the bugs: the link between the stacks",
    difficulty="hard",
    minutes=9,
    names=("two_stacks", "link_leaks", "link_blind"),
    hints=(
        "Draw one column of pixels, and for three layers write beside each row which rows the vertical stack knows there. Then "
        "do the same with one row of pixels, for the columns.",
        "A window that ends *at* a pixel needs zeros in front of it and none behind. One that ends *before* the pixel needs one "
        "more row (or column) of zeros in front, and the last row (or column) of the input is not used at all.",
        "With h = `vertical.shape[2] - 1` pad the vertical input by (h, h, h, 0), in the first layer by (h, h, h + 1, -1); the "
        "horizontal one by (h, 0, 0, 0), in the first layer by (h + 1, -1, 0, 0). For the counts change one of these lines, and let "
        "`sees` look at your function, on an image that is large enough.",
    ),
)
Layers = list[dict[str, Tensor]]
NEVER, ONCE, ALWAYS = "never", "once", "always"


def own_network(student: int) -> tuple[int, int]:
    """The kernel's h and the number of layers, as the given cell of the notebook draws them."""
    # not h = 1, windows of two rows: a rule that holds for them alone would be right
    return 2 + student % 2, 3 + student % 3


def two_stacks(
    x: Tensor,
    layers: Layers,
    *,
    down: str = ONCE,
    aside: str = ONCE,
    residual: str = "later",
    link: bool = True,
    mix_all: bool = False,
) -> Tensor:
    """The features of the horizontal stack, or what becomes of them by a known mistake.

    Args:
        x: features ``(N, p, H, W)``.
        layers: the weights of each layer, by name.
        down: in which layers the vertical window ends before the pixel.
        aside: in which layers the horizontal window ends before the pixel.
        residual: in which layers the horizontal stack is residual: "later" ones only, "all" or "none".
        link: whether the horizontal stack is told of the vertical one.
        mix_all: whether the residual is added before mixing.

    Returns:
        Features ``(N, p, H, W)``.
    """
    vertical = horizontal = x
    half = layers[0]["vertical"].shape[2] - 1
    for number, layer in enumerate(layers):
        lower, further = _is_shifted(down, number), _is_shifted(aside, number)
        rows = F.conv2d(F.pad(vertical, (half, half, half + lower, -lower)), layer["vertical"])
        row = F.conv2d(F.pad(horizontal, (half + further, -further, 0, 0)), layer["horizontal"])
        opened = _gate(row + F.conv2d(rows, layer["link"]) if link else row)
        is_residual = residual == "all" or (residual == "later" and number > 0)
        if mix_all:
            horizontal = F.conv2d(opened + horizontal if is_residual else opened, layer["mix"])
        else:
            mixed = F.conv2d(opened, layer["mix"])
            horizontal = horizontal + mixed if is_residual else mixed
        vertical = _gate(rows)
    return horizontal


def _is_shifted(rule: str, number: int) -> int:
    return int(rule == ALWAYS or (rule == ONCE and number == 0))


def _gate(features: Tensor) -> Tensor:
    value, opening = features.chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()


def link_leaks(half: int, depth: int) -> int:
    """The own pixel and those to its right that a vertical stack sees which is never shifted."""
    return half * depth + 1


def link_blind(half: int, depth: int) -> int:
    """What the right network sees, and the one that is shifted in every layer does not."""
    return len(_field(half, depth, ONCE) - _field(half, depth, ALWAYS))


def _field(half: int, depth: int, rule: str) -> set[tuple[int, int]]:
    """What the centre sees, as steps (rows, columns)."""
    vertical = horizontal = {(0, 0)}
    for number in range(depth):
        lower, further = _is_shifted(rule, number), int(number == 0)
        vertical = {
            (up - rows - lower, at + columns)
            for up, at in vertical
            for rows in range(half + 1)
            for columns in range(-half, half + 1)
        }
        left = {(up, at - columns - further) for up, at in horizontal for columns in range(half + 1)}
        horizontal = left | vertical
    return horizontal


def _layers(generator: np.random.Generator, half: int, depth: int, p: int = 3) -> Layers:
    """Random weights of `depth` layers with windows of ``half + 1`` rows, of a size that keeps signals alive."""

    def drawn(outputs: int, inputs: int, rows: int, columns: int) -> Tensor:
        scale = 1.5 / (inputs * rows * columns) ** 0.5
        return normal(generator, outputs, inputs, rows, columns, scale=scale)

    return [
        {
            "vertical": drawn(2 * p, inputs, half + 1, 2 * half + 1),
            "horizontal": drawn(2 * p, inputs, 1, half + 1),
            "link": drawn(2 * p, 2 * p, 1, 1),
            "mix": drawn(p, p, 1, 1),
        }
        for inputs in [1] + [p] * (depth - 1)
    ]


def _about(layers: Layers) -> str:
    half, depth = layers[0]["vertical"].shape[2] - 1, len(layers)
    return f"{depth} layer{'s' * (depth > 1)} and windows of {half + 1} rows,"


def _place(pixel: int, width: int) -> str:
    return f"pixel ({pixel // width}, {pixel % width})"


def _earlier(num_pixels: int) -> Tensor:
    return torch.ones(num_pixels, num_pixels).tril(-1).bool()


def _networks(generator: np.random.Generator) -> Iterator[tuple[Tensor, Layers]]:
    """Random images and layers, for each h and number of layers."""
    for half, depth in ((1, 3), (2, 2), (3, 1)):
        yield normal(generator, 2, 1, 3, 5), _layers(generator, half, depth)


def _seen(got: Tensor, right: Tensor, x: Tensor, layers: Layers) -> str:
    image, feature, row, _ = (~torch.isclose(got, right, atol=1e-5)).nonzero()[0].tolist()
    return (
        f"With {_about(layers)} feature {feature} in row {row} of an image is {shown(got[image, feature, row])} instead "
        f"of {shown(right[image, feature, row])}."
    )


asked_stacks = variants_link.asks(
    two_stacks,
    instances=_networks,
    seen=_seen,
    called=lambda x, layers: f"`two_stacks` of images {tuple(x.shape)}, with {_about(layers)}",
    wrong={
        "Your vertical stack has looked at its own row, and the link hands that on. In which layer must its window end in the row above?": dict(down=NEVER),
        "Your horizontal window ends at the pixel itself in the first layer, too. Where must it end there?": dict(aside=NEVER),
        "In the first layer both of your windows end at the pixel itself. There is no layer before it that has hidden anything.": dict(down=NEVER, aside=NEVER),
        "Your first layer adds its input, the image itself, to what it has found.": dict(residual="all"),
        "Your vertical window ends in the row above in every layer, so that each look to the right costs another row. This is the published bug. Once it is shifted, what is in its own row?": dict(down=ALWAYS),
        "Your windows end before the pixel in every layer. Once the features are shifted, what is in their own row and at their own place?": dict(down=ALWAYS, aside=ALWAYS),
        "Your horizontal window ends before the pixel in every layer. Once it is shifted, what may it see at its own place?": dict(aside=ALWAYS),
        "Your horizontal stack is not residual: from the second layer on it adds what it was given.": dict(residual="none"),
        "Your horizontal stack has never heard of the vertical one. What does the link do?": dict(link=False),
        "You mix what came from below once more. It should go around the `mix`.": dict(mix_all=True),
    },
    otherwise="Take one layer first: where does each window begin and end, what is added to what, and what does the gate get?",
)  # fmt: skip


@variants_link.check("no pixel sees itself or a later one", points=2)
def nothing_leaks(answer: Answer, generator: np.random.Generator) -> None:
    """By changing one pixel at a time; kernels of two sizes."""
    for half, depth in ((1, 3), (2, 2), (1, 1)):
        height, width = 4, 6
        x, layers = one_pixel_changed(generator, height, width), _layers(generator, half, depth)
        forbidden = (reactions(asked_stacks.reply(answer, x, layers)) & ~_earlier(height * width)).nonzero()
        if len(forbidden):
            i, j = forbidden[len(forbidden) // 2].tolist()
            raise Mistake(
                f"With {_about(layers)} {_place(i, width)} sees {'itself' if i == j else _place(j, width)}. "
                f"{asked_stacks.why(answer, generator, (x, layers))}"
            )


@variants_link.check("no blind spot", points=2)
def nothing_is_missed(answer: Answer, generator: np.random.Generator) -> None:
    """The field of the right network, pixel by pixel."""
    for half, depth in ((1, 3), (2, 2), (1, 1)):
        height, width = 5, 7
        x, layers = one_pixel_changed(generator, height, width), _layers(generator, half, depth)
        seen, due = reactions(asked_stacks.reply(answer, x, layers)), reactions(two_stacks(x, layers))
        missing = (due & ~seen).nonzero()
        if len(missing):
            i, j = missing[len(missing) // 2].tolist()
            raise Mistake(
                f"With {_about(layers)} {_place(i, width)} does not see {_place(j, width)}, an earlier pixel within its "
                f"reach; {len(missing)} such pairs on an image of {height} x {width}. "
                f"{asked_stacks.why(answer, generator, (x, layers))}"
            )


variants_link.add("the right features", asked_stacks.examine, points=2)
variants_link.asks(
    link_leaks,
    "a stack that is never shifted",
    own=own_network,
    seen=lambda got, right, half, depth: f"For windows of {half + 1} rows and {depth} layers you say {got}.",
    wrong={
        "Does the pixel see itself?": lambda half, depth: half * depth,
        "You count the whole own row. What lies to the left may be seen.": lambda half, depth: 2 * half * depth + 1,
        "You count both sides of the own row. Which side may be seen? And is the pixel itself among them?": lambda half, depth: 2 * half * depth,
        "That is what the first layer does. The others look along the row as well.": lambda half, depth: half + 1,
        "That is what the first layer does, without the pixel itself.": lambda half, depth: half,
        "The link hands over whatever the vertical stack has found at that place. Has it looked at its own row?": lambda half, depth: 0,
    },
    otherwise="How many columns to the right does each layer of the vertical stack see, and from which row on?",
)  # fmt: skip
variants_link.asks(
    link_blind,
    "a stack that is shifted in every layer",
    points=2,
    own=own_network,
    seen=lambda got, right, half, depth: f"For windows of {half + 1} rows and {depth} layers you say {got}.",
    wrong={
        "Take the nearest pixel of the row above that lies too far to the right for one window. By which steps can it be reached?": lambda half, depth: 0,
        "Those are pixels that only the published network sees: it reaches higher. The question asks for those that it misses.": lambda half, depth: len(_field(half, depth, ALWAYS) - _field(half, depth, ONCE)),
        "You count the pixels that the published network sees in addition: it reaches higher. The question asks for those that it misses.": lambda half, depth: len(_field(half, depth, ALWAYS) ^ _field(half, depth, ONCE)),
        "You subtract one count from the other. But the published network also sees some that the right one does not.": lambda half, depth: len(_field(half, depth, ONCE)) - len(_field(half, depth, ALWAYS)),
        "You subtract one count from the other. But each network sees some pixels that the other one does not.": lambda half, depth: len(_field(half, depth, ALWAYS)) - len(_field(half, depth, ONCE)),
        "That is how many pixels the published network sees. How many of the right ones does it miss?": lambda half, depth: len(_field(half, depth, ALWAYS)),
        "That is how many pixels the right network sees. How many of them does the published one miss?": lambda half, depth: len(_field(half, depth, ONCE)),
        "That would be so for windows of two rows.": lambda half, depth: depth * (depth - 1) // 2,
    },
    otherwise="After l shifted layers, which rows does the vertical stack know, and how many columns of each? Is your image large enough?",
)  # fmt: skip

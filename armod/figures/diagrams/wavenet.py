"""One layer of WaveNet as a block diagram (van den Oord et al. 2016, figure 4)."""

from __future__ import annotations

from collections.abc import Collection

from matplotlib.axes import Axes

from armod.figures.diagrams.parts import RADIUS, Diagram, box, check_parts, new_diagram, note, operation, wire

PARTS = {
    "filter": "the filter: a causal convolution with dilation d, then tanh",
    "gate": "the gate: a second such convolution, then a sigmoid, whose product with the filter is the unit",
    "residual": "the residual: what the layer read is added to a 1×1 product of its unit, and goes to the next layer",
    "skip": "the skip: a 1×1 product of the unit goes straight to the output, where those of all layers add up",
}
_TITLE = "One layer of WaveNet"


def wavenet_block(highlight: str | Collection[str] = ()) -> Diagram:
    """Draw a layer of WaveNet: filter and gate, the residual to the next layer and the skip to the output.

    Args:
        highlight: parts to light up, of "filter", "gate", "residual" and "skip": what an ablation takes away.

    Returns:
        The diagram, whose table says of each part what it is and whether it is lit.

    Raises:
        ValueError: if there is no such part.

    >>> print(wavenet_block("gate").get_label())
    One layer of WaveNet; lit up: gate
    """
    lit = check_parts(highlight, PARTS)
    title = _TITLE + (f"; lit up: {', '.join(name for name in PARTS if name in lit)}" if lit else "")
    with new_diagram(516, 488, title) as (diagram, page):
        _layer(page, lit)
        diagram.describe(
            f"{title}. A block diagram, from the input h at the bottom to two outputs. It shows {'; '.join(PARTS.values())}.",
            {"part": list(PARTS), "what it is": list(PARTS.values()), "lit": [name in lit for name in PARTS]},
        )
    return diagram


def _layer(page: Axes, lit: frozenset[str]) -> None:
    is_filter, is_gate, is_residual, is_skip = (name in lit for name in PARTS)
    middle, left, right, out = 182, 112, 252, 420  # columns
    read, convolve, squash, times, branch, one, add = 420, 350, 276, 210, 168, 112, 46  # rows

    note(page, (middle, 468), "h, from the layer below", ha="center")
    wire(page, [(middle, 454), (middle, read)], arrow=False)
    # filter and gate
    for x, sign, words, on in ((left, "tanh", "filter", is_filter), (right, "σ", "gate", is_gate)):
        wire(page, [(middle, read), (x, read), (x, convolve + 24)], lit=on)
        box(page, (x, convolve), f"{words}:\nconvolution", lit=on)
        wire(page, [(x, convolve - 24), (x, squash + RADIUS)], lit=on)
        operation(page, (x, squash), sign, lit=on)
        wire(
            page,
            [(x, squash - RADIUS), (x, times), (middle + (RADIUS if x > middle else -RADIUS), times)],
            lit=on,
        )
    note(page, (right + 66, convolve), "both causal,\ndilation d")
    operation(page, (middle, times), "×", lit=is_gate)
    note(page, (middle - 14, (times + branch) / 2 - 14), "u", ha="right", style="italic")
    wire(page, [(middle, times - RADIUS), (middle, one + 24)])
    # residual
    box(page, (middle, one), "1×1", size=(84, 40))
    wire(page, [(middle, one - 22), (middle, add + RADIUS)])
    wire(page, [(middle, read), (30, read), (30, add), (middle - RADIUS, add)], lit=is_residual)
    note(page, (40, 208), "residual", lit=is_residual)
    operation(page, (middle, add), "+", lit=is_residual)
    wire(page, [(middle, add - RADIUS), (middle, 16)])
    note(page, (middle + 12, 20), "to the next layer")
    # skip
    wire(page, [(middle, branch), (256, branch)], lit=is_skip)
    box(page, (300, branch), "skip: 1×1", size=(84, 40), lit=is_skip)
    wire(page, [(342, branch), (out - RADIUS, branch)], lit=is_skip)
    operation(page, (out, branch), "+", lit=is_skip)
    wire(page, [(out, 260), (out, branch + RADIUS)])
    note(page, (out, 276), "skips of the layers below", ha="center")
    wire(page, [(out, branch - RADIUS), (out, one - 6)])
    box(page, (out, one - 32), "ReLU, 1×1,\nReLU, 1×1", size=(112, 52))
    wire(page, [(out, one - 58), (out, 34)])
    note(page, (out, 20), "logits of the next sample", ha="center")

"""The paint lab: holes in digits, and completions of each by several methods.

The prepared holes are in the page, with all their completions. A hole that is painted in the page needs the model again: the page
writes the call of `paint` that completes it in a cell. The result is a page of the same kind.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from armod.course.labs.page import Widget, check_knobs, lab_page, packed
from armod.course.labs.paint.completing import METHODS, complete, digit_of, hole_of
from armod.course.labs.paint.facts import PaintFacts
from armod.course.labs.paint.picture import paint_figure


def paint_lab(
    digits: ArrayLike,
    holes: ArrayLike,
    completions: ArrayLike,
    nats: ArrayLike,
    *,
    methods: tuple[str, ...] = METHODS,
    digit: int = 0,
    hole: int = 0,
    method: int = 0,
) -> Widget:
    """The lab as one notebook output, its knobs set to these values at first.

    Args:
        digits: black and white images of 28 x 28 pixels, ``(P, 28, 28)``.
        holes: True where a pixel is hidden, ``(Q, 28, 28)``.
        completions: black and white images, ``(P, Q, M, S, 28, 28)``: S of each digit and hole by each of M methods;
            `armod.course.labs.paint.completing.complete` makes them.
        nats: what the true pixels of each hole cost, ``(P, Q, M)``.
        methods: names of the methods.
        digit: the digit, from 0.
        hole: the hole, from 0.
        method: the method, from 0.

    Returns:
        The output.

    Raises:
        ValueError: for arrays that do not fit, or a value that the lab's knobs do not have.

    >>> digits, holes = np.zeros((1, 4, 4), dtype=bool), np.ones((1, 4, 4), dtype=bool)
    >>> page = paint_lab(digits, holes, np.ones((1, 1, 1, 6, 4, 4)), [[[3.5]]], methods=("raster",))
    >>> print(str(page)[:103])
    Paint lab, an interactive picture of completions. At first: raster: the true pixels of this hole cost 3
    """
    facts = PaintFacts(
        np.asarray(digits, dtype=bool),
        np.asarray(holes, dtype=bool),
        np.asarray(completions, dtype=bool),
        np.asarray(nats, dtype=float).round(1),
        tuple(methods),
        digit,
        hole,
        method,
    )
    check_knobs(
        "paint lab",
        digit=(digit, range(len(facts.digits))),
        hole=(hole, range(len(facts.holes))),
        method=(method, range(len(facts.methods))),
    )
    data = {
        "height": facts.digits.shape[1],
        "width": facts.digits.shape[2],
        "count": facts.completions.shape[3],
        "methods": facts.methods,
        "digits": packed(np.packbits(facts.digits.reshape(len(facts.digits), -1), axis=1).tobytes()),
        "holes": packed(np.packbits(facts.holes.reshape(len(facts.holes), -1), axis=1).tobytes()),
        "completions": packed(
            np.packbits(facts.completions.reshape(*facts.completions.shape[:4], -1), axis=-1).tobytes()
        ),
        "nats": facts.nats.tolist(),
        "start": {"digit": digit, "hole": hole, "method": method},
    }
    return lab_page(__file__, data, paint_figure(facts))


def paint(
    digit: ArrayLike,
    hole: ArrayLike | str,
    *,
    methods: tuple[str, ...] = METHODS,
    num_completions: int = 6,
    particles: int = 64,
    seed: int = 0,
) -> Widget:
    """Complete a hole of your own in a digit, as a page of the paint lab.

    Args:
        digit: an image of black and white pixels, ``(28, 28)``, or its text as the page writes it.
        hole: True where a pixel is hidden, ``(28, 28)``, or its text.
        methods: some of `METHODS`.
        num_completions: S.
        particles: how many there are for each completion of the method "particles".
        seed: seed of the noise.

    Returns:
        The output.

    Raises:
        ValueError: if an argument does not fit.

    >>> import armod
    >>> digit = armod.data.load("digits28").binarize().test[0, 0]
    >>> hole = ~armod.masks.mask("box")[0]
    >>> "144 of 784 pixels are hidden" in str(paint(digit, hole, methods=("raster",)))
    True
    """
    digits, holes = digit_of(digit)[None], hole_of(hole)[None]
    completions, nats = complete(
        digits, holes, methods=methods, num=num_completions, particles=particles, seed=seed
    )
    return paint_lab(digits, holes, completions, nats, methods=methods)

"""The paint lab: what it completes, what it refuses, and what its numbers are."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch

import armod
from armod.course.labs import paint_lab
from armod.course.labs.paint.completing import METHODS, complete, digit_of, hole_of
from armod.course.labs.paint.lab import paint
from tests.course.labs.paint.cases import COMPLETIONS, DIGITS, HOLES, NATS, paint_state

DIGIT = armod.data.load("digits28").binarize().test[3, 0].numpy() > 0
HOLE = ~armod.masks.mask("box")[0].numpy()


def test_completions_keep_what_is_known_and_costs_are_those_of_the_models() -> None:
    completions, nats = complete(DIGIT[None], HOLE[None], num=2, particles=8)
    assert completions.shape == (1, 1, 3, 2, 28, 28) and nats.shape == (1, 1, 3)
    assert (completions == DIGIT)[..., ~HOLE].all() and (completions != completions[:, :, :1])[
        ..., HOLE
    ].any()
    x, known = torch.from_numpy(DIGIT)[None, None].long(), ~torch.from_numpy(HOLE)[None]
    raster, told = (
        armod.load_pretrained(name) for name in ("gated-pixelcnn-coordinates-digits28", "inpainting-digits28")
    )
    given = armod.masks.masked_input(x, known)
    assert abs(nats[0, 0, 0] + armod.completion_log_prob(raster, x, known).item()) < 1e-4
    assert abs(nats[0, 0, 2] + armod.completion_log_prob(told, x, known, given).item()) < 1e-4
    # the particles know what comes after: fewer nats than blindly, and no fewer than none
    assert 0 < nats[0, 0, 1] < nats[0, 0, 0]


def test_digits_and_holes_are_arrays_or_the_pages_texts() -> None:
    text = np.packbits(HOLE).tobytes().hex()
    assert (hole_of(text) == HOLE).all() and (hole_of(torch.from_numpy(HOLE).int()) == HOLE).all()
    assert (digit_of(DIGIT[None].astype(float)) == DIGIT).all()
    page = paint(DIGIT, text, methods=("raster",), num_completions=1)
    assert "144 of 784 pixels are hidden" in str(page)


def test_the_words_name_every_method_and_its_nats() -> None:
    facts = paint_state(1, 2, 0)
    assert facts.finding == f"raster: the true pixels of this hole cost {NATS[1, 2, 0]:.1f} nats"
    assert f"raster {NATS[1, 2, 0]:.1f}, told the mask {NATS[1, 2, 1]:.1f}." in facts.detail
    assert (
        f"{HOLES[2].sum()} of 168 pixels are hidden" in facts.detail and "6 completions" in facts.description
    )


def bad_calls() -> Iterator[tuple[Callable[[], Any], str]]:
    options = {"methods": ("raster", "told the mask")}
    wrong = COMPLETIONS ^ True
    yield lambda: paint_lab(DIGITS, HOLES, COMPLETIONS[:1], NATS, **options), "The paint lab needs digits"
    yield lambda: paint_lab(DIGITS, HOLES, COMPLETIONS, NATS), "The paint lab needs .* of 3"
    yield lambda: paint_lab(DIGITS, HOLES, wrong, NATS, **options), "completions keep every pixel outside"
    yield lambda: paint(DIGIT, "00ff"), "hole has 28 x 28 pixels, .* not the text '00ff'"
    yield lambda: paint(DIGIT[:5], HOLE), r"digit has 28 x 28 pixels, .* of shape \(5, 28\)"
    yield lambda: paint(DIGIT * 3, HOLE), "digit has 28 x 28 pixels"
    yield lambda: paint(DIGIT, HOLE & False), "hole hides no pixel; paint one first"
    yield lambda: paint(DIGIT, HOLE, methods=("magic",)), f"methods are among '{METHODS[0]}', .*, not 'magic'"


@pytest.mark.parametrize(("make", "sentence"), list(bad_calls()))
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()

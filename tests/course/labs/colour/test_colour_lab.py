"""The colour lab: its facts against hand-made numbers."""

from dataclasses import replace

import pytest
import torch

from armod.course.labs import colour_lab
from armod.course.labs.colour.picture import SHADES, shade
from tests.course.labs.cases import CHROMA, GREYS, NATS, colour_state


def test_costs_are_sums_of_both_chroma() -> None:
    facts = colour_state(1, 2)
    assert facts.surprise.tolist() == (NATS[1, 2, 0] + NATS[1, 2, 1]).tolist()
    assert facts.total == pytest.approx(NATS[1].flatten(1).sum(1).tolist())
    assert facts.num_samples == 3


def test_sentences_tell_samples_from_the_truth() -> None:
    facts = colour_state(0, 1, 2, 3)
    own, truth = facts.total[1], facts.total[3]
    assert (
        facts.finding == f"Patch 1, colouring 2 of 3: {own:.0f} nats, where the true colours cost {truth:.0f}"
    )
    orange, green = NATS[0, 1, :, 2, 3].tolist()
    assert facts.detail.startswith("Row 3, column 4: ")
    assert replace(facts, colouring=3).finding == f"Patch 1: its true colours cost {truth:.0f} nats"
    assert abs(orange - float(facts.detail.split(": ")[1].split(" nats")[0])) <= 0.05
    assert abs(green - float(facts.detail.split("then ")[1].split(" for")[0])) <= 0.05


def test_shades_grow_with_surprise_and_end() -> None:
    assert [shade(nats) for nats in (0, 1.19, 1.21, 5.99, 6, 40)] == [0, 0, 1, 4, 5, 5]
    assert len(SHADES) == 6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((GREYS[:, 0], CHROMA, NATS), r"needs greys \(P, 1, H, W\)"),
        ((GREYS[:1], CHROMA, NATS), "needs greys"),
        ((GREYS, CHROMA, NATS[:, :3]), "needs greys"),
        ((GREYS, CHROMA[:, :1], NATS[:, :1]), "one colouring or more and the true colours"),
        ((GREYS, CHROMA + 1, NATS), r"levels must lie in 0\.\.23"),
        ((GREYS, CHROMA[:, :, :1], NATS[:, :, :1]), r"levels must be a tensor \(N, 2, H, W\)"),
    ],
)
def test_what_does_not_fit_is_refused(arguments: tuple[torch.Tensor, ...], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        colour_lab(*arguments)

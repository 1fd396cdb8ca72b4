"""The n-gram against a slow count of its own, and as what it is for."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from typing import Any

import pytest
import torch

import armod
from armod import NGram, orderings
from tests.checkout import CHECKOUT
from tests.makers import ngram, seeded

START = -1


def slow_probability(
    sequences: list[list[int]], order: int, num_levels: int, past: list[int], level: int
) -> float:
    """Witten and Bell's formula word for word, over dictionaries."""
    after: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)
    for sequence in sequences:
        padded = [START] * (order - 1) + sequence
        for end in range(order - 1, len(padded)):
            for length in range(order):
                after[tuple(padded[end - length : end])][padded[end]] += 1

    def probability(context: tuple[int, ...] | None) -> float:
        if context is None:
            return 1 / num_levels
        counts, shorter = after[context], probability(context[1:] if context else None)
        number, new = sum(counts.values()), len(counts)
        return (counts[level] + new * shorter) / (number + new) if number else shorter

    return probability(
        tuple(([START] * (order - 1) + past)[len(past) :][-(order - 1) :] if order > 1 else ())
    )


@pytest.mark.parametrize("order", [1, 2, 3, 5])
@pytest.mark.parametrize("num_levels", [1, 3])
def test_every_conditional_is_that_of_the_formula(order: int, num_levels: int) -> None:
    x = torch.randint(num_levels, (6, 4), generator=seeded(1)).clamp(max=1)  # level 2 is never seen
    model = NGram((4,), order, num_levels=num_levels).fit(x)
    new = torch.randint(num_levels, (5, 4), generator=seeded(2))
    found = model.log_prob_per_variable(new).exp()
    for row, levels in zip(found.tolist(), new.tolist(), strict=True):
        for step, probability in enumerate(row):
            due = slow_probability(x.tolist(), order, num_levels, levels[:step], levels[step])
            assert probability == pytest.approx(due, rel=1e-12)
    assert torch.allclose(model.probabilities.sum(1), torch.ones(len(model.counts)).double())


def test_nothing_counted_is_uniform_and_counting_again_forgets() -> None:
    model = NGram((3,), 2, num_levels=4)
    assert torch.equal(model.probabilities, torch.full((5, 4), 0.25, dtype=torch.float64))
    x = torch.randint(4, (9, 3), generator=seeded())
    once, again = NGram((3,), 2, num_levels=4).fit(x), model.fit(3 - x).fit(x)
    assert torch.equal(once.probabilities, again.probabilities)
    assert torch.equal(model.fit(x[:0]).probabilities, torch.full((5, 4), 0.25, dtype=torch.float64))


def test_a_table_is_never_stale() -> None:
    model, other = ngram((6,), 2, 3), NGram((6,), 2, num_levels=3)
    assert not torch.equal(model.probabilities, other.probabilities)
    other.load_state_dict(model.state_dict())
    assert (
        torch.equal(model.probabilities, other.probabilities)
        and other.half().probabilities.dtype == torch.float64
    )
    other.counts[0] += 7
    assert not torch.equal(model.probabilities[0], other.probabilities[0])


def test_an_ordering_is_what_in_a_row_means_and_lengths_are_free() -> None:
    x = torch.randint(3, (20, 5), generator=seeded(4))
    order = [3, 0, 4, 1, 2]
    turned, plain = (
        NGram((5,), 3, num_levels=3, ordering=order).fit(x),
        NGram((5,), 3, num_levels=3).fit(x[:, order]),
    )
    assert torch.equal(turned.counts, plain.counts)
    assert torch.allclose(turned.log_prob(x), plain.log_prob(x[:, order]))
    assert plain.any_length and not turned.any_length
    assert plain.sample(2, length=9, generator=seeded()).shape == (2, 9)
    backward = NGram((5,), 2, num_levels=3, ordering=orderings.reversed((5,))).fit(x)
    assert backward.log_prob(x[:, :3]).shape == (20,)


def test_a_longer_memory_predicts_sonnets_better() -> None:
    text = armod.data.load("sonnets")
    shape = text.train.shape[1:]
    nats = [
        -NGram(shape, order, num_levels=text.num_levels).fit(text.train).log_prob(text.test).mean()
        / shape.numel()
        for order in (1, 2, 3)
    ]
    assert nats[0] > nats[1] > nats[2]


def test_counting_on_sonnets_costs_what_the_control_says() -> None:
    """The recipe of the control states it beside the bits of its Transformer, and lesson 4.4 quotes both."""
    text = armod.data.load("sonnets")
    table = NGram(text.event_shape, 4, num_levels=text.num_levels).fit(text.train)
    counted = armod.evaluate(table, text).bits_per_dim
    assert f"{counted:.3f}" == "2.478"
    control = CHECKOUT / "benchmarks" / "controls" / "transformer-sonnets.toml"
    assert f"{counted:.3f} bits" in control.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: NGram((4,), 5, num_levels=256),
            r"order=5 with num_levels=256 makes 1.12e\+12 cells, 8.9e\+12 bytes",
        ),
        (
            lambda: NGram((4,), 2, num_levels=3).fit(torch.full((1, 4), 3)),
            "Levels must be whole numbers from 0 to 2",
        ),
        (lambda: NGram((4,), 2, num_levels=3, ordering=[0, 1, 1, 2]), "exactly once"),
    ],
)
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()

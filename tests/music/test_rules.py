"""The rule against parallels: it forbids what the judge counts, and nothing else."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, distributions

from armod import Conditional, RecurrentModel, encoders, orderings
from armod.data import notes
from armod.likelihoods import Categorical, table
from armod.music import NoParallels, Score
from armod.music.judging import FIFTH, OCTAVE, parallels
from armod.sampling import adjusted_log_prob
from tests.makers import lively, seeded

SHAPE = (3, 6)
ROWS = torch.arange(18).view(SHAPE)
ORDERS = {
    "from above": orderings.column(SHAPE),
    "from below": ROWS.flip(0).T.flatten(),
    "melody first": torch.cat([ROWS[0], ROWS[1:].T.flatten()]),
}


def model(order: Tensor, context_size: int = 0) -> RecurrentModel:
    """A model of few pitches, so that there are many parallels."""
    made = RecurrentModel(
        SHAPE, 5, cell="gru", likelihood=Categorical(93), ordering=order, context_size=context_size
    ).double()
    with torch.no_grad():
        made.head.bias.fill_(-9)
        made.head.bias[[49, 53, 57, 61, 63, 67, 73]] = 0  # beginnings from C to C
    return made


@pytest.mark.parametrize("name", ORDERS)
def test_nothing_that_the_judge_counts_is_sampled(name: str) -> None:
    drawn = model(ORDERS[name])
    free = drawn.sample(60, generator=seeded())
    ruled = drawn.sample(60, generator=seeded(), filter=NoParallels(drawn.ordering, 6))
    counts = [
        sum(int(parallels(Score.of(x).pitches, interval).sum()) for interval in (FIFTH, OCTAVE))
        for x in (free, ruled)
    ]
    assert counts[0] > 10 and counts[1] == 0


def test_the_melody_is_one_of_the_voices() -> None:
    drawn = Conditional(
        encoders.sequences(93, 2, channels=4, num_layers=1), model(ORDERS["from above"], 2)
    ).double()
    melody = notes.from_pitches(torch.tensor([[67, 69, 71, 69, 72, 74]]), torch.ones(1, 6, dtype=torch.bool))
    rule = NoParallels(drawn.ordering, 6, melody)
    free, ruled = (
        drawn.sample(60, melody, generator=seeded(), **options) for options in ({}, {"filter": rule})
    )
    counts = [
        sum(int(parallels(_with(melody, x), interval).sum()) for interval in (FIFTH, OCTAVE))
        for x in (free, ruled)
    ]
    assert counts[0] > 10 and counts[1] == 0
    price = adjusted_log_prob(drawn, ruled, melody, filter=rule) - drawn.log_prob(ruled, melody)
    assert bool((price.detach() > -1e-9).all()) and 0.1 < float(price.mean()) < 9


def _with(melody: Tensor, x: Tensor) -> Tensor:
    return Score.of(torch.cat([melody[:, None].expand(len(x), -1, -1), x.to(torch.uint8)], 1)).pitches


@pytest.mark.parametrize("name", ["from above", "from below"])
def test_it_forbids_exactly_the_parallels(name: str) -> None:
    """Level by level against the judge, at every step of random scores."""
    order = ORDERS[name]
    pitches = torch.randint(58, 66, (4, *SHAPE), generator=seeded(2))
    pitches[torch.rand(pitches.shape, generator=seeded(3)) < 0.1] = -1
    scores = notes.from_pitches(pitches, torch.rand(pitches.shape, generator=seeded(4)) < 0.5)
    rule = NoParallels(order, 6)
    even = distributions.Categorical(logits=torch.zeros(4, 93))
    in_order = scores.flatten(1)[:, order].long()
    num_banned = 0
    for step, variable in enumerate(order.tolist()):
        banned = table(rule(even, step, in_order[:, :step])).isinf()
        voice, time = divmod(variable, 6)
        known = set(order[:step].tolist())
        for level in range(93):
            changed = scores.clone()
            changed[:, voice, time] = level
            midi = notes.pitches(changed)
            for other in range(3):  # what is not drawn yet does not sound
                if other != voice and other * 6 + time not in known:
                    midi[:, other, time] = -1
            if time == 0:
                assert not banned.any()
                continue
            here = midi[:, :, time - 1 : time + 1]
            pairs = [
                k for k, pair in enumerate(torch.combinations(torch.arange(3), 2).tolist()) if voice in pair
            ]
            found = torch.stack(
                [parallels(here, interval)[:, pairs, 0].any(1) for interval in (FIFTH, OCTAVE)]
            ).any(0)
            assert torch.equal(banned[:, level], found)
        num_banned += int(banned.sum())
        assert not banned.all(1).any()
    assert num_banned > 20


def test_sampled_alike_by_cached_and_naive() -> None:
    drawn = lively(model(ORDERS["from above"])).double()
    rule = NoParallels(drawn.ordering, 6)
    both = [drawn.sample(5, generator=seeded(), method=method, filter=rule) for method in ("cached", "naive")]
    assert torch.equal(*both)

"""A model in every key: a mixture whose probabilities add up to 1, and what it saves."""

from __future__ import annotations

import math

import pytest
import torch

import armod
from armod.data import notes
from armod.likelihoods import Categorical
from armod.music import InEveryKey
from armod.orderings import column
from tests.makers import lively, seeded

KEYS = [-3, 0, 2]


def small(event_shape: tuple[int, ...] = (2, 3), **options) -> armod.RecurrentModel:
    model = armod.RecurrentModel(
        event_shape, 4, likelihood=Categorical(93), ordering=column(event_shape), cell="gru", **options
    )
    return lively(model).double()


def told() -> armod.Conditional:
    encoder = armod.encoders.sequences(93, 4, channels=4, num_layers=1, seed=3)
    return armod.Conditional(encoder, small(context_size=4)).double()


def slowly(model: armod.AutoregressiveModel, x: torch.Tensor, melody: torch.Tensor | None) -> float:
    """Of one score: for each key the product of its conditionals, each scaled up for the levels that it has no room for."""
    found = []
    for key in KEYS:
        down, up = (0, 0) if melody is None else notes.room(melody[None])
        if melody is not None and not -int(down) <= key <= int(up):
            continue
        total, given = 0.0, None if melody is None else notes.transposed(melody[None], key)
        rooms = [v for v in range(93) if v == 0 or 1 <= v + 2 * key <= 92]
        y = torch.zeros_like(x)
        for d in model.ordering.tolist():
            row, step = divmod(d, x.shape[1])
            p = model.conditionals(y[None], given).probs[0, row, step]
            p = {v: p[v and v + 2 * key].item() for v in rooms}
            level = int(x[row, step])
            total += math.log(p[level] / sum(p.values())) if level in p else -math.inf
            y[row, step] = level + 2 * key if level and level in p else 0
        found.append(total)
    return math.log(sum(map(math.exp, found)) / len(found))


def test_it_is_the_mean_of_the_keys_probabilities() -> None:
    """Scores in the middle, at the edge where two keys have no room, and with rests; melodies that no other key has room for."""
    x = torch.randint(93, (6, 2, 3), generator=seeded(1))
    x[0], x[1, 0], x[2] = 50, 1, 0
    x[3, 1, 2], x[4, 0] = 92, 3
    plain = small()
    expected = [slowly(plain, each, None) for each in x]
    torch.testing.assert_close(
        InEveryKey(plain, KEYS).log_prob(x), torch.tensor(expected, dtype=torch.float64)
    )
    model, melodies = told(), torch.randint(93, (6, 3), generator=seeded(2))
    melodies[0], melodies[1] = 92, 1
    expected = [slowly(model, each, melody) for each, melody in zip(x, melodies, strict=True)]
    found = InEveryKey(model, KEYS).log_prob(x, melodies)
    torch.testing.assert_close(found, torch.tensor(expected, dtype=torch.float64))
    assert math.isfinite(found.sum())
    own = InEveryKey(model, [0])
    torch.testing.assert_close(own.log_prob(x, melodies), model.log_prob(x, melodies))


def test_probabilities_add_up_to_one() -> None:
    model = small((1, 2))
    assert armod.total_probability(InEveryKey(model, KEYS)) == pytest.approx(1, abs=1e-9)
    assert InEveryKey(model, KEYS).sample(3, generator=seeded()).shape == (3, 1, 2)


def test_a_mixture_over_keys_knows_more_than_one_key() -> None:
    harmony = armod.data.load("harmony")
    x, melody = harmony.test[:6], harmony.context["test"][:6]
    model = armod.load_pretrained("recurrent-harmony")
    with torch.no_grad():
        gain = InEveryKey(model, range(-2, 3)).log_prob(x, melody) - model.log_prob(x, melody)
    assert gain.mean() > 1 and gain.min() > -math.log(5) - 1e-3  # its own key is one of five


def test_wrong_calls_are_one_sentence() -> None:
    for keys in ([1], [0, 0], [0, 0.5], []):
        with pytest.raises(ValueError, match="semitones are whole numbers, each once and 0 among them"):
            InEveryKey(small(), keys)
    with pytest.raises(ValueError, match="model is a model of 93 levels"):
        InEveryKey(armod.MADE((2, 3), [4], likelihood=Categorical(48)))

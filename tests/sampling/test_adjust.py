"""What sampling changes in a conditional: temperature, the top k levels, the nucleus, the mode; against plain Python."""

from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import distributions

from armod.likelihoods import Bernoulli, Categorical, Likelihood, LogisticMixture, inverse_cdf, table
from armod.sampling.adjust import Adjustment
from armod.sampling.samplers import sample_cached, sample_naive
from tests.likelihoods.test_own_likelihood import Heads
from tests.makers import (
    UserLevels,
    gated,
    histogram,
    made,
    pixelcnn,
    pixelcnn_plus_plus,
    recurrent,
    seeded,
    transformer,
    wavenet,
)

OPTIONS = [
    {"temperature": 0.6},
    {"top_k": 1},
    {"top_k": 2, "temperature": 1.7},
    {"top_p": 0.6},
    {"top_p": 0.85, "top_k": 3, "temperature": 1.3},
    {"greedy": True},
    {"greedy": True, "temperature": 0.5},
]
MODELS = {
    "made": lambda: made((4,), (12,), 5, ordering=[2, 0, 3, 1]),
    "made, bits": lambda: made((6,), (12,)),
    "made, mixture": lambda: made((4,), (9,), likelihood=LogisticMixture(9, 2)),
    "ensemble": lambda: made((4,), (9,), 5, num_masks=3),
    "mixture of mades": lambda: made((4,), (9,), 5, num_masks=3, ordering=range(4)),
    "recurrent": lambda: recurrent((4,), Categorical(6)),
    "transformer": lambda: transformer((4,), LogisticMixture(7, 2)),
    "wavenet": lambda: wavenet((5,), Categorical(6), [1, 2]),
    "pixelcnn": lambda: pixelcnn((3, 1, 2), Categorical(4)),
    "gated": lambda: gated((1, 2, 2), Heads(4)),
    "pixelcnn++": lambda: pixelcnn_plus_plus((3, 1, 2), 16),
    "histogram": lambda: histogram((3,), 4, smoothing=0.5),
    "user's": UserLevels,
}
# whole numbers are equal or far apart: how logarithms of close numbers round is not asked here
WEIGHTS = st.lists(st.integers(1, 40), min_size=1, max_size=9)
# no sum of a few whole shares or their powers is one of these
SHARES = st.sampled_from([math.pi / 7, math.e / 3, math.pi / 4, math.e / 30, 0.999 / math.pi, math.e / 2.72])


def adjusted_by_hand(
    probs: list[float], temperature: float, top_k: int | None, top_p: float | None, greedy: bool
) -> list[float]:
    """The definition, level by level."""
    powers = [p ** (1 / temperature) for p in probs]
    by_rank = sorted(range(len(probs)), key=lambda level: (-powers[level], level))
    kept = by_rank[: 1 if greedy else top_k]
    total = sum(powers[level] for level in kept)
    if top_p is not None and not greedy:
        nucleus, reached = [], 0.0
        while reached < top_p - 1e-14 and len(nucleus) < len(kept):
            nucleus.append(kept[len(nucleus)])
            reached += powers[nucleus[-1]] / total
        kept, total = nucleus, sum(powers[level] for level in nucleus)
    return [powers[level] / total if level in kept else 0.0 for level in range(len(probs))]


@settings(deadline=None, max_examples=200)
@given(
    WEIGHTS,
    st.floats(0.3, 3),
    st.none() | st.integers(1, 10),
    st.none() | SHARES,
    st.booleans(),
)
def test_the_adjusted_distribution_is_its_definition(
    weights: list[int], temperature: float, top_k: int | None, top_p: float | None, greedy: bool
) -> None:
    probs = [weight / sum(weights) for weight in weights]
    options = {"temperature": temperature, "top_k": top_k, "top_p": top_p, "greedy": greedy}
    given_logits = torch.tensor(probs, dtype=torch.float64).log()
    found = Adjustment(**options).distribution(distributions.Categorical(logits=given_logits))
    expected = adjusted_by_hand(probs, **options)
    assert table(found).exp().tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_among_equal_levels_the_lowest_stay() -> None:
    equal = distributions.Categorical(logits=torch.tensor([0.0, 2.0, 0.0, 2.0, 2.0, 0.0]).repeat(50, 1))
    for top_k, kept in ((1, [1]), (2, [1, 3]), (4, [0, 1, 3, 4]), (5, [0, 1, 2, 3, 4])):
        found = Adjustment(top_k=top_k).distribution(equal)
        assert (found.probs > 0).nonzero()[:, 1].view(50, -1).tolist() == [kept] * 50
    wide = distributions.Categorical(logits=torch.zeros(300))  # long sorts are not stable by themselves
    assert (Adjustment(top_k=7).distribution(wide).probs > 0).nonzero().flatten().tolist() == list(range(7))
    assert Adjustment(greedy=True).distribution(equal).probs.argmax(-1).tolist() == [1] * 50
    fair_bit = Adjustment(greedy=True).distribution(distributions.Bernoulli(logits=torch.zeros(3)))
    assert inverse_cdf(fair_bit, torch.full((3,), 0.99)).tolist() == [0, 0, 0]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
def test_a_nucleus_that_is_reached_exactly_is_not_exceeded(dtype: torch.dtype) -> None:
    quarters = distributions.Categorical(logits=torch.tensor([1.0, 2.0, 4.0, 1.0]).log().to(dtype))
    for top_p, kept in (
        (0.2, [2]),
        (0.5, [2]),
        (0.51, [1, 2]),
        (0.75, [1, 2]),
        (0.8, [0, 1, 2]),
        (1.0, [0, 1, 2, 3]),
    ):
        found = Adjustment(top_p=top_p).distribution(quarters)
        tolerated = found.probs if top_p in (0.2, 0.51, 0.8, 1.0) or dtype != torch.bfloat16 else None
        if tolerated is not None:  # bfloat16 can't hold log 2
            assert (tolerated > 0).nonzero().flatten().tolist() == kept
    tiny = Adjustment(top_p=1e-9).distribution(quarters)
    assert (tiny.probs > 0).nonzero().flatten().tolist() == [2]


def test_the_nucleus_is_that_of_the_top_levels() -> None:
    """Of four levels the best two have 4/7 and 3/7, so that half is reached by one; of all levels, by two."""
    conditional = distributions.Categorical(probs=torch.tensor([0.4, 0.3, 0.2, 0.1]))
    assert Adjustment(top_k=2, top_p=0.5).distribution(conditional).probs.tolist() == [1, 0, 0, 0]
    assert (Adjustment(top_p=0.5).distribution(conditional).probs > 0).sum() == 2


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
def test_a_share_of_equal_levels_is_as_many_levels(dtype: torch.dtype) -> None:
    for num_levels in range(2, 24):
        even = distributions.Categorical(logits=torch.zeros(num_levels, dtype=dtype))
        for share in range(1, num_levels):
            found = Adjustment(top_p=share / num_levels).distribution(even)
            assert (found.probs > 0).nonzero().flatten().tolist() == list(range(share))


def test_all_levels_stay_where_nothing_is_asked() -> None:
    conditional = distributions.Categorical(logits=torch.tensor([0.0, -40.0, 3.0]))
    for nothing in (Adjustment(), Adjustment(top_p=1.0), Adjustment(temperature=1, top_p=1)):
        assert not nothing.changes
        assert nothing.distribution(conditional) is conditional
        likelihood = Categorical(3)
        assert nothing.likelihood(likelihood) is likelihood
    many = Adjustment(top_k=9).distribution(conditional)
    torch.testing.assert_close(table(many), table(conditional))


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("name", MODELS)
def test_cached_and_naive_samples_are_adjusted_alike(name: str, options: dict) -> None:
    model = MODELS[name]()
    cached, naive = (
        model.sample(60, generator=seeded(2), method=method, **options) for method in ("cached", "naive")
    )
    assert torch.equal(cached, naive)
    plain = model.sample(60, generator=seeded(2))
    assert not torch.equal(cached, plain)
    if options.get("greedy") and name not in (
        "ensemble",
        "mixture of mades",
    ):  # their rows have members of their own
        assert (cached == cached[0]).all()


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("likelihood", [Bernoulli(), Categorical(7), Heads(5)], ids=str)
def test_samples_are_draws_of_the_definition(likelihood: Likelihood, options: dict) -> None:
    """The first variable of a model has one conditional, and its noise says what is drawn."""
    model = wavenet((2,), likelihood, [1])
    uniform = torch.rand(500, 2, dtype=torch.float64, generator=seeded(3))
    conditional = model.incremental(1).conditional()
    probs = table(conditional)[0].exp().tolist()
    complete = {"temperature": 1.0, "top_k": None, "top_p": None, "greedy": False} | options
    cumulative = torch.tensor(adjusted_by_hand(probs, **complete), dtype=torch.float64).cumsum(0)
    cumulative[-1] = 1
    expected = (uniform[:, :1] >= cumulative - 1e-15).sum(-1)
    for sampler in (sample_cached, sample_naive):
        assert torch.equal(sampler(model, uniform, **options)[:, 0], expected)


def test_known_levels_are_kept_even_if_they_are_left_out() -> None:
    model = made((4,), (12,), 5)
    mask = torch.tensor([True, False, True, False])
    for kept in range(5):
        x = model.sample(20, known=torch.full((4,), kept), mask=mask, top_k=1, generator=seeded())
        assert (x[:, mask] == kept).all()


def test_half_precision_is_adjusted_in_single() -> None:
    """Of 300 levels with almost the same logits the nucleus of a half is 150 levels, which bfloat16 can't add up."""
    logits = torch.linspace(0, 0.001, 300).flip(0)
    model = made((2,), (3,), 300).float()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.zero_()
        model.linear_layers[-1].bias.copy_(logits.repeat(2))
    uniform = torch.linspace(0, 1 - 2**-53, 600, dtype=torch.float64)[:, None].expand(600, 2)
    for dtype in (torch.float64, torch.float32, torch.bfloat16):
        x = sample_cached(model.to(dtype), uniform, top_p=0.5)
        assert abs(x.max().item() - 149) <= 1 and len(x.unique()) == x.max() + 1


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"temperature": 0}, r"temperature must be above 0 .* not 0; greedy=True takes"),
        ({"temperature": -1.0}, r"temperature must be above 0 .* not -1\.0"),
        ({"temperature": math.nan}, r"temperature must be above 0 .* not nan"),
        ({"temperature": math.inf}, r"temperature must be above 0 .* not inf"),
        ({"temperature": "hot"}, r"temperature must be above 0 .* not 'hot'"),
        ({"temperature": None}, r"temperature must be above 0 .* not None"),
        ({"temperature": True}, r"temperature must be above 0 .* not True"),
        ({"top_k": 0}, "top_k is a number of levels, 1 or more, or None for all, not 0"),
        ({"top_k": 2.5}, r"top_k is a number of levels, 1 or more, or None for all, not 2\.5"),
        ({"top_k": True}, "top_k is a number of levels, 1 or more, or None for all, not True"),
        ({"top_k": "3"}, "top_k is a number of levels, 1 or more, or None for all, not '3'"),
        ({"top_p": 0}, "top_p is a probability above 0 and at most 1, .*, not 0"),
        ({"top_p": 1.5}, r"top_p is a probability above 0 and at most 1, .*, not 1\.5"),
        ({"top_p": math.nan}, "top_p is a probability above 0 and at most 1, .*, not nan"),
        ({"top_p": "all"}, "top_p is a probability above 0 and at most 1, .*, not 'all'"),
        ({"greedy": 1}, "greedy is True or False, not 1"),
        ({"greedy": "yes"}, "greedy is True or False, not 'yes'"),
        ({"topk": 3}, "topk is no option of sample; the options are temperature, top_k, top_p"),
        ({"Temperature": 3}, "Temperature is no option of sample; the options are temperature"),
    ],
    ids=str,
)
def test_impossible_options_are_one_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        Adjustment.of(**options)
    assert "\n" not in str(error.value)


def test_numbers_of_numpy_and_whole_temperatures_are_taken() -> None:
    import numpy as np

    taken = Adjustment.of(temperature=np.float32(0.5), top_k=np.int64(2), top_p=np.float64(0.5), greedy=False)
    probs = taken.distribution(distributions.Categorical(probs=torch.tensor([0.5, 0.3, 0.2]))).probs
    assert probs.tolist() == [1, 0, 0]
    assert Adjustment(temperature=2).changes


@pytest.mark.parametrize("temperature", [1e-30, 1e-9, 1e9, 1e30])
def test_extreme_temperatures_are_the_mode_or_even(temperature: float) -> None:
    for likelihood, parameters in (
        (Categorical(3), [0.1, 0.3, -0.2]),
        (Heads(2), [0.3]),
        (Bernoulli(), [0.3]),
    ):
        conditional = likelihood.distribution(torch.tensor([parameters]))
        probs = table(Adjustment(temperature=temperature).distribution(conditional)).exp()[0]
        expected = torch.full_like(probs, 1 / len(probs))
        if temperature < 1:
            expected = (table(conditional)[0] == table(conditional).max()).float()
        torch.testing.assert_close(probs, expected)

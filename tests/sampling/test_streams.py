"""A stream gives the levels of `sample`, one at a time, each with the distribution that it was drawn from."""

from __future__ import annotations

from itertools import islice

import pytest
import torch
from torch import distributions, nn

import armod
from armod.likelihoods import Bernoulli, Categorical, Logistic, inverse_cdf, log_prob
from armod.models.sequence.transformer_walk import TransformerWalk
from armod.sampling import without
from armod.sampling.adjust import Adjustment
from tests.makers import lively, made, multi_scale, ngram, recurrent, seeded, subscale, transformer, wavenet
from tests.sampling.test_adjust import MODELS

MANY = {name: make for name, make in MODELS.items() if name not in ("ensemble", "mixture of mades")} | {
    "reversed wavenet": lambda: lively(
        armod.WaveNet((5,), 3, dilations=[1, 2], likelihood=Bernoulli())
    ).double(),
    "real numbers": lambda: wavenet((5,), Logistic(2), [1, 2]),
    "permuted transformer": lambda: transformer((1, 2, 2), Categorical(5), ordering=[2, 0, 3, 1]),
    "reversed transformer": lambda: transformer((4,), Categorical(5), ordering=[3, 2, 1, 0]),
    "n-gram": lambda: ngram((5,), 2, 4),
    "multi-scale": lambda: multi_scale((1, 2, 3), Categorical(4)),
    "subscale": lambda: subscale((1, 2, 4), 2, Categorical(4)),
}


@pytest.mark.parametrize("num_known", [0, 1, 2])
@pytest.mark.parametrize("name", MANY)
def test_a_stream_is_the_sample_of_the_same_noise(name: str, num_known: int) -> None:
    """Of each family, in the order of generation, with and without a prompt; stopped anywhere it has given a beginning."""
    model = MANY[name]()
    whole = model.sample(1, generator=seeded(1)).flatten(1)
    known, mask = whole.clone(), torch.zeros(whole.shape[1:], dtype=torch.bool)
    mask[model.ordering[:num_known]] = True
    shape = model.event_shape
    sample = model.sample(
        1, known=known.view(1, *shape), mask=mask.view(shape), generator=seeded(2)
    ).flatten()[model.ordering]
    prompt = sample[:num_known] if num_known else None
    streamed = list(model.stream(prompt=prompt, generator=seeded(2)))
    levels = torch.stack([level for level, _ in streamed])
    assert torch.equal(levels, sample[num_known:]) and levels.dtype == sample.dtype
    some = [level for level, _ in islice(model.stream(prompt=prompt, generator=seeded(2)), 2)]
    assert [float(level) for level in some] == sample[num_known : num_known + 2].tolist()


@pytest.mark.parametrize("options", [{}, {"temperature": 0.6}, {"top_k": 2, "top_p": 0.8}, {"greedy": True}])
@pytest.mark.parametrize("name", ["made", "recurrent", "transformer", "pixelcnn++", "user's"])
def test_each_level_comes_with_what_it_was_drawn_from(name: str, options: dict) -> None:
    """The distribution is the adjusted conditional of the full pass, not the plain one, and the draw is its quantile."""
    model = MANY[name]()
    streamed = list(model.stream(generator=seeded(3), **options))
    x = torch.empty(len(streamed), dtype=torch.int64)
    x[model.ordering] = torch.stack([level for level, _ in streamed])
    assert torch.equal(x.view(1, *model.event_shape), model.sample(1, generator=seeded(3), **options))
    adjusted = Adjustment(**options).distribution(model.conditionals(x.view(1, *model.event_shape)))
    expected = log_prob(adjusted, x.view(1, *model.event_shape)).detach().flatten()[model.ordering]
    noise = torch.rand(len(streamed), dtype=torch.float64, generator=seeded(3))
    for k, (level, distribution) in enumerate(streamed):
        assert distribution.batch_shape == () and isinstance(distribution, distributions.Categorical)
        assert distribution.log_prob(level) == pytest.approx(float(expected[k]), abs=1e-10)
        assert inverse_cdf(distribution, noise[k]) == level


@pytest.mark.parametrize("name", ["made", "recurrent", "permuted transformer", "pixelcnn++", "user's"])
def test_a_filter_sees_what_it_sees_in_a_sample(name: str) -> None:
    """The same steps and the same values, those of the prompt included, and the same levels come out."""
    model, seen = MANY[name](), []

    def rises(distribution: distributions.Distribution, step: int, values: torch.Tensor):
        seen.append((step, values.tolist()))
        at_most = torch.arange(distribution.probs.shape[-1] if step else 0)
        return without(distribution, at_most < values.max()) if step else distribution

    prompt = torch.tensor([1])
    known, mask = torch.zeros(1, model.num_variables, dtype=torch.int64), torch.zeros(1, model.num_variables)
    known[:, model.ordering[0]], mask[:, model.ordering[0]] = 1, 1
    shape = (1, *model.event_shape)
    x = model.sample(
        1, known=known.view(shape), mask=mask.bool().view(shape), generator=seeded(3), filter=rises
    )
    of_sample, seen = list(seen), []
    levels = [int(level) for level, _ in model.stream(prompt=prompt, generator=seeded(3), filter=rises)]
    assert [1, *levels] == x.flatten()[model.ordering].tolist() == sorted([1, *levels])
    assert seen == of_sample and seen[0] == (1, [[1]])


def test_a_density_comes_with_real_numbers() -> None:
    model = MANY["real numbers"]()
    x = model.sample(1, generator=seeded(4))
    expected = model.log_prob_per_variable(x)[0].detach()
    for k, (level, density) in enumerate(model.stream(generator=seeded(4))):
        assert density.batch_shape == () and float(density.log_prob(level)) == pytest.approx(
            float(expected[k])
        )


@pytest.mark.parametrize("context", ["global", "local"])
def test_a_context_of_one_observation(context: str) -> None:
    model = transformer((4,), Categorical(5), context_size=2)
    given = torch.randn(1, 2, *[4] * (context == "local"), generator=seeded(), dtype=torch.float64)
    levels = [int(level) for level, _ in model.stream(given, generator=seeded(5))]
    assert levels == model.sample(1, given, generator=seeded(5))[0].tolist()
    one, other = next(model.stream(given)).distribution, next(model.stream(-given)).distribution
    assert not torch.allclose(one.probs, other.probs, atol=0.01)


def test_any_length_is_streamed_as_it_is_sampled() -> None:
    model = recurrent((4,), Categorical(6))
    levels = [int(level) for level, _ in model.stream(generator=seeded(6), length=40)]
    assert levels == model.sample(1, generator=seeded(6), length=40)[0].tolist()
    assert len(list(transformer((6,), Categorical(5)).stream(length=3))) == 3


def test_a_stream_ends_after_the_stop() -> None:
    model = MANY["recurrent"]()
    levels = [int(level) for level, _ in model.stream(generator=seeded(7), length=60, stop=2)]
    assert levels[-1] == 2 and 2 not in levels[:-1] and len(levels) < 60
    sample = model.sample(1, generator=seeded(7), length=60, stop=2)[0].tolist()
    assert sample == levels + [2] * (60 - len(levels))


@pytest.mark.parametrize(("length", "num_known"), [(1, 0), (1, 3), (4, 9), (5, 0), (5, 5), (5, 12)])
def test_beyond_its_longest_sequence_a_model_sees_a_sliding_window(length: int, num_known: int) -> None:
    """The window begins anew with its last half; here each level is found by a pass of its own."""
    model = transformer((length,), Categorical(5))
    prompt = torch.randint(5, (num_known,), generator=seeded(8))
    streamed = list(model.stream(prompt=prompt, generator=seeded(9), length=16))
    assert len(streamed) == 16 - num_known
    noise = torch.rand(16, dtype=torch.float64, generator=seeded(9))
    levels = prompt.tolist()
    window = levels if num_known < length else levels[num_known - length // 2 :]
    for level, distribution in streamed:
        if len(window) == length:
            window = window[length - length // 2 :]
        x = torch.zeros(1, len(window) + 1, dtype=torch.int64)
        x[0, :-1] = torch.tensor(window)
        given = model.conditionals(x).probs[0, -1].detach()
        assert torch.allclose(distribution.probs, given, atol=1e-10)
        assert level == inverse_cdf(distributions.Categorical(probs=given), noise[len(levels)])
        window, levels = [*window, int(level)], [*levels, int(level)]


def test_a_transformer_reads_its_prompt_in_one_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    passes, ahead = [], TransformerWalk.ahead
    monkeypatch.setattr(
        TransformerWalk, "ahead", lambda walk, levels: passes.append(len(levels)) or ahead(walk, levels)
    )
    model = transformer((50,), Categorical(5))
    next(model.stream(prompt=torch.zeros(40, dtype=torch.int64)))
    assert passes == [39]


def test_the_noise_of_a_stream_is_drawn_when_it_is_needed_and_settings_come_back() -> None:
    generator, model = seeded(10), MANY["transformer"]()
    stream = model.stream(generator=generator)
    twin = seeded(10)
    assert torch.equal(generator.get_state(), twin.get_state())
    next(stream)
    torch.rand(1, dtype=torch.float64, generator=twin)
    assert torch.equal(generator.get_state(), twin.get_state())
    assert torch.is_grad_enabled() and not torch.is_inference_mode_enabled()
    assert not next(stream).level.is_inference()


def test_a_model_that_learns_meanwhile_does_not_change_its_stream() -> None:
    model = transformer((6,), Categorical(5))
    expected = model.sample(1, generator=seeded(11))[0].tolist()
    stream = model.stream(generator=seeded(11))
    levels = [int(next(stream).level)]
    with torch.no_grad():
        nn.init.zeros_(model.head.weight)
    assert levels + [int(level) for level, _ in stream] == expected


MODEL = transformer((4,), Categorical(5))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: MODEL.stream(prompt=[1, 2]), "prompt is a tensor of levels (p,), not a list."),
        (lambda: MODEL.stream(prompt=torch.zeros(2, 2)), "prompt has the levels (p,) of one observation, not shape (2, 2)."),
        (lambda: MODEL.stream(prompt=torch.tensor([5])), "Levels must be whole numbers from 0 to 4, but prompt lies between 5 and 5."),
        (lambda: MODEL.stream(prompt=torch.tensor([0.5])), "with fractions"),
        (lambda: MODEL.stream(prompt=torch.zeros(5)), "prompt has 5 levels, but the observation has 4 variables."),
        (lambda: MODEL.stream(length=0), "A length is 1 or more, not 0."),
        (lambda: MODEL.stream(length="long"), "A length is 1 or more, not 'long'."),
        (lambda: MODEL.stream(torch.zeros(1, 2)), "This model was built without a context"),
        (lambda: MODEL.stream(generator=3), "generator is a torch.Generator or None, not an int."),
        (lambda: MODEL.stream(topk=3), "topk is no option of"),
        (lambda: MODEL.stream(top_k=0), "top_k is a number of levels, 1 or more"),
        (lambda: MODEL.stream(stop=5), "stop is None or a level"),
        (lambda: MODEL.stream(callback=print), "callback is no option of stream, which gives each level"),
        (lambda: made((4,), num_levels=5).stream(length=9), "observations of shape (4,) only, not of length 9."),
        (
            lambda: transformer((4,), Categorical(5), context_size=2).stream(torch.zeros(1, 2, 4), length=9),
            "length=9 is beyond the 4 positions that this model has, and a local context has nothing for those.",
        ),
        (lambda: transformer((4,), Categorical(5), context_size=2).stream(torch.zeros(3, 2)), "shape (1, 2)"),
    ],
)  # fmt: skip
def test_a_bad_call_is_one_sentence_before_the_first_level(call, message: str) -> None:
    with pytest.raises(ValueError) as error:
        call()
    assert message in str(error.value) and str(error.value).count("\n") == 0


def test_an_ensemble_points_to_its_members() -> None:
    ensemble = made((4,), num_levels=5, num_masks=3)
    with pytest.raises(ValueError, match="members"):
        next(ensemble.stream())
    assert len(list(ensemble.members[1].stream())) == 4


def test_a_network_that_overflows_streams_no_nonsense() -> None:
    model = transformer((4,), Categorical(5)).float()
    with torch.no_grad():
        model.head.weight.fill_(3e38)
    with pytest.raises(ValueError, match="infinite or not a number"):
        list(model.stream())


def test_the_first_level_does_not_wait_for_a_step_per_level_of_the_prompt(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One pass takes in the prompt; without it the walk makes a step for each level."""
    monkeypatch.setenv("ARMOD_COMPILED", "0")
    model = armod.Transformer((128,), 8, num_layers=2, num_heads=2, likelihood=Categorical(5)).eval()
    steps, advance = [], TransformerWalk.advance
    monkeypatch.setattr(TransformerWalk, "advance", lambda *args: steps.append(args) or advance(*args))
    next(model.stream(prompt=torch.zeros(120, dtype=torch.int64)))
    assert len(steps) <= 1
    steps.clear()
    model.sample(1, length=121)
    assert len(steps) == 121

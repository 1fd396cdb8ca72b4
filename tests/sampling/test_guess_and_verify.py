"""Guess and verify: the same sample as the cached one, in as many passes as the guesses deserve, and never more than D."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

import armod
from armod import AutoregressiveModel, likelihoods
from armod.sampling import Copy, Draft, FirstOf, GuessAndVerify, Incremental, Table
from armod.sampling.guessers import Verified, previous
from tests.examples import ENSEMBLES, LARGER, MODELS
from tests.makers import UserBits, context_for, made, recurrent, seeded

Build = Callable[[], AutoregressiveModel]
N = 6
SLOW = ["pixelcnn++, colours", "pixelcnn++, bits, transposed", "pixelcnn++, full resolution, no shortcuts"]
SINGLE = {
    name: build for name, build in MODELS.items() if not name.startswith("mixture") and name not in SLOW
}
MANY_LEVELS = {name: build for name, build in SINGLE.items() if "one level" not in name}
# one of each family, too large to enumerate
SOME_LARGER = [
    "recurrent, gru, context",
    "transformer, context, reversed",
    "wavenet, three taps, any dilations, context",
    "pixelcnn, narrower than the channels, reversed",
    "gated, only its own pixel",
    "pixelcnn++, padded",
    "pixelcnn, colour, wide kernel, context",
    "gated, colour, wide kernel, context",
]


def completion(model: AutoregressiveModel) -> dict[str, Tensor]:
    known = model.sample(1, generator=seeded(8))
    return {"known": known, "mask": torch.rand(model.event_shape, generator=seeded(9)) < 0.3}


class Oracle:
    """A guesser that knows the sample, and guesses it or, on purpose, never."""

    def __init__(self, model: AutoregressiveModel, sample: Tensor, shift: int) -> None:
        self.levels = (sample.flatten(1)[:, model.ordering] + shift) % levels_of(model)

    def __call__(self, verified: Verified) -> Tensor:
        return self.levels


def levels_of(model: AutoregressiveModel) -> int:
    return likelihoods.num_levels(model.conditionals(torch.zeros(1, *model.event_shape))) or 2


@pytest.mark.parametrize("build", (MODELS | ENSEMBLES).values(), ids=(MODELS | ENSEMBLES).keys())
def test_the_fixed_point_is_the_cached_sample(build: Build) -> None:
    model = build()
    for options in ({}, {"temperature": 0.6, "top_k": 3, "stop": 0}, {"stop": 0, **completion(model)}):
        cached, fixed = (
            model.sample(N, generator=seeded(3), method=method, **options)
            for method in ("cached", "fixed-point")
        )
        assert torch.equal(cached, fixed)


@pytest.mark.parametrize(("guess", "window"), [("previous", 1), (Copy(2), None)], ids=["windows", "whole"])
@pytest.mark.parametrize("build", SINGLE.values(), ids=SINGLE.keys())
def test_every_guess_and_window_gives_the_cached_sample(build: Build, guess: Any, window: int | None) -> None:
    model, sampler = build(), GuessAndVerify(guess, window)
    given = completion(model)
    x = model.sample(N, generator=seeded(3), method=sampler, **given)
    assert torch.equal(x, model.sample(N, generator=seeded(3), **given))
    report = sampler.report
    assert report.evaluations <= model.num_variables
    assert torch.equal(report.accepted.sum(0), torch.full((N,), model.num_variables))
    assert report.accepted.max() <= (model.num_variables if window is None else window + 1)
    if window is None:
        assert report.positions == report.evaluations * model.num_variables
    else:
        assert report.evaluations <= report.positions <= report.evaluations * (window + 1)
    # each pass makes what it accepted final, in the order of generation
    in_order = report.passes.flatten(1)[:, model.ordering]
    for row, accepted in zip(in_order, report.accepted.T, strict=True):
        made_in = [number for number, count in enumerate(accepted.tolist(), 1) for _ in range(count)]
        assert row.tolist() == made_in


@pytest.mark.parametrize("name", SOME_LARGER)
def test_larger_models_with_contexts(name: str) -> None:
    model = LARGER[name]()
    context = context_for(model, N)
    for method in (GuessAndVerify(window=0), GuessAndVerify(Copy(2), 7), "fixed-point"):
        x = model.sample(N, context, generator=seeded(4), method=method)
        assert torch.equal(x, model.sample(N, context, generator=seeded(4)))


@pytest.mark.parametrize("window", [3, None])
@pytest.mark.parametrize("build", MANY_LEVELS.values(), ids=MANY_LEVELS.keys())
def test_guesses_that_are_always_wrong_and_always_right(build: Build, window: int | None) -> None:
    model = build()
    size = model.num_variables
    sample = model.sample(N, generator=seeded(5))
    wrong = GuessAndVerify(Oracle(model, sample, 1), window)
    right = GuessAndVerify(Oracle(model, sample, 0), window)
    for sampler in (wrong, right):
        assert torch.equal(model.sample(N, generator=seeded(5), method=sampler), sample)
    # the last variable needs no guess of its own to be final
    assert wrong.report.evaluations == size
    assert right.report.evaluations == (1 if window is None else math.ceil(size / (window + 1)))


def test_known_levels_are_guesses_that_are_always_right() -> None:
    model = made((12,), (20,), 3)
    known, mask = torch.ones(12).long(), torch.arange(12) < 9
    wrong = GuessAndVerify(Oracle(model, model.sample(2, known=known, mask=mask, generator=seeded()), 1))
    model.sample(2, known=known, mask=mask, generator=seeded(), method=wrong)
    assert wrong.report.evaluations == 3
    assert wrong.report.accepted[0].tolist() == [10, 10]


def test_a_draft_that_is_the_model_is_always_right_and_another_one_only_costs_passes() -> None:
    model, other = (
        recurrent((9,), likelihoods.Categorical(4)),
        recurrent((9,), likelihoods.Categorical(4), cell="gru"),
    )
    expected = model.sample(N, generator=seeded(6))
    for draft, passes in ((model, 1), (other, 9)):
        sampler = GuessAndVerify(Draft(draft))
        assert torch.equal(model.sample(N, generator=seeded(6), method=sampler), expected)
        assert 1 <= sampler.report.evaluations <= passes


@pytest.mark.parametrize("options", [{"temperature": 0.4}, {"top_k": 2}, {"greedy": True}], ids=str)
@pytest.mark.parametrize(("window", "passes"), [(None, 1), (2, 3)])
def test_a_draft_is_adjusted_as_the_model_is(
    options: dict[str, Any], window: int | None, passes: int
) -> None:
    """A draft at temperature 1 would guess other levels than the model draws, even if it is the same model."""
    model = recurrent((9,), likelihoods.Categorical(4))
    sampler = GuessAndVerify(Draft(model), window)
    x = model.sample(N, generator=seeded(6), method=sampler, **options)
    assert torch.equal(x, model.sample(N, generator=seeded(6), **options))
    assert sampler.report.evaluations == passes


def test_another_length_no_rows_and_a_callback() -> None:
    model = LARGER["wavenet, beyond its field"]()
    heard: list[int] = []
    sampler = GuessAndVerify(window=2)
    x = model.sample(
        2, length=11, generator=seeded(), method=sampler, callback=lambda k, levels: heard.append(k)
    )
    assert torch.equal(x, model.sample(2, length=11, generator=seeded())) and heard == list(range(11))
    assert model.sample(0, method=sampler).shape == (0, 70) and sampler.report.evaluations == 0
    coins = made((30,), (8,), 2)
    stopped = coins.sample(3, generator=seeded(1), method=sampler, stop=0)
    assert torch.equal(stopped, coins.sample(3, generator=seeded(1), stop=0))
    assert (sampler.report.passes == 0).any(), "nothing has to be made after every row has stopped"


def test_in_float32_what_was_accepted_is_not_looked_at_again() -> None:
    """A model that contradicts itself from pass to pass still ends in at most D passes."""
    model = made((20,), (30,)).float()

    def restless(verified: Verified) -> Tensor:
        with torch.no_grad():
            for parameter in model.parameters():
                parameter.neg_()
        return previous(verified)

    sampler = GuessAndVerify(restless)
    model.sample(3, generator=seeded(), method=sampler)
    assert sampler.report.evaluations <= 20


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (
            lambda: GuessAndVerify("best"),
            "guess is \"previous\" or a function of what is verified, not 'best'",
        ),
        (lambda: GuessAndVerify(window=-1), "window must be 0 or more, not -1"),
        (lambda: GuessAndVerify(window=2.5), "window must be a whole number, not 2.5"),
        (lambda: FirstOf("previous", 3), 'guess is "previous" or a function of what is verified, not 3'),
        (lambda: FirstOf(), "FirstOf needs at least one guesser"),
        (lambda: Copy(0), "lag must be 1 or more, not 0"),
        (
            lambda: made((4,)).sample(2, method=GuessAndVerify(lambda verified: torch.zeros(2, 3))),
            r"A guess has shape \(2, 4\), a level for each variable, not \(2, 3\)",
        ),
        (lambda: made((4,)).sample(2, method="fixed-point", heat=1), "heat is no option of sample"),
    ],
)
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()


@pytest.mark.parametrize(
    ("name", "share"), [("made-digits28", 0.05), ("pixelcnn-digits28", 0.10), ("transformer-chorales", 0.30)]
)
def test_shipped_models_need_few_passes(name: str, share: float) -> None:
    model, sampler = armod.load_pretrained(name), GuessAndVerify()
    x = model.sample(1, generator=seeded(0), method=sampler)
    assert torch.equal(x, model.sample(1, generator=seeded(0)))
    assert sampler.report.evaluations <= share * model.num_variables


@pytest.mark.parametrize("window", [2, None])
def test_the_first_of_several_guessers_goes_on_where_the_one_before_has_none(window: int | None) -> None:
    """Nothing drawn yet, so the table goes on from the beginning; later on it only guesses what no pass has reached."""
    model = recurrent((12,), likelihoods.Categorical(4))
    expected = model.sample(N, generator=seeded(6))
    counted = Table(model.sample(50, generator=seeded(7)), lambda past: past[-1] if past else 4, 4)
    found: dict[str, int] = {}
    for name, guess in {
        "previous": "previous",
        "both": FirstOf("previous", Draft(counted)),
        "copy first": FirstOf(Copy(3), "previous", lambda verified: torch.zeros_like(verified.levels)),
    }.items():
        sampler = GuessAndVerify(guess, window)
        assert torch.equal(model.sample(N, generator=seeded(6), method=sampler), expected)
        found[name] = sampler.report.evaluations
    assert found["both"] <= found["previous"] <= 12


def test_guessers_say_what_they_have_and_no_more() -> None:
    levels = torch.tensor([[5, 7, -1, -1, -1, -1], [1, 2, -1, -1, -1, -1]])
    latest = torch.tensor([[5, 7, 3, -1, -1, -1], [1, 2, 4, -1, -1, -1]])
    for together in (False, True):
        verified = Verified(
            levels, torch.tensor([2, 2]), latest, torch.rand(2, 6), None, 2, 6, are_together=together
        )

        def wanted(guesses: Tensor) -> list[list[int]]:
            return (guesses if guesses.shape == (2, 4) else guesses[:, 2:6]).tolist()

        assert wanted(previous(verified)) == [[3, -1, -1, -1], [4, -1, -1, -1]]
        assert wanted(Copy(2)(verified)) == [[5, 7, 5, 7], [1, 2, 1, 2]]
        assert wanted(FirstOf("previous", Copy(2))(verified)) == [[3, 7, 3, 7], [4, 2, 4, 2]]
        # level k + 1 always follows level k, whatever the noise
        steps = Table(torch.arange(9)[None], lambda past: past[-1] if past else -1, 9, smoothing=0)
        assert wanted(Draft(steps)(verified)) == [[8, 0, 1, 2], [3, 4, 5, 6]]
        assert wanted(FirstOf("previous", Draft(steps))(verified)) == [[3, 4, 5, 6], [4, 5, 6, 7]]


def test_a_view_of_ones_own_is_verified_in_windows_too() -> None:
    class Mine(UserBits):
        """It samples through a view that knows nothing but `conditional`, `append` and `select`."""

        def cached_view(self, num_samples: int, context: Tensor | None) -> Incremental:
            return Recorded(self, num_samples)

    class Recorded(Incremental):
        def __init__(self, model: AutoregressiveModel, num_samples: int) -> None:
            self.num_samples, self.model = num_samples, model
            self.values: list[Tensor] = []

        def conditional(self) -> torch.distributions.Distribution:
            if len(self.values) == self.model.num_variables:
                raise ValueError("Nothing is left.")
            x = torch.zeros(self.num_samples, self.model.num_variables)
            for variable, value in zip(self.model.ordering, self.values, strict=False):
                x[:, variable] = value.to(x)
            return likelihoods.pick(self.model.conditionals(x), int(self.model.ordering[len(self.values)]))

        def append(self, value: Tensor) -> None:
            self.values = [*self.values, value]

        def select(self, rows: Any) -> Incremental:
            other = Recorded(self.model, len(rows))
            other.values = [value[rows] for value in self.values]
            return other

    model = Mine(6, [2, 0, 1, 5, 4, 3])
    for window in (0, 2, 9):
        sampler = GuessAndVerify(window=window)
        assert torch.equal(
            model.sample(4, generator=seeded(2), method=sampler), model.sample(4, generator=seeded(2))
        )
        assert sampler.report.evaluations <= 6

"""Speculative sampling has the model's distribution: proved by cutting [0, 1) at its breakpoints, variable by variable."""

from __future__ import annotations

import itertools
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

from armod import AutoregressiveModel, NGram, likelihoods
from armod.sampling import Adjustment, Draft, GuessAndVerify, Speculative, speculative
from armod.sampling.walk import Incremental
from tests.examples import ENSEMBLES, LARGER, MODELS
from tests.makers import context_for, made, ngram, seeded

Build = Callable[[], AutoregressiveModel]
SINGLE = {name: build for name, build in MODELS.items() if not name.startswith("mixture")}


class Joint(AutoregressiveModel):
    """A table of conditionals, ``(K**k, K)`` for variable k, with nothing in common."""

    context_size = 0

    def __init__(self, num_variables: int, num_levels: int, seed: int, *, zeros: bool = False) -> None:
        super().__init__()
        self.event_shape, self.ordering = torch.Size([num_variables]), torch.arange(num_variables)
        self.likelihood = likelihoods.Categorical(num_levels)
        self.tables = []
        for k in range(num_variables):
            weights = torch.rand(num_levels**k, num_levels, generator=seeded(seed + k), dtype=torch.float64)
            if zeros:  # each row has an impossible level
                weights[torch.arange(len(weights)), torch.arange(len(weights)) % num_levels] = 0
            self.tables.append(weights / weights.sum(1, keepdim=True))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        places = torch.zeros(len(x), dtype=torch.int64)
        rows = []
        for table, levels in zip(self.tables, x.long().unbind(1), strict=True):
            rows.append(table[places])
            places = places * self.likelihood.num_levels + levels
        return distributions.Categorical(logits=torch.stack(rows, 1).log(), validate_args=False)


def row_after(model: AutoregressiveModel, levels: list[int]) -> np.ndarray:
    """The conditional after some levels, by the model's `conditionals`."""
    x = torch.tensor([levels + [0] * (model.num_variables - len(levels))])
    return likelihoods.table(model.conditionals(x))[0, len(levels)].exp().numpy()


def breakpoints(p: np.ndarray, q: np.ndarray) -> list[float]:
    """Where a level that is drawn for one variable can change, whether it was proposed or drawn from p alone."""
    points = [0.0, 1.0, *p.cumsum(), *q.cumsum()]
    beyond = np.maximum(p - q, 0)
    for level, below in enumerate(q.cumsum() - q):
        if p[level] < q[level]:
            shares = np.append(0, beyond.cumsum() / beyond.sum())
            points += list(below + p[level] + (q[level] - p[level]) * shares)
    inside = sorted(point for point in points if 0 <= point <= 1)
    return [a for a, b in zip(inside, [*inside[1:], 2.0], strict=True) if b - a > 1e-15]


def law(sampler: Speculative, model: AutoregressiveModel, num: int, join: bool) -> dict[bytes, float]:
    """The probability of every batch of `num` observations, over all noise.

    With `join` the cells of one variable in which the sampler does the same (the same levels in the same passes, also of what
    follows) are one, which is much quicker.
    """
    size = model.num_variables
    found: dict[bytes, float] = defaultdict(float)

    def run(noise: list[float]) -> Tensor:
        rest = [0.37] * (size * num - len(noise))
        return sampler(model, torch.tensor([*noise, *rest], dtype=torch.float64).view(size, num).T)

    def cut(noise: list[float], levels: Tensor, weight: float) -> None:
        if len(noise) == size * num:
            found[levels.numpy().tobytes()] += weight
            return
        step, row = divmod(len(noise), num)
        before = levels[row, :step].tolist()
        points = breakpoints(row_after(model, before), row_after(sampler.draft, before))
        cells: dict[Any, tuple[list[float], Tensor, float]] = {}
        for low, high in itertools.pairwise(points):
            middle = [*noise, (low + high) / 2]
            levels = run(middle)
            same = (levels.numpy().tobytes(), sampler.report.passes.numpy().tobytes()) if join else low
            width = cells[same][2] if same in cells else 0.0
            cells[same] = middle, levels, width + high - low
        for middle, levels, width in cells.values():
            cut(middle, levels, weight * width)

    cut([], run([]), 1.0)
    return found


def difference(sampler: Speculative, model: AutoregressiveModel, num: int = 1, join: bool = False) -> float:
    """The largest error of a probability of a batch of independent observations."""
    found = law(sampler, model, num, join)
    every = torch.tensor(
        list(itertools.product(range(model.likelihood.num_levels), repeat=model.num_variables))
    )
    probabilities = model.log_prob(every).exp().tolist()
    errors = []
    for batch in itertools.product(range(len(every)), repeat=num):
        due = np.prod([probabilities[one] for one in batch])
        errors.append(abs(found.pop(every[list(batch)].numpy().tobytes(), 0.0) - due))
    assert not found
    return max(errors)


def counted(model: AutoregressiveModel, order: int) -> NGram:
    x = model.sample(12, generator=seeded(2))
    return NGram(model.event_shape, order, num_levels=model.likelihood.num_levels).fit(x)


PAIR, BITS, IMPOSSIBLE = Joint(2, 3, 1), Joint(3, 2, 5), Joint(3, 2, 9, zeros=True)
DRAFTS: dict[str, Callable[[AutoregressiveModel], AutoregressiveModel]] = {
    "bigram": lambda model: counted(model, 2),
    "trigram that has counted nothing": lambda model: NGram(
        model.event_shape, 3, num_levels=model.likelihood.num_levels
    ),
    "another model": lambda model: Joint(model.num_variables, model.likelihood.num_levels, 30),
    "impossible levels": lambda model: Joint(
        model.num_variables, model.likelihood.num_levels, 40, zeros=True
    ),
    "itself": lambda model: model,
}


@pytest.mark.parametrize("draft", DRAFTS)
@pytest.mark.parametrize(("model", "window"), [(PAIR, 1), (BITS, 1), (BITS, 2), (IMPOSSIBLE, 2)])
def test_every_probability_is_the_models(model: Joint, window: int, draft: str) -> None:
    assert difference(Speculative(DRAFTS[draft](model), window), model) < 1e-12


@pytest.mark.parametrize(("window", "draft"), [(1, "another model"), (2, "bigram"), (3, "impossible levels")])
def test_three_variables_of_three_levels(window: int, draft: str) -> None:
    model = Joint(3, 3, 1)
    assert difference(Speculative(DRAFTS[draft](model), window), model, join=True) < 1e-12


@pytest.mark.parametrize("draft", DRAFTS)
def test_one_variable_of_two_levels_and_a_window_of_none(draft: str) -> None:
    model = Joint(1, 2, 7)
    for window in (0, 1, 4):
        assert difference(Speculative(DRAFTS[draft](model), window), model) < 1e-12


@pytest.mark.parametrize("draft", ["bigram", "another model"])
def test_rows_of_a_batch_are_independent(draft: str) -> None:
    model = Joint(2, 2, 3)
    assert difference(Speculative(DRAFTS[draft](model), 1), model, num=2) < 1e-12


@pytest.mark.slow
def test_rows_that_wait_for_each_other_are_independent() -> None:
    """The slowest row decides where the next window begins."""
    assert difference(Speculative(DRAFTS["bigram"](BITS), 1), BITS, num=2, join=True) < 1e-12


@pytest.mark.parametrize(
    "options", [{"temperature": 0.5}, {"top_k": 2}, {"temperature": 2.0, "top_p": 0.7}], ids=str
)
@pytest.mark.parametrize("draft", ["bigram", "another model"])
def test_options_change_draft_and_model_alike(options: dict[str, Any], draft: str) -> None:
    """The sampler of an adjusted model, against the adjusted model."""
    adjustment = Adjustment(**options)
    adjusted = Adjusted(PAIR, adjustment)
    sampler = Speculative(DRAFTS[draft](PAIR), 1)

    def with_options(model: AutoregressiveModel, uniform: Tensor) -> Tensor:
        x = sampler(PAIR, uniform, **options)
        with_options.report = sampler.report
        return x

    with_options.draft = Adjusted(sampler.draft, adjustment)
    assert difference(with_options, adjusted) < 1e-12


class Adjusted(AutoregressiveModel):
    """A model whose conditionals are adjusted."""

    def __init__(self, model: AutoregressiveModel, adjustment: Adjustment) -> None:
        super().__init__()
        self.event_shape, self.ordering, self.likelihood = model.event_shape, model.ordering, model.likelihood
        self.model, self.adjustment = model, adjustment

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        return self.adjustment.distribution(self.model.conditionals(x))


# what others did wrong


def greedy_proposals(mutate: pytest.MonkeyPatch) -> None:
    """The draft's most probable level, judged as if it had been drawn (huggingface/transformers #32867)."""
    judged = speculative._judged

    def judge(level: int, q: np.ndarray, sums: np.ndarray, p: np.ndarray, uniform: float) -> int | None:
        return judged(level, q, sums, p, (sums[level - 1] if level else 0) + uniform * q[level])

    mutate.setattr(speculative._Stepping, "propose", most_probable(speculative._Stepping.propose))
    mutate.setattr(speculative, "_judged", judge)


def most_probable(propose: Callable[..., Any]) -> Callable[..., Any]:
    def proposed(self: Any, rows: Any, low: int, width: int) -> Any:
        original = speculative._drawn
        speculative._drawn = lambda sums, weights, uniform: int(np.argmax(weights))
        try:
            return propose(self, rows, low, width)
        finally:
            speculative._drawn = original

    return proposed


def replacing(replace: Callable[..., int]) -> Callable[[pytest.MonkeyPatch], None]:
    """Another draw in place of a rejected level."""

    def mutation(mutate: pytest.MonkeyPatch) -> None:
        judged = speculative._judged

        def judge(level: int, q: np.ndarray, sums: np.ndarray, p: np.ndarray, uniform: float) -> int | None:
            new = judged(level, q, sums, p, uniform)
            if new is None:
                return None
            below = float(sums[level - 1]) if level else 0.0
            unused = (uniform - below - p[level]) / (q[level] - p[level])
            return replace(level, np.maximum(p - q, 0), p, uniform, unused)

        mutate.setattr(speculative, "_judged", judge)

    return mutation


def drawn(weights: np.ndarray, uniform: float) -> int:
    return speculative._drawn(weights.cumsum(), weights, uniform)


class NotRewound(Incremental, takes_blocks=True):
    """A cache that keeps the proposals that it was asked about, whatever became of them."""

    def __init__(self, view: Incremental) -> None:
        self._view, self._asked = view, torch.zeros(0, 0)

    def peek(self, values: Tensor) -> distributions.Distribution:
        self._asked = values
        return self._view.peek(values)

    def append(self, value: Tensor) -> None:
        value = value.clone()
        both = min(value.shape[1], self._asked.shape[1])
        value[:, :both] = self._asked[:, :both]
        self._view.append(value)


def not_rewound(mutate: pytest.MonkeyPatch) -> None:
    view_of = speculative._view_of
    mutate.setattr(
        speculative,
        "_view_of",
        lambda model, *rest: NotRewound(view_of(model, *rest)) if model is PAIR else view_of(model, *rest),
    )


MUTANTS = {
    "greedy proposals": greedy_proposals,
    "the same uniform twice": replacing(lambda y, beyond, p, u, v: drawn(beyond / beyond.sum(), u)),
    "not normalised": replacing(lambda y, beyond, p, u, v: drawn(beyond, v)),
    "replaced by a draw from the model": replacing(lambda y, beyond, p, u, v: drawn(p, v)),
    "what was rejected stays": replacing(lambda y, beyond, p, u, v: y),
    "a cache that is not rewound": not_rewound,
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_the_proof_notices_what_others_did_wrong(mutant: str, monkeypatch: pytest.MonkeyPatch) -> None:
    MUTANTS[mutant](monkeypatch)
    assert difference(Speculative(DRAFTS["another model"](PAIR), 1), PAIR) > 1e-3


def completion(model: AutoregressiveModel) -> dict[str, Tensor]:
    known = model.sample(1, generator=seeded(8))
    return {"known": known, "mask": torch.rand(model.event_shape, generator=seeded(9)) < 0.3}


@pytest.mark.parametrize("build", (MODELS | ENSEMBLES).values(), ids=(MODELS | ENSEMBLES).keys())
def test_a_draft_that_is_the_model_gives_the_cached_sample(build: Build) -> None:
    model = build()
    for options in ({}, {"temperature": 0.6, "top_p": 0.9, "stop": 0, **completion(model)}):
        for member in getattr(model, "members", [model]):
            sampler = Speculative(member, 2)
            x = member.sample(4, generator=seeded(3), method=sampler, **options)
            assert torch.equal(x, member.sample(4, generator=seeded(3), **options))
            assert sampler.report.num_kept == sampler.report.num_judged


@pytest.mark.parametrize("window", [1, 4])
def test_what_the_report_says(window: int) -> None:
    model = made((9,), (20,), 3)
    sampler = Speculative(counted(model, 2), window)
    x = model.sample(5, generator=seeded(1), method=sampler)
    report = sampler.report
    assert report.evaluations <= 9 and report.accepted.shape == (report.evaluations, 5)
    assert torch.equal(report.accepted.sum(0), torch.full((5,), 9)) and x.shape == report.passes.shape
    assert (report.passes.diff(dim=1) >= 0).all() and report.accepted.max() <= window + 1
    assert 0 < report.acceptance < 1 and report.positions <= report.evaluations * (window + 1)
    model.sample(5, generator=seeded(1), method=Speculative(model, window))


def test_a_right_draft_needs_few_passes_and_known_levels_none() -> None:
    model = made((12,), (20,), 3)
    sampler = Speculative(model, 3)
    model.sample(2, generator=seeded(), method=sampler)
    assert sampler.report.evaluations == 3 and sampler.report.acceptance == 1
    model.sample(2, generator=seeded(), method=sampler, known=torch.ones(12), mask=torch.arange(12) < 9)
    assert sampler.report.evaluations == 1 and sampler.report.accepted.tolist() == [[3, 3]]
    model.sample(2, generator=seeded(), method=sampler, known=torch.ones(12), mask=torch.ones(12, dtype=bool))
    assert sampler.report.evaluations == 0 and np.isnan(sampler.report.acceptance)


@pytest.mark.parametrize(
    "name", ["transformer, context, reversed", "recurrent, gru, context", "gated, column, reversed, context"]
)
def test_contexts_and_drafts_without_them(name: str) -> None:
    model = LARGER[name]()
    context, num_levels = context_for(model, 3), model.likelihood.num_levels
    for draft in (model, ngram(tuple(model.event_shape), 2, num_levels, ordering=model.ordering)):
        sampler = Speculative(draft, 3)
        x = model.sample(3, context, generator=seeded(4), method=sampler)
        assert x.shape == (3, *model.event_shape)
        if draft is model:
            assert torch.equal(x, model.sample(3, context, generator=seeded(4)))


def test_another_length_no_rows_and_a_callback() -> None:
    model = LARGER["wavenet, beyond its field"]()
    heard: list[tuple[int, list[int]]] = []
    sampler = Speculative(ngram((70,), 2, 7), 3)
    x = model.sample(
        2,
        length=11,
        generator=seeded(),
        method=sampler,
        callback=lambda k, levels: heard.append((k, levels.tolist())),
    )
    assert heard == list(enumerate(x.T.tolist()))
    assert model.sample(0, method=sampler).shape == (0, 70) and sampler.report.evaluations == 0
    stopped = model.sample(3, generator=seeded(1), method=sampler, stop=2)
    for row, passes in zip(stopped.tolist(), sampler.report.passes.tolist(), strict=True):
        end = row.index(2)
        assert set(row[end:]) == {2} and not any(passes[end + 1 :]) and all(passes[: end + 1])


def test_a_table_is_read_anew_after_it_has_counted_again() -> None:
    model = made((8,), (20,), 3)
    draft = counted(model, 2)
    sampler = Speculative(draft, 3)
    model.sample(1, generator=seeded(), method=sampler)
    draft.fit(torch.full((50, 8), 2))
    x = model.sample(4, generator=seeded(), method=sampler)
    assert torch.equal(x, model.sample(4, generator=seeded(), method=Speculative(draft, 3)))


def test_the_guess_of_an_ngram() -> None:
    model = made((8,), (20,), 3)
    sampler = GuessAndVerify(Draft(counted(model, 2)))
    x = model.sample(4, generator=seeded(), method=sampler)
    assert torch.equal(x, model.sample(4, generator=seeded())) and sampler.report.evaluations <= 8


def bad_calls() -> Iterator[tuple[Callable[[], Any], str]]:
    model, draft = made((4,), (6,), 3), ngram((4,), 2, 3)
    yield lambda: Speculative("best"), "draft is a model, not 'best'"
    yield lambda: Speculative(NGram), "draft is a model, not"
    yield lambda: Speculative(draft, -1), "window must be 0 or more, not -1"
    yield lambda: Speculative(draft, 2.5), "window must be a whole number, not 2.5"
    yield lambda: model.sample(2, method=Speculative(draft), heat=1), "heat is no option of sample"
    yield (
        lambda: model.sample(2, method=Speculative(ngram((4,), 2, 5))),
        "The draft has 5 levels, but the model 3",
    )
    turned = ngram((4,), 2, 3, ordering=[3, 2, 1, 0])
    yield (
        lambda: model.sample(2, method=Speculative(turned)),
        "The draft generates its variables in another order",
    )


@pytest.mark.parametrize(("make", "sentence"), list(bad_calls()))
def test_bad_calls_are_one_sentence(make: Callable[[], Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        make()

"""MADE looks ahead a chunk at a time: exactly what its steps would say, also inside a block and over the ends of chunks."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from armod import MADE, likelihoods
from armod.likelihoods import table
from armod.models.made.walk import MADEWalk
from armod.sampling import Copy, FirstOf, GuessAndVerify
from armod.sampling.walk import Walk
from tests.makers import seeded

N, D = 3, 150
SMALL = {
    "bits": (likelihoods.Bernoulli(), (190, 170), 0),
    "levels, one hidden layer": (likelihoods.Categorical(4), (160,), 0),
    "mixture, context": (likelihoods.LogisticMixture(8, 2), (150, 90), 2),
}
EACH = pytest.mark.parametrize("name", SMALL)


def build(name: str) -> tuple[MADE, Tensor | None, Tensor, Tensor]:
    """A model of several chunks in float64, a context, levels ``(N, D)`` and all parameters ``(D, N, P)``, in order."""
    likelihood, sizes, context_size = SMALL[name]
    ordering = torch.randperm(D, generator=seeded(1))
    model = MADE((D,), sizes, likelihood=likelihood, ordering=ordering, context_size=context_size).double()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.mul_(2)  # a wrong level before must show
    context = torch.randn(N, context_size, generator=seeded(2)).double() if context_size else None
    x = torch.randint(likelihood.num_levels, (N, D), generator=seeded(3))[:, ordering]
    view = view_of(model, context)
    assert len(view._chunks) > 2 and max(view._sizes) > 1, "several chunks, and blocks of several variables"
    steps, expected, begin = view.steps(), [], 0
    with torch.no_grad():
        parameters = steps.send(None)
        while begin < D:
            expected.append(parameters.clone())
            begin += len(parameters)
            parameters = steps.send(x.T[begin - len(parameters) : begin]) if begin < D else parameters
    return model, context, x, torch.cat(expected)


def view_of(model: MADE, context: Tensor | None) -> MADEWalk:
    view = model.incremental(N, context)
    assert isinstance(view, MADEWalk)
    return view


def assert_same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-12)


@EACH
@torch.no_grad()
def test_any_mixture_of_ways_says_what_steps_say(name: str) -> None:
    model, context, x, expected = build(name)
    levels, draw = x.T, seeded(4)
    for _ in range(3):
        view, k = view_of(model, context), 0
        while k < D:
            kind, length = (int(torch.randint(most, (), generator=draw)) for most in (6, 40))
            block = levels[k : k + length]
            if kind in (0, 1) and view._appended:  # who calls these two has nothing appended
                view._settle(whole_block=False)
            if kind == 0:  # the same as the way of every walk, by steps of a copy
                assert_same(view.ahead(block), expected[k : k + length + 1])
                assert_same(Walk.ahead(view, block), expected[k : k + length + 1])
            elif kind == 1 and len(block):  # the last level is another than was guessed
                guess = torch.cat([block[:-1], (block[-1:] + 1) % 2])
                assert_same(view.ahead(guess)[: len(block)], expected[k : k + len(block)])
                view.accept(block)
                k += len(block)
            elif kind == 2:
                view.append(block.T)
                k += len(block)
            elif kind == 3:
                for level in block[:3]:
                    assert_same(view._of_next(), expected[k])
                    view.append(level)
                    k += 1
            elif kind == 4:
                view.peek((block.T + 1) % 2)  # a guess leaves no trace
            else:
                view = view.copy()
            if k < D and kind in (2, 4, 5):
                assert_same(view._of_next(), expected[k])


@EACH
@pytest.mark.parametrize("known", [1, 2])
def test_inside_a_block_it_looks_ahead_from_there(name: str, known: int) -> None:
    model, context, x, expected = build(name)
    view = view_of(model, context)
    begin = next(start for start, size in zip(view._starts, view._sizes, strict=True) if size > 2 and start)
    view.append(x[:, :begin])
    view.conditional()  # computes those of the whole block
    view.append(x[:, begin : begin + known])
    found = table(view.peek(x[:, begin + known : begin + 9]))
    in_one = model.likelihood.distribution(expected[begin + known : begin + 10].transpose(0, 1))
    assert_same(found, table(in_one))


@EACH
@pytest.mark.parametrize("window", [0, 5, 63, 149])
def test_guesses_give_the_cached_sample(name: str, window: int) -> None:
    model, context, _, _ = build(name)
    cached = model.sample(N, context, generator=seeded(5))
    for guess in ("previous", FirstOf("previous", Copy(3)), lambda verified: cached[:, model.ordering]):
        sampler = GuessAndVerify(guess, window)
        assert torch.equal(model.sample(N, context, generator=seeded(5), method=sampler), cached)
    assert sampler.report.evaluations == -(-D // (window + 1)), "a guess that is always right"


@torch.no_grad()
def test_a_chunk_costs_one_pass() -> None:
    model, context, x, _ = build("bits")
    view = view_of(model, context)
    begin, passes = view.at_hand, []
    view.ahead(x.T[:begin])  # over the end of the first chunk
    assert view._ahead is not None and view._opened == -1, "no block was computed by itself"
    view.accept(x.T[:begin])
    assert view.step == begin and view._opened == 63
    compute = view._ahead.compute
    view._ahead.compute = lambda: passes.append(1) or compute()  # type: ignore[method-assign]
    view.append(x.T[begin : begin + 5].T)
    view.conditional()
    assert not passes, "the chunk before is left alone"

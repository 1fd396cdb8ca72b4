"""A context at its own rate is that context repeated: in the likelihood, in its gradients, and in every way to sample."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor

import armod
from armod import orderings
from armod.likelihoods import Categorical
from armod.sampling import GuessAndVerify, Speculative
from tests.makers import seeded, wavenet

FOUR = Categorical(4)
SHAPES = [
    (6, 3),
    (7, 3),
    (1, 3),
    (2, 5),
    (12, 4),
    (13, 4),
    (5, 1),
]  # lengths and hops: whole and cut columns, and one alone


def pair(length: int, hop: int, **options) -> tuple[armod.WaveNet, armod.WaveNet]:
    """The same weights with a context at its own rate, and with one for each step."""
    slow, fast = (
        wavenet((length,), FOUR, [1, 2, 4], context_size=2, **hops, **options)
        for hops in ({"context_hop": hop}, {})
    )
    fast.load_state_dict(dict(slow.state_dict()))
    return slow, fast


def columns(num: int, length: int, hop: int) -> Tensor:
    return torch.randn(num, 2, math.ceil(length / hop), generator=seeded(3), dtype=torch.float64)


def repeated(context: Tensor, length: int, hop: int) -> Tensor:
    return torch.stack([context[:, :, step // hop] for step in range(length)], dim=2)


@pytest.mark.parametrize("backwards", [False, True])
@pytest.mark.parametrize(("length", "hop"), SHAPES)
def test_it_is_the_repeated_context(length: int, hop: int, backwards: bool) -> None:
    if backwards:
        length = math.ceil(length / hop) * hop
    ordering = orderings.reversed((length,)) if backwards else None
    slow, fast = pair(length, hop, ordering=ordering)
    context, x = columns(3, length, hop), torch.randint(4, (3, length), generator=seeded())
    found, expected = slow.conditionals(x, context), fast.conditionals(x, repeated(context, length, hop))
    torch.testing.assert_close(found.logits, expected.logits, rtol=0, atol=1e-12)

    draws = [
        slow.sample(3, context, generator=seeded(5), method=method)
        for method in ("cached", "naive", "fixed-point")
    ]
    draws.append(fast.sample(3, repeated(context, length, hop), generator=seeded(5)))
    assert all(torch.equal(draw, draws[0]) for draw in draws)


def test_its_gradients_are_those_of_the_repeated_context() -> None:
    for length, hop in ((12, 4), (13, 4)):
        slow, fast = pair(length, hop)
        context, x = columns(2, length, hop), torch.randint(4, (2, length), generator=seeded())
        given = [context.clone().requires_grad_() for _ in range(2)]
        slow.log_prob(x, given[0]).sum().backward()
        fast.log_prob(x, repeated(given[1], length, hop)).sum().backward()
        torch.testing.assert_close(given[0].grad, given[1].grad, rtol=0, atol=1e-11)
        for ours, theirs in zip(slow.parameters(), fast.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=0, atol=1e-11)


def test_other_lengths_at_run_time() -> None:
    slow, fast = pair(8, 4)
    for length in (1, 4, 15, 80):
        context = columns(2, length, 4)
        drawn = slow.sample(2, context, length=length, generator=seeded(1))
        expected = fast.sample(2, repeated(context, length, 4), length=length, generator=seeded(1))
        assert torch.equal(drawn, expected)
    everywhere = torch.randn(2, 2, generator=seeded(4)).double()
    assert torch.equal(
        slow.sample(2, everywhere, length=9, generator=seeded(1)),
        fast.sample(2, everywhere, length=9, generator=seeded(1)),
    )
    assert slow.sample(0, columns(0, 8, 4)).shape == (0, 8)


@pytest.mark.parametrize(("length", "hop"), [(13, 4), (12, 4), (5, 9)])
def test_a_stream_is_as_long_as_a_sample(length: int, hop: int) -> None:
    slow, _ = pair(length, hop)
    context = columns(1, length, hop)
    streamed = [int(level) for level, _ in slow.stream(context, generator=seeded(1))]
    assert streamed == slow.sample(1, context, generator=seeded(1))[0].tolist()
    longer = columns(1, length + 2 * hop, hop)  # of another length than usual: all its columns are whole
    assert len(list(slow.stream(longer))) == hop * longer.shape[2]


def test_blocks_of_guesses_that_end_in_the_middle_of_a_column() -> None:
    slow, _ = pair(23, 5)
    context = columns(2, 23, 5)
    expected = slow.sample(2, context, generator=seeded(1))
    samplers = [GuessAndVerify(window=window) for window in (3, 7)]
    for sampler in (*samplers, Speculative(pair(23, 5)[0], window=4)):
        drawn = slow.sample(2, context, generator=seeded(1), method=sampler)
        assert drawn.shape == expected.shape
        if isinstance(sampler, GuessAndVerify):
            assert torch.equal(drawn, expected)


def test_a_view_that_is_copied_in_the_middle_of_a_column_goes_on_in_it() -> None:
    slow, fast = pair(12, 4)
    context, x = columns(3, 12, 4), torch.randint(4, (3, 12), generator=seeded())
    whole = fast.conditionals(x, repeated(context, 12, 4)).logits
    view = slow.incremental(3, context)
    for step in range(12):
        if step in (3, 6):
            view = view.select([2, 0, 1])
            x, whole = x[[2, 0, 1]], whole[[2, 0, 1]]
        torch.testing.assert_close(view.conditional().logits, whole[:, step], rtol=0, atol=1e-11)
        ahead = view.peek(x[:, step : step + 3])
        torch.testing.assert_close(ahead.logits, whole[:, step : step + 4], rtol=0, atol=1e-11)
        view.append(x[:, step])
    with pytest.raises(ValueError, match="All 12 variables"):
        view.conditional()


def test_the_weights_and_samples_of_models_without_it_are_what_they_were() -> None:
    slow, fast = pair(8, 4)
    assert list(slow.state_dict()) == list(fast.state_dict())
    context = columns(2, 8, 1)
    same = wavenet((8,), FOUR, [1, 2, 4], context_size=2, context_hop=1)
    assert torch.equal(
        same.sample(2, context, generator=seeded()), fast.sample(2, context, generator=seeded())
    )
    assert "context_hop=4" in repr(slow) and "context_hop" not in repr(fast)


def test_bad_calls_are_one_sentence() -> None:
    slow, _ = pair(8, 4)
    x = torch.zeros(2, 8, dtype=torch.long)
    with pytest.raises(ValueError, match=r"\(2, 2, 2\).* it has shape \(2, 2, 8\)"):
        slow.log_prob(x, torch.zeros(2, 2, 8))
    with pytest.raises(ValueError, match="context_hop"):
        armod.WaveNet((8,), 3, dilations=[1], likelihood=FOUR, context_size=2, context_hop=0)
    backward, _ = pair(8, 4, ordering=orderings.reversed((8,)))
    with pytest.raises(ValueError, match="length is a multiple of 4, not 7"):
        backward.log_prob(x[:, :7], torch.zeros(2, 2, 2))
    with pytest.raises(ValueError, match="state dict is of a model with context_hop=4"):
        wavenet((8,), FOUR, [1, 2, 4], context_size=2).load_state_dict(slow.state_dict())


def test_the_oracle_finds_the_field() -> None:
    slow, _ = pair(8, 4)
    assert torch.equal(armod.dependency_matrix(slow), slow.reach())


def test_a_file_remembers_it(tmp_path) -> None:
    slow, _ = pair(8, 4)
    armod.save(slow, tmp_path / "slow.safetensors")
    assert armod.load(tmp_path / "slow.safetensors").context_hop == 4

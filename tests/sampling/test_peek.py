"""Looking ahead: what a view says of the next variables is what it would say step by step, and it fixes nothing."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor, distributions

from armod import AutoregressiveModel, likelihoods
from armod.likelihoods import table
from armod.sampling.samplers import Recomputing
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental
from tests.examples import LARGER, MODELS
from tests.makers import context_for, made, seeded

Build = Callable[[], AutoregressiveModel]
OWN = ("transformer", "pixelcnn, ", "gated, ", "pixelcnn++, ")  # families that look ahead in their own way
# a copy of the others steps, whatever the likelihood and the ordering, or they recompute
BY_STEPS = [
    "made, one variable",
    "made, no hidden layer, context",
    "made, three hidden layers, reversed",
    "made, logistic mixture, image, column, context",
    "mixture of one order, context",
    "recurrent, gru, two layers, reversed",
    "recurrent, lstm, three layers, colour image",
    "recurrent, rnn, context, reversed",
    "wavenet, three taps",
    "wavenet, one variable",
    "wavenet, beyond its field",
    "wavenet, shorter than its field, context, reversed",
    "subscale, odd",
    "subscale, colour, wide kernel, context",
    "multi-scale, bits",
    "multi-scale, mixture, colour, context",
    "histogram, smoothed",
    "trigram, colour image",
    "user's levels",
]
EVERY = MODELS | LARGER
SOME = {name: EVERY[name] for name in [*(name for name in EVERY if name.startswith(OWN)), *BY_STEPS]}
EACH = pytest.mark.parametrize("build", SOME.values(), ids=SOME.keys())
N = 3


@pytest.fixture(autouse=True)
def on_one_thread() -> Iterator[None]:
    """Many small steps."""
    with one_thread(torch.device("cpu")):
        yield


def begin(build: Build) -> tuple[Callable[[], Incremental], Tensor, Tensor]:
    """A function that makes views, levels ``(N, D)`` in order, and log-probabilities ``(N, D, K)`` of every step."""
    model = build()
    context = context_for(model, N)
    # a view without an end says one conditional more, so it is compared with observations that are longer
    goes_on = model.any_length and model.max_length is None
    shape = (model.num_variables + 1,) if goes_on else model.event_shape
    ordering = model.ordering_for(math.prod(shape))
    x = torch.randint(levels_of(model), (N, *shape), generator=seeded(2))
    with torch.no_grad():
        conditionals = model.conditionals(x, context)
    expected = table(conditionals).flatten(1, -2)[:, ordering]
    values = x.flatten(1)[:, ordering][:, : model.num_variables]
    return lambda: model.incremental(N, context), values, expected


def levels_of(model: AutoregressiveModel) -> int:
    return 2 if model.likelihood is None else model.likelihood.num_levels


def assert_same(found: distributions.Distribution, expected: Tensor) -> None:
    torch.testing.assert_close(table(found), expected, rtol=1e-5, atol=1e-5)


@EACH
def test_at_every_place_it_says_what_steps_would_say_and_fixes_nothing(build: Build) -> None:
    new, values, expected = begin(build)
    size, view = values.shape[1], new()
    wrong = (values + 1) % expected.shape[-1]
    places = range(size) if size < 12 else (0, 1, size // 2, size - 2)
    for k in range(size):
        for b in (0, 2, size - k) if k in places else ():
            if k % 2:
                view.conditional()
            assert_same(view.peek(values[:, k : k + b]), expected[:, k : k + b + 1])
            # a guess that turns out wrong leaves no trace
            if b == 2:
                view.peek(wrong[:, k : k + b])
        view.append(values[:, k])
    if build().any_length and build().max_length is None:
        assert view.peek(values[:, :0]).batch_shape == (N, 1)
        return
    with pytest.raises(ValueError, match=f"All {size} variables of these observations are known already"):
        view.peek(values[:, :0])


@EACH
def test_a_look_ahead_between_two_steps_leaves_no_trace(build: Build) -> None:
    """Wrong: what belongs to a variable is computed a second time after the look ahead, on top of the first time."""
    new, values, expected = begin(build)
    view = new()
    for k in range(values.shape[1]):
        assert_same(view.conditional(), expected[:, k])
        view.peek(values[:, k : k + 2])
        view.append(values[:, k])


@EACH
def test_blocks_are_appended_whether_or_not_they_were_peeked(build: Build) -> None:
    new, values, expected = begin(build)
    size = values.shape[1]
    wrong = (values + 1) % expected.shape[-1]
    for lengths in ([1, 3, 2, 5, 4, 1, 8], [7, 1, 9]) if size < 12 else ([3, 9, 1, 14],):
        view, k = new(), 0
        for turn in range(size):
            length = min(lengths[turn % len(lengths)], size - k)
            if turn % 4 == 1:
                assert_same(view.peek(values[:, k : k + length]), expected[:, k : k + length + 1])
            if turn % 4 == 2:  # the last of the accepted ones is often another than was guessed
                guess = torch.cat(
                    [values[:, k : k + length - 1], wrong[:, k + length - 1 : k + length + 2]], 1
                )
                assert_same(
                    distributions.Categorical(logits=table(view.peek(guess))[:, :length]),
                    expected[:, k : k + length],
                )
            if turn % 4 == 3:
                view.peek(wrong[:, k : k + length])
            view.append(values[:, k : k + length])
            k += length
            if k == size:
                break
            if turn % 3 != 1:
                assert_same(view.conditional(), expected[:, k])


@EACH
def test_steps_peeks_and_selected_rows_in_any_mixture(build: Build) -> None:
    new, values, expected = begin(build)
    size, view, k = values.shape[1], new(), 0
    rows, draw, longest = torch.tensor([2, 0]), seeded(5), 5 if size < 12 else 15
    while k < size:
        kind, length = (int(torch.randint(most, (), generator=draw)) for most in (5, longest))
        block = values[:, k : k + length]
        if kind == 0:
            assert_same(view.peek(block), expected[:, k : k + length + 1])
        elif kind == 1:
            view.append(block)
            k = min(k + length, size)
        elif kind == 2:
            assert_same(view.conditional(), expected[:, k])
            view.append(values[:, k])
            k += 1
        elif kind == 3:
            selected = view.select(rows)
            assert_same(selected.peek(block[rows]), expected[rows, k : k + length + 1])
            selected.append(block[rows])
            if k + length < size:
                assert_same(selected.conditional(), expected[rows, k + length])
        else:
            view.peek((block + 1) % expected.shape[-1])
            view = view.copy()
            assert_same(view.copy().conditional(), expected[:, k])


def test_a_view_that_recomputes_needs_one_pass() -> None:
    model = made((6,), (8,), 3)
    passes: list[Tensor] = []
    model.register_forward_pre_hook(lambda *_: None)
    whole = model.conditionals

    def counted(x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        passes.append(x)
        return whole(x, context)

    model.conditionals = counted  # type: ignore[method-assign]
    view = Recomputing(model, 2)
    values = torch.randint(3, (2, 6), generator=seeded())
    view.append(values[:, :2])
    assert view.peek(values[:, 2:4]).batch_shape == (2, 3) and len(passes) == 1
    assert view.peek(values[:, 2:]).batch_shape == (2, 4)
    assert view.peek(values[:, :0]).batch_shape == (2, 1)


class Own(Incremental):
    """A view of one's own, which knows only single levels: the next level is likely the sum of those so far."""

    def __init__(self, num_samples: int) -> None:
        self.num_samples, self.sums, self.left = num_samples, torch.zeros(num_samples), 4

    def conditional(self) -> distributions.Distribution:
        if not self.left:
            raise ValueError("Nothing is left.")
        return distributions.Bernoulli(logits=self.sums.clone())

    def append(self, value: Tensor) -> None:
        assert value.dim() == 1
        self.sums, self.left = self.sums + value, self.left - 1


class OwnWithRows(Own):
    def select(self, rows):
        other = type(self)(len(rows))
        other.sums, other.left = self.sums[rows], self.left
        return other


def test_a_view_of_ones_own_looks_ahead_by_a_copy() -> None:
    view = OwnWithRows(2)
    view.append(torch.tensor([[1], [0]]))
    found = view.peek(torch.tensor([[1, 1], [0, 1]]))
    torch.testing.assert_close(found.probs[..., 1], torch.tensor([[1.0, 2, 3], [0, 0, 1]]).sigmoid())
    assert view.conditional().logits.tolist() == [1, 0]
    assert view.peek(torch.tensor([[1, 1, 0], [0, 1, 0]])).batch_shape == (2, 3), (
        "no variable comes after these"
    )
    view.append(torch.ones(2, 3))
    with pytest.raises(ValueError, match="Nothing is left"):
        view.peek(torch.zeros(2, 0))


def test_a_view_that_cannot_be_copied_refuses() -> None:
    with pytest.raises(NotImplementedError, match="Own can't be copied, so it can't look ahead: it must say"):
        Own(1).peek(torch.zeros(1, 1))


@pytest.mark.parametrize("kind", ["walk", "recomputing", "own"])
def test_bad_values_are_one_sentence_and_change_nothing(kind: str) -> None:
    model = made((4,), (5,), likelihood=likelihoods.Bernoulli())
    view = {
        "walk": lambda: model.incremental(2),
        "recomputing": lambda: Recomputing(model, 2),
        "own": lambda: OwnWithRows(2),
    }[kind]()
    before = view.conditional().logits
    cases: list[tuple[object, str]] = [
        (torch.zeros(2), r"values has shape \(2, b\), not \(2,\)"),
        (torch.zeros(3, 2), r"values has shape \(2, b\), not \(3, 2\)"),
        ([[0], [1]], r"values is a tensor of levels \(2, b\), not a list"),
    ]
    if kind != "own":
        cases += [
            (torch.zeros(2, 5), "values has levels of 5 variables, but only 4 are left"),
            (torch.full((2, 2), 2), "whole numbers from 0 to 1, but values lies between"),
        ]
        for wrong in (torch.zeros(2, 5), torch.tensor([[0, 0, 2], [0, 1, 0]])):
            with pytest.raises(ValueError, match="value"):
                view.append(wrong)
    for wrong, sentence in cases:
        with pytest.raises(ValueError, match=sentence):
            view.peek(wrong)  # type: ignore[arg-type]
    torch.testing.assert_close(view.conditional().logits, before, rtol=0, atol=0)

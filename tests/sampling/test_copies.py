"""Views are copied, and rows of them selected, at every cut: what goes on is what a fresh view would have been."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from armod import AutoregressiveModel, likelihoods
from armod.likelihoods import log_prob
from armod.sampling.samplers import Recomputing
from armod.sampling.threads import one_thread
from armod.sampling.walk import Incremental, Steps, Walk, row_indices
from tests.examples import LARGER, MODELS
from tests.makers import context_for, made, seeded

Build = Callable[[], AutoregressiveModel]
EACH = pytest.mark.parametrize("build", [*MODELS.values(), *LARGER.values()], ids=[*MODELS, *LARGER])
N = 4
ROWS = torch.tensor([2, 0, 2])


@pytest.fixture(autouse=True)
def on_one_thread() -> Iterator[None]:
    """Many small steps."""
    with one_thread(torch.device("cpu")):
        yield


def in_order(model: AutoregressiveModel, seed: int) -> Tensor:
    """Observations ``(D, N)``, the variable that is generated first comes first."""
    x = torch.randint(levels_of(model), (N, model.num_variables), generator=seeded(seed))
    return x[:, model.ordering].T


def view_after(view: Incremental, values: Tensor) -> Incremental:
    """The view once these ``(k, N)`` are appended; asked now and then, as people do."""
    for k, value in enumerate(values):
        if k % 3 == 1:
            view.conditional()
        view.append(value)
    return view


def future(view: Incremental, values: Tensor, num_levels: int) -> Tensor:
    """Append these ``(k, N)``, and say of each what the view thought of it, and of the level after it: ``(k, 2, N)``."""
    thoughts = []
    for value in values:
        conditional = view.conditional()
        thoughts.append(torch.stack([log_prob(conditional, v) for v in (value, (value + 1) % num_levels)]))
        view.append(value)
    return torch.stack(thoughts) if thoughts else torch.empty(0, 2, view.num_samples)


def levels_of(model: AutoregressiveModel) -> int:
    return 2 if model.likelihood is None else model.likelihood.num_levels


def assert_same(found: Tensor, expected: Tensor) -> None:
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)


@EACH
def test_at_every_cut_selected_rows_go_on_as_a_fresh_view_would(build: Build) -> None:
    """And the view that they come from notices nothing, however far they go."""
    model = build()
    context, values, num_levels = context_for(model, N), in_order(model, 1), levels_of(model)
    view = model.incremental(N, context)
    expected = future(model.incremental(N, context), values, num_levels)
    for cut, value in enumerate(values):
        # before and after the conditional is computed; in long observations now the one, now the other
        for is_asked in (False, True) if model.num_variables < 12 else (cut % 2 == 1,):
            if is_asked:
                view.conditional()
            selected = view.select(ROWS)
            # in long observations every seventh goes on to the end
            end = model.num_variables if model.num_variables < 24 or cut % 7 == 0 else cut + 12
            assert_same(future(selected, values[cut:end, ROWS], num_levels), expected[cut:end, :, ROWS])
        assert_same(future(view, value[None], num_levels), expected[cut : cut + 1])


@EACH
def test_a_copy_does_not_notice_where_its_original_goes(build: Build) -> None:
    model = build()
    context, values, elsewhere = context_for(model, N), in_order(model, 3), in_order(model, 4)
    num_levels = levels_of(model)
    for cut in {0, (model.num_variables - 1) // 2}:
        view = view_after(model.incremental(N, context), values[:cut])
        view.conditional()
        copied = view.copy()
        view_after(view, elsewhere[cut:])
        fresh = view_after(model.incremental(N, context), values[:cut])
        assert_same(future(copied, values[cut:], num_levels), future(fresh, values[cut:], num_levels))


@EACH
def test_a_copy_keeps_the_weights_of_its_original(build: Build) -> None:
    model = build()
    context = context_for(model, N)
    values = in_order(model, 5)
    first, second = (model.incremental(N, context) for _ in range(2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.add_(1)
    num_levels = levels_of(model)
    values = values[:24]  # the weights of every part have had their say
    assert_same(future(first.copy(), values, num_levels), future(second, values, num_levels))


def test_rows_are_indices_or_a_mask_and_nothing_else() -> None:
    view = made((3,), (4,), likelihood=likelihoods.Bernoulli()).incremental(3)
    mask = torch.tensor([True, False, True])
    assert (
        view.select(mask).conditional().batch_shape == view.select([0, 2]).conditional().batch_shape == (2,)
    )
    assert view.select([]).conditional().batch_shape == (0,)
    for wrong in ([3], [-1], torch.tensor([[0]]), torch.tensor([True, False])):
        with pytest.raises(IndexError, match="indices from 0 to 2, or a boolean mask of 3 rows"):
            row_indices(wrong, 3)


def test_a_view_that_recomputes_can_be_copied_too() -> None:
    model = made((4,), (5,), likelihood=likelihoods.Bernoulli())
    values = in_order(model, 6)
    view = view_after(Recomputing(model, N), values[:2])
    selected = view.select(ROWS)
    view_after(view, values[2:])
    fresh = view_after(Recomputing(model, 3), values[:2, ROWS])
    assert_same(future(selected, values[2:, ROWS], 2), future(fresh, values[2:, ROWS], 2))


def test_a_view_of_ones_own_that_says_nothing_of_rows_is_one_sentence() -> None:
    class Mine(Incremental):
        num_samples = 2

    with pytest.raises(NotImplementedError, match="Mine must say how to select rows of it"):
        Mine().copy()


def test_a_value_may_change_after_it_was_appended() -> None:
    model = made((4,), (5,), likelihood=likelihoods.Bernoulli())
    values, used = in_order(model, 7), torch.empty(N, dtype=torch.int64)
    view, expected = model.incremental(N), view_after(model.incremental(N), values[:3])
    for value in values[:3]:
        view.append(used.copy_(value))
    used.fill_(0)
    torch.testing.assert_close(view.conditional().logits, expected.conditional().logits)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy])
def test_pythons_own_copies_of_a_walk_are_ours(copied: Callable[[Incremental], Incremental]) -> None:
    """A shallow one would share its buffers, a deep one stumble over the generator."""
    model = LARGER["wavenet, beyond its field"]()
    values = in_order(model, 8)
    view = view_after(model.incremental(N), values[:3])
    other = copied(view)
    assert_same(future(other, values[3:], levels_of(model)), future(view, values[3:], levels_of(model)))


def test_a_walk_that_does_not_name_its_state_is_refused_before_it_can_be_copied_wrongly() -> None:
    class Forgetful(Walk):
        def allocate(self) -> None: ...

        def steps(self) -> Steps:
            yield torch.zeros(1, 1)

    with pytest.raises(TypeError, match=r"Forgetful with abstract method.* state"):
        Forgetful(likelihoods.Bernoulli(), torch.zeros(0), 1, 1)  # type: ignore[abstract]

"""The histogram against dictionaries that hold every cell."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from io import BytesIO
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from armod import total_probability
from armod.models.histogram import Histogram
from tests.makers import seeded
from tests.models import reference

Cell = tuple[int, ...]


@st.composite
def histograms(draw: Any) -> tuple[Histogram, list[Cell]]:
    """A fitted histogram of at most 3**4 cells, and the rows it has counted."""
    event_shape = draw(st.sampled_from([(1,), (2,), (3,), (4,), (2, 2), (3, 1, 1)]))
    num_bins, num_variables = draw(st.integers(1, 3)), math.prod(event_shape)
    num_levels = draw(st.none() | st.integers(num_bins, 4))
    ordering = draw(st.none() | st.permutations(range(num_variables)))
    smoothing = draw(st.sampled_from([0, 0.5, 1, 1e-12, 1e200]))
    level = st.integers(0, (num_levels or num_bins) - 1)
    rows = draw(st.lists(st.tuples(*[level] * num_variables), min_size=1, max_size=12))
    model = Histogram(event_shape, num_bins, smoothing=smoothing, num_levels=num_levels, ordering=ordering)
    return model.fit(torch.tensor(rows).view(-1, *event_shape)), rows


def densities(model: Histogram, rows: list[Cell]) -> dict[Cell, float]:
    """p(x) of every observation, from the definition."""
    num_bins, num_levels = model.num_bins, model.likelihood.num_levels
    bin_of = [level * num_bins // num_levels for level in range(num_levels)]
    counted = Counter(tuple(bin_of[level] for level in row) for row in rows)
    total = len(rows) + model.smoothing * num_bins**model.num_variables
    return {
        x: (counted[tuple(bin_of[level] for level in x)] + model.smoothing)
        / total
        / math.prod(bin_of.count(bin_of[level]) for level in x)
        for x in itertools.product(range(num_levels), repeat=model.num_variables)
    }


@settings(deadline=None, max_examples=100)
@given(histograms())
def test_probabilities_are_shares_of_the_observations(made: tuple[Histogram, list[Cell]]) -> None:
    model, rows = made
    table = densities(model, rows)
    x = torch.tensor(list(table)).view(-1, *model.event_shape)
    found = model.log_prob(x)
    assert found.dtype == torch.float64
    assert found.exp().tolist() == pytest.approx(list(table.values()), rel=1e-12, abs=0)
    assert total_probability(model) == pytest.approx(1, abs=1e-12)


@settings(deadline=None, max_examples=60)
@given(histograms(), st.data())
def test_conditionals_are_ratios_of_sums_of_the_joint(made: tuple[Histogram, list[Cell]], data: Any) -> None:
    model, rows = made
    table, ordering, num_levels = densities(model, rows), model.ordering.tolist(), model.likelihood.num_levels
    x = data.draw(st.sampled_from(sorted(table)))
    at_once = model.conditionals(torch.tensor(x).view(1, *model.event_shape)).probs.flatten(0, -2)
    view = model.incremental(1)
    for k, d in enumerate(ordering):
        past = [(e, x[e]) for e in ordering[:k]]
        step = view.conditional().probs[0]
        assert torch.equal(step, at_once[d])
        if any(all(y[e] == level for e, level in past) and p > 0 for y, p in table.items()):
            expected = reference.given_the_past(table.__getitem__, x, ordering, k, num_levels)
            assert step.tolist() == pytest.approx(expected, rel=1e-10)
        else:
            by_bin = torch.zeros(model.num_bins, dtype=torch.float64)
            by_bin.index_add_(0, torch.arange(num_levels) * model.num_bins // num_levels, step)
            assert by_bin.tolist() == pytest.approx([1 / model.num_bins] * model.num_bins)
        view.append(torch.tensor([x[d]]))


@settings(deadline=None, max_examples=40)
@given(histograms())
def test_the_two_views_sample_alike_and_only_what_is_possible(made: tuple[Histogram, list[Cell]]) -> None:
    model, _ = made
    cached, naive = (model.sample(30, generator=seeded(), method=method) for method in ("cached", "naive"))
    assert torch.equal(cached, naive)
    assert model.log_prob(cached).isfinite().all()


@settings(deadline=None, max_examples=40)
@given(histograms())
def test_the_occupied_cells_are_what_was_counted(made: tuple[Histogram, list[Cell]]) -> None:
    model, rows = made
    counted = Counter(
        tuple(level * model.num_bins // model.likelihood.num_levels for level in row) for row in rows
    )
    cells = model.cells()
    assert cells.shape == (model.num_occupied, *model.event_shape)
    assert dict(zip(map(tuple, cells.flatten(1).tolist()), model.counts.tolist(), strict=True)) == counted
    assert model.num_observations == len(rows)
    assert model.dense_bytes == 8 * model.num_cells == 8 * model.num_bins**model.num_variables


def pixels(num: int, *shape: int, num_levels: int = 256, seed: int = 0) -> Tensor:
    return torch.randint(num_levels, (num, *shape), generator=seeded(seed))


def test_codes_reach_to_the_end_of_int64() -> None:
    """62 bits, and the last cells of 7 bytes: every count exact, smoothed masses included."""
    for shape, num_bins in (((62,), 2), ((7,), 256), ((39,), 3), ((1,), 256), ((3,), 2_000_000)):
        x = pixels(20, *shape, num_levels=num_bins)
        x[0], x[1] = num_bins - 1, num_bins - 1
        model = Histogram(shape, num_bins).fit(x)
        shares = model.log_prob(x).exp() * 20
        assert shares.tolist() == pytest.approx([float((row == x).all(1).sum()) for row in x])
        if num_bins <= 256:
            expected = model.log_prob(x)
            torch.testing.assert_close(model.conditionals(x).log_prob(x).sum(1), expected)
            smooth = Histogram(shape, num_bins, smoothing=1e-15).fit(x)
            torch.testing.assert_close(smooth.conditionals(x).log_prob(x).sum(1), smooth.log_prob(x))


def test_with_as_many_bins_as_levels_nothing_changes() -> None:
    x = pixels(300, 2, num_levels=8)
    plain, over_levels = (Histogram((2,), 8, smoothing=1, num_levels=k).fit(x) for k in (None, 8))
    assert torch.equal(plain.log_prob(x), over_levels.log_prob(x))


def test_densities_over_levels_compare_between_numbers_of_bins() -> None:
    """On even data every B is as good as another: no bonus for wide bins; and log p counts levels, not bins."""
    every = torch.cartesian_prod(torch.arange(10), torch.arange(10))
    for num_bins in (1, 2, 3, 5, 7, 10):
        model = Histogram((2,), num_bins, num_levels=10).fit(every)
        assert total_probability(model) == pytest.approx(1)
        assert model.log_prob(every).tolist() == pytest.approx([-2 * math.log(10)] * 100)


def test_fit_counts_from_scratch_and_in_any_dtype() -> None:
    x = pixels(50, 3, num_levels=2)
    once = Histogram((3,), 2).fit(x)
    again = Histogram((3,), 2).fit(1 - x).fit(x.to(torch.uint8)).fit(x.float())
    assert again.fit(x) is again
    assert torch.equal(once.codes, again.codes) and torch.equal(once.counts, again.counts)
    assert torch.equal(once.log_prob(x), again.log_prob(x))


def test_an_ordering_changes_the_conditionals_but_no_likelihood() -> None:
    x = pixels(40, 3, num_levels=3)
    raster, other = (Histogram((3,), 3, smoothing=0.1, ordering=o).fit(x) for o in (None, [2, 0, 1]))
    assert raster.ordering.tolist() == [0, 1, 2] and other.ordering.tolist() == [2, 0, 1]
    torch.testing.assert_close(raster.log_prob(x), other.log_prob(x))
    assert not torch.allclose(raster.conditionals(x).probs, other.conditionals(x).probs)


@pytest.mark.parametrize("counted", [None, 0, 5])
def test_a_state_dict_brings_its_cells_along(counted: int | None) -> None:
    """Into a model that has counted nothing, fewer cells, or other ones; `weights_only` is enough."""
    x = pixels(100, 4, num_levels=5)
    saved = Histogram((4,), 5, smoothing=0.3, ordering=[3, 1, 0, 2]).fit(x)
    file = BytesIO()
    torch.save(saved.state_dict(), file)
    file.seek(0)
    loaded = Histogram((4,), 5, smoothing=0.3)
    if counted is not None:
        loaded.fit(x[:counted])
    loaded.load_state_dict(torch.load(file, weights_only=True))
    assert torch.equal(loaded.log_prob(x), saved.log_prob(x))
    assert torch.equal(loaded.sample(20, generator=seeded()), saved.sample(20, generator=seeded()))
    parent = torch.nn.ModuleDict({"table": Histogram((4,), 5, smoothing=0.3)})
    parent.load_state_dict({f"table.{name}": value for name, value in saved.state_dict().items()})
    assert torch.equal(parent["table"].log_prob(x), saved.log_prob(x))


def test_casting_the_model_leaves_counts_and_float64_alone() -> None:
    x = pixels(30, 2, num_levels=4)
    model = Histogram((2,), 4, smoothing=1).fit(x)
    expected = model.log_prob(x)
    for cast in (model.half(), model.float(), model.double()):
        assert torch.equal(cast.log_prob(x), expected) and expected.dtype == torch.float64


def test_compilation_changes_nothing() -> None:
    x = pixels(30, 2, num_levels=4)
    model = Histogram((2,), 4, smoothing=1).fit(x)
    compiled = torch.compile(model, backend="aot_eager", fullgraph=True)
    torch.testing.assert_close(compiled(x), model(x))


def test_a_histogram_that_has_counted_nothing() -> None:
    x = pixels(5, 3, num_levels=2)
    unfitted = Histogram((3,), 2)
    for call in (unfitted.log_prob, unfitted.conditionals, lambda x: unfitted.incremental(2)):
        with pytest.raises(ValueError, match=r"call fit\(x\) first") as error:
            call(x)
        assert "\n" not in str(error.value)
    uniform = Histogram((3,), 2, smoothing=0.1)
    assert uniform.log_prob(x).exp().tolist() == pytest.approx([1 / 8] * 5)
    assert (uniform.num_occupied, uniform.num_observations) == (0, 0)


@pytest.mark.parametrize(
    ("shape", "num_bins", "figures"),
    [
        ((63,), 2, ("2^63", "9223372036854775808", "73786976294838206464 bytes")),
        ((8,), 256, ("256^8", str(2**64), f"{2**67} bytes")),
        ((28, 28), 256, ("256^784", "1.15e+1888", "9.19e+1888 bytes")),
        ((3, 64, 64), 256, ("256^12288", "2.84e+29592", "2.27e+29593 bytes")),
    ],
)
def test_too_many_cells_are_refused_with_their_number_and_size(shape, num_bins, figures) -> None:
    with pytest.raises(ValueError) as error:
        Histogram(shape, num_bins)
    assert all(figure in str(error.value) for figure in figures) and "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"num_bins": 0}, "num_bins must be 1 or more, not 0"),
        ({"num_bins": 4, "num_levels": 3}, "3 levels cannot fill 4 bins"),
        ({"num_bins": 2, "smoothing": -0.1}, "smoothing is a finite number"),
        ({"num_bins": 2, "smoothing": math.nan}, "smoothing is a finite number"),
        ({"num_bins": 2, "smoothing": math.inf}, "smoothing is a finite number"),
        ({"num_bins": 2, "ordering": [0, 0, 1]}, "exactly once"),
    ],
)
def test_wrong_arguments_are_one_sentence(options: dict, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        Histogram((3,), **options)
    assert "\n" not in str(error.value)


def test_fit_refuses_what_are_no_bins() -> None:
    with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
        Histogram((2,), 2).fit(torch.tensor([[0, 2]]))
    with pytest.raises(ValueError, match=r"shape \(N, 2\)"):
        Histogram((2,), 2).fit(torch.zeros(4, 3))

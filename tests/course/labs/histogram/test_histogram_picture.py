"""The histogram lab's picture: what it says and draws is what the models hold."""

import math
from collections import Counter

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.labs.histogram.facts import ONE_EACH, HistogramFacts, cell_size, folded
from armod.course.labs.histogram.picture import histogram_figure
from armod.models.histogram import Histogram


@pytest.fixture
def levels():
    generator = torch.Generator().manual_seed(0)
    return torch.randint(8, (40, 3), generator=generator), torch.randint(8, (20, 3), generator=generator)


@settings(deadline=None, max_examples=50)
@given(st.data(), st.sampled_from([1, 2, 4]), st.integers(1, 5))
def test_digits_share_a_place_in_the_square_exactly_when_they_share_a_cell(data, num_bins, num_variables):
    row = st.lists(st.integers(0, 7), min_size=num_variables, max_size=num_variables)
    x = torch.tensor(data.draw(st.lists(row, min_size=1, max_size=20)))
    edges = folded(x, num_bins, 8)
    cells = [tuple(cell) for cell in (x * num_bins // 8).tolist()]
    places = [tuple(edge) for edge in edges.tolist()]
    assert len(set(cells)) == len(set(places)) == len(set(zip(cells, places, strict=True)))
    assert (edges >= 0).all() and (edges + cell_size(num_bins, num_variables) <= 1).all()


def test_cells_tile_the_square_first_by_columns_then_by_rows():
    corners = torch.tensor([[0, 0], [0, 1], [1, 0], [1, 1]])
    assert folded(corners, 2, 2).tolist() == [[0, 0], [0, 0.5], [0.5, 0], [0.5, 0.5]]
    every = torch.cartesian_prod(*[torch.arange(2)] * 4)
    places = {tuple(edge) for edge in folded(every, 2, 2).tolist()}
    assert places == {(x / 4, y / 4) for x in range(4) for y in range(4)}
    # A later variable moves a digit only within the cell of the earlier ones.
    assert folded(torch.tensor([[1, 0, 1]]), 2, 2)[0, 0] == 0.75


def test_unseen_is_where_an_unsmoothed_histogram_is_sure_of_nothing(levels):
    train, test = levels
    for num_bins in (1, 2, 4, 8):
        plain = Histogram((3,), num_bins, num_levels=8).fit(train)
        expected = plain.log_prob(test).isinf()
        assert torch.equal(plain.is_unseen(test), expected)
        smooth = HistogramFacts(train, test, num_bins, 8, 10.0)
        assert torch.equal(smooth.is_unseen, expected)


def test_imaginary_observations_are_spread_over_all_cells(levels):
    train, test = levels
    for imaginary, total in ((0.5, 0.5), (ONE_EACH, 64.0)):
        facts = HistogramFacts(train, test, 4, 8, imaginary)
        counted = Counter(tuple(cell) for cell in (train * 4 // 8).tolist())
        numbers = [counted[tuple(cell)] for cell in (test * 4 // 8).tolist()]
        logs = [math.log((n + total / 64) / (40 + total)) - 3 * math.log(2) for n in numbers]
        assert facts.nats[1] == pytest.approx(-sum(logs) / 20 / 3)


def test_the_sentences_hold_in_the_odd_cases():
    train, test = torch.tensor([[0, 1], [1, 1]]), torch.tensor([[0, 0], [0, 1]])
    assert (
        HistogramFacts(train, test, 2, 2).finding
        == "2 of 4 cells are filled; 1 of 2 test digits falls outside them"
    )
    assert "test digits, ∞" not in HistogramFacts(train, test, 2, 2).detail
    assert ", ∞ on test digits" in HistogramFacts(train, test, 2, 2).detail
    assert HistogramFacts(train, train, 2, 2).finding.endswith("; none of 2 test digits fall outside them")
    assert HistogramFacts(train[:1], 1 - train, 2, 2).finding.endswith(
        "; all 2 test digits fall outside them"
    )


def test_the_lab_picture_draws_each_filled_cell_once_and_each_test_digit_outside(levels):
    train, test = levels
    picture = histogram_figure(train, test, 4, 2, 8, 0)
    facts = HistogramFacts(train[:, :2], test[:, :2], 4, 8, 0)
    cells, lines = picture.axes
    squares = [shapes for shapes in cells.collections if type(shapes).__name__ == "PatchCollection"]
    assert sum(len(shapes.get_paths()) for shapes in squares) == facts.model.num_occupied
    assert len(cells.lines[0].get_xdata()) == int(facts.is_unseen.sum())
    assert picture.table["nats per variable, test"][1] == facts.nats[1]
    assert picture.get_label() == facts.finding and str(picture) == facts.description
    marks = [line for line in lines.lines if line.get_marker() == "^"]
    infinite = [math.isinf(value) for value in picture.table["nats per variable, test"]]
    assert len(marks[1].get_xdata()) == sum(infinite)

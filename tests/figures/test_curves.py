"""Lines carry their numbers and cut nothing off; numbers are written as a page writes them."""

from itertools import pairwise

import pytest

from armod.figures.curves import curves
from armod.figures.numbers import fixed
from tests.pictures import assert_whole


def test_curves_carry_their_numbers():
    lines = {"rise": [0, 1, 2], "fall": [2.0, 1.5, 0.0]}
    picture = curves(
        [1, 10, 100], lines, title="T", xlabel="n", ylabel="bits", floor=("least", 0.5), log_x=True
    )
    assert picture.table == {"n": [1, 10, 100], "rise": [0, 1, 2], "fall": [2, 1.5, 0]}
    assert "fall, lowest 0 at 100, highest 2 at 1" in str(picture) and "least, at 0.5" in str(picture)


@pytest.mark.parametrize("lines", [{}, {"a": [1]}, {str(number): [0, 1] for number in range(5)}])
def test_lines_that_do_not_fit_are_refused(lines):
    with pytest.raises(ValueError, match=r"1 to 4 lines|points where x has"):
        curves([0, 1], lines, title="T", xlabel="x", ylabel="y")


def test_long_names_and_titles_are_not_cut_off():
    name = "a name of so many words that it is long"
    assert_whole(curves([0, 1], {name: [0, 1]}, title="T " * 80, xlabel="x", ylabel="y"))


def test_numbers_are_written_as_a_page_writes_them():
    assert [fixed(0.125, 2), fixed(1 / 16, 3), fixed(-2.5, 0), fixed(2.675, 2)] == [
        "0.13",
        "0.063",
        "−3",
        "2.67",
    ]


def test_a_logarithmic_axis_shows_all_its_lines():
    picture = curves([0, 1, 2], {"a": [1e-4, 0.3, 1e-2]}, title="T", xlabel="x", ylabel="y", log_y=True)
    low, high = picture.axes[0].get_ylim()
    assert 1e-6 < low <= 1e-4 and 0.3 <= high < 10


def test_names_stand_at_the_ends_of_their_lines_and_never_on_each_other():
    lines = {"low": [1, 0.0], "lower": [0, 0.01], "high": [0, 1]}
    picture = curves([0, 1], lines, title="T", xlabel="x", ylabel="y", floor=("floor", 0.0))
    assert_whole(picture)
    heights = {text.get_text(): text.get_position()[1] for text in picture.axes[0].texts}
    assert set(heights) == {*lines, "floor"} and heights["high"] > 0.9
    ordered = sorted(heights.values())
    assert min(above - below for below, above in pairwise(ordered)) > 0.03
    assert ordered[0] >= 0


def test_what_lies_beyond_the_axis_is_marked():
    options = {"title": "T", "xlabel": "x", "ylabel": "y", "ylim": (0, 2)}
    picture = curves([0, 1, 2], {"a": [1, 3, 9], "b": [-1, 1, 1]}, **options)
    marks = {
        line.get_marker(): line.get_xdata().tolist()
        for line in picture.axes[0].lines
        if line.get_marker() in "^v" and len(line.get_xdata())
    }
    assert marks == {"^": [1, 2], "v": [0]} and "3 values lie beyond the axis" in str(picture)
    assert "beyond" not in str(curves([0, 1, 2], {"a": [1, 0, 2]}, **options))


def test_whole_numbers_have_no_ticks_between_them():
    """There is no half epoch; a quantity that has fractions keeps its ticks."""
    ticks = {
        name: curves(x, {"a": x}, title="T", xlabel="x", ylabel="y").axes[0].get_xticks()
        for name, x in {"epochs": [1, 2, 3], "seconds": [0, 0.5, 1]}.items()
    }
    assert all(tick == round(tick) for tick in ticks["epochs"])
    assert any(tick != round(tick) for tick in ticks["seconds"])

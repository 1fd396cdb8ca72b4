"""Lines carry their numbers and cut nothing off; numbers are written as a page writes them."""

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

import numpy as np
import pytest

from armod.figures.growth import growth_curves
from armod.figures.patterns import pattern_bars

JOINT = np.array([[0.1, 0.4], [0.3, 0.2]])
ALONE = np.array([[0.2, 0.3], [0.2, 0.3]])


def test_bars_stand_in_the_order_of_the_first_distribution():
    picture = pattern_bars({"counted": JOINT, "alone": ALONE}, title="Two pixels")
    assert picture.table == {
        "pattern": ["01", "10", "11", "00"],
        "counted": [0.4, 0.3, 0.2, 0.1],
        "alone": [0.3, 0.2, 0.3, 0.2],
    }
    assert "01 0.400 and 0.300" in str(picture)
    bars = [patch for patch in picture.axes[0].patches if patch.get_height() == 8]
    assert [bar.get_width() / bars[0].get_width() for bar in bars[::2]] == pytest.approx([1, 0.75, 0.5, 0.25])


@pytest.mark.parametrize(
    "series",
    [{}, {"a": JOINT, "b": np.ones((2, 2, 2))}, {"a": np.ones((2, 3))}, dict.fromkeys("abcd", JOINT)],
)
def test_bars_need_distributions_over_the_same_bits(series):
    with pytest.raises(ValueError, match="one to three arrays of one shape"):
        pattern_bars(series, title="?")


def test_curves_show_what_is_below_the_limit_and_keep_all_in_the_table():
    sizes = [2, 4, 8]
    picture = growth_curves(
        sizes, {"table": [3, 15, 255], "line": [2, 4, 8]}, title="Growth", y_label="numbers", most=20
    )
    table, line = picture.axes[0].lines
    assert list(table.get_ydata()) == [3, 15]
    assert list(line.get_xdata()) == sizes
    assert picture.table == {"variables D": sizes, "table": [3.0, 15.0, 255.0], "line": [2.0, 4.0, 8.0]}
    assert "table from 3 to 255" in str(picture)


@pytest.mark.parametrize(
    ("costs", "sentence"),
    [({}, "one to four curves"), ({"a": [1, 2]}, "one to four curves"), ({"a": [0, 1, 2]}, "no place for 0")],
)
def test_curves_that_cannot_be_drawn_are_refused(costs, sentence):
    with pytest.raises(ValueError, match=sentence):
        growth_curves([2, 4, 8], costs, title="?", y_label="numbers")

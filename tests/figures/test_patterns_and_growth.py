import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg

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


@pytest.mark.parametrize("count", [1, 2, 3])
def test_no_bar_or_number_leaves_the_page_or_meets_its_neighbour(count):
    picture = pattern_bars(dict.fromkeys("abc"[:count], JOINT), title="Two pixels")
    renderer = FigureCanvasAgg(picture).get_renderer()
    numbers = [text for text in picture.axes[0].texts if text.get_text().startswith("0.")]
    boxes = [text.get_window_extent(renderer) for text in numbers]
    assert len(boxes) == 4 and all(box.x1 < picture.bbox.x1 for box in boxes)
    bars = [patch.get_bbox() for patch in picture.axes[0].patches if patch.get_height() == 8]
    rows = [bars[start : start + count] for start in range(0, len(bars), count)]
    assert all(above[-1].y1 < below[0].y0 for above, below in itertools.pairwise(rows))
    # the numbers of a row stand at the middle of its bars
    middles = [(row[0].y0 + row[-1].y1) / 2 for row in rows]
    assert [text.get_position()[1] for text in numbers] == pytest.approx(middles)


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


@pytest.mark.parametrize("factors", [(1, 1, 1, 1), (1, 1.01, 1.02, 50), (3, 2, 1, 100), (1, 10, 100, 1000)])
def test_names_at_the_ends_never_overlap_and_keep_the_order_of_their_curves(factors):
    sizes = [2, 4, 8]
    costs = {f"factor {place}": [factor * D for D in sizes] for place, factor in enumerate(factors)}
    picture = growth_curves(sizes, costs, title="Growth", y_label="numbers")
    renderer = FigureCanvasAgg(picture).get_renderer()
    boxes = {text.get_text(): text.get_window_extent(renderer) for text in picture.axes[0].texts}
    below = sorted(costs, key=lambda name: (costs[name][-1], name))
    for low, high in itertools.pairwise(below):
        assert boxes[low].y1 <= boxes[high].y0


def test_a_name_with_room_stays_beside_its_curve():
    picture = growth_curves([2, 4], {"low": [1, 1], "high": [9, 99]}, title="Growth", y_label="numbers")
    assert [text.xyann for text in picture.axes[0].texts] == [pytest.approx((9, 0))] * 2


def test_a_description_has_no_powers_of_e():
    picture = growth_curves([2, 512], {"table": [3, 2.0**512]}, title="Growth", y_label="numbers")
    assert "table from 3 to 1.341 × 10¹⁵⁴." in str(picture)


@pytest.mark.parametrize(
    ("costs", "sentence"),
    [({}, "one to four curves"), ({"a": [1, 2]}, "one to four curves"), ({"a": [0, 1, 2]}, "no place for 0")],
)
def test_curves_that_cannot_be_drawn_are_refused(costs, sentence):
    with pytest.raises(ValueError, match=sentence):
        growth_curves([2, 4, 8], costs, title="?", y_label="numbers")

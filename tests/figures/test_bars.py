import pytest

from armod.figures.bars import likelihood_bars

THREE = {"independent pixels": 206.9, "MADE": 105.13, "histogram": 171.2}


def heights_and_colours(picture):
    return [(patch.get_width(), patch.get_facecolor()) for patch in picture.axes[0].patches]


def words(picture):
    return [text.get_text() for text in picture.axes[0].texts]


def test_the_title_states_the_finding():
    assert (
        likelihood_bars(THREE).get_label()
        == "105 nats per image with MADE, 171 with histogram, 207 with independent pixels"
    )
    assert likelihood_bars({"MADE": 105.13}).get_label() == "105 nats per image with MADE"
    four = likelihood_bars({**THREE, "RNN": 99.7}, unit="nats")
    assert four.get_label() == "100 nats with RNN; the other 3 have 105 to 207"
    tie = likelihood_bars({"a": 1.0, "b": 1.0, "c": 2.0})
    assert tie.get_label() == "1.00 nats per image with a and b alike"
    assert likelihood_bars(THREE, title="My own").get_label() == "My own"


def test_the_best_bar_is_in_colour_and_lengths_are_in_proportion():
    (first, grey), (best, blue), (last, also_grey) = heights_and_colours(likelihood_bars(THREE))
    assert grey == also_grey != blue
    assert best / first == pytest.approx(105.13 / 206.9)
    assert last / first == pytest.approx(171.2 / 206.9)


def test_higher_can_be_better():
    picture = likelihood_bars({"a": -300.0, "b": -105.0}, unit="nats", lower_is_better=False)
    assert picture.get_label() == "−105 nats with b, −300 with a"
    (_, grey), (_, blue) = heights_and_colours(picture)
    assert grey != blue
    assert "nats; higher is better" in words(picture)


def test_values_and_errors_are_written_beside_the_bars():
    picture = likelihood_bars({"a": (171.2, 1.14), "b": (105.13, 0.42)})
    assert {"171.2 ± 1.1", "105.1 ± 0.4"} <= set(words(picture))
    assert picture.table == {
        "name": ["a", "b"],
        "nats per image": [171.2, 105.13],
        "standard error": [1.14, 0.42],
    }


def test_different_values_never_look_the_same():
    assert {"105.13", "105.14"} <= set(words(likelihood_bars({"a": 105.13, "b": 105.14})))


def test_the_description_holds_every_number():
    assert str(likelihood_bars({"a": (171.2, 1.14), "b": (105.13, 0.42)})) == (
        "105.1 nats per image with b, 171.2 with a. "
        "Bars of nats per image; lower is better: a 171.2 ± 1.1; b 105.1 ± 0.4."
    )


def test_nothing_is_cut_at_the_edges():
    for entries in (THREE, {"a": -1.0, "b": 2.0}, {"a name of many words, indeed": 3.0, "b": (1.0, 3.0)}):
        picture = likelihood_bars(entries)
        picture.draw_without_rendering()
        for text in picture.axes[0].texts:
            box = text.get_window_extent()
            assert picture.bbox.x0 <= box.x0 and box.x1 <= picture.bbox.x1, text


@pytest.mark.parametrize(
    ("entries", "message"),
    [
        ({}, "at least one"),
        ({"a": float("nan")}, "'a'"),
        ({"a": (1.0, -1.0)}, "'a'"),
        ({"a": float("inf")}, "'a'"),
    ],
)
def test_bad_entries_are_refused_in_a_sentence(entries, message):
    with pytest.raises(ValueError, match=message):
        likelihood_bars(entries)

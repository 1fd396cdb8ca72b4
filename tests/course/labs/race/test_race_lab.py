"""The race: what three samplers have drawn when, in Python and on the page."""

import numpy as np
import pytest

from armod.course.labs import race_lab
from armod.course.labs.race.facts import RaceFacts
from tests.browser.widgets import turn
from tests.course.labs.cases import ACCEPTED, GUESSES, race

POSITIONS = [400, 170]


def state(index: int, clock: str, time: int) -> RaceFacts:
    return RaceFacts(GUESSES[index], ACCEPTED[index], POSITIONS[index], clock, time)


def test_equal_passes_and_equal_conditionals() -> None:
    assert state(0, "passes", 2).now == [(2, 2, 2 * 168), (2, 2, 2), (105, 2, 200)]
    assert state(0, "passes", 168).now == [(168, 168, 168**2), (168, 168, 168), (168, 4, 400)]
    # a pass of naive takes 168 conditionals, one of guess and verify 100
    assert state(0, "conditionals", 167).now == [(0, 0, 0), (167, 167, 167), (5, 1, 100)]
    assert state(0, "conditionals", 168).now == [(1, 1, 168), (168, 168, 168), (5, 1, 100)]


@pytest.mark.parametrize(
    ("image", "accepted", "positions"),
    [
        (np.zeros((2, 3, 3)), [9], 9),
        (np.full((3, 3), 2), [9], 9),
        (np.zeros((3, 3)), [8], 9),
        (np.zeros((3, 3)), [9, 0], 9),
        (np.zeros((3, 3)), [9], 0),
    ],
)
def test_numbers_that_do_not_fit_are_refused(image: np.ndarray, accepted: list[int], positions: int) -> None:
    with pytest.raises(ValueError, match=r"race needs an image|The passes make"):
        race_lab([image], [accepted], [positions])


@pytest.mark.browser
def test_the_page_says_what_python_says(show) -> None:
    page = show(race())
    for index, clock, time in (
        (0, "passes", 3),
        (1, "passes", 168),
        (0, "conditionals", 168),
        (1, "conditionals", 84),
    ):
        page.get_by_label("Equal for all", exact=True).select_option(clock)
        turn(page, "Image", index + 1)
        turn(page, "Gone by", time)
        facts = state(index, clock, time)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content() == facts.detail
        words = page.locator("svg.armod-plot text").all_text_contents()
        for _, passes, conditionals in facts.now:
            assert f"{passes} pass{'' if passes == 1 else 'es'}" in words
            assert f"{conditionals} conditional{'' if conditionals == 1 else 's'}" in words

"""The map of passes: when a pixel is final, in Python and on the page."""

import numpy as np
import pytest

from armod.course.labs import passes_lab
from armod.course.labs.passes.facts import PassesFacts
from tests.browser.widgets import turn
from tests.course.labs.cases import GUESSES, WAVES, passes

ROWS, COLUMNS = WAVES.shape


def test_a_pixel_is_final_after_its_last_change() -> None:
    guesses = np.array([[[0, 0, 1]], [[1, 0, 0]], [[1, 0, 1]], [[1, 0, 1]]])
    facts = PassesFacts(guesses, np.array([[1, 2, 3]]), 2)
    assert facts.final.tolist() == [[2, 1, 3]]
    assert facts.guess.tolist() == [[1, 0, 0]]
    assert facts.finding == "After pass 2 of 4, 2 of 3 pixels are final; the filters alone promise 2"


@pytest.mark.parametrize(
    ("guesses", "waves"),
    [
        (GUESSES[0], WAVES),
        (GUESSES, WAVES[1:]),
        (GUESSES + 1, WAVES),
        (GUESSES, WAVES - 1),
        (GUESSES[:0], WAVES),
    ],
)
def test_other_guesses_and_waves_are_refused(guesses: np.ndarray, waves: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"map of passes needs guesses|Guesses are 0 or 1"):
        passes_lab(guesses, waves)


@pytest.mark.browser
def test_the_page_says_and_draws_what_python_says(show) -> None:
    page = show(passes())
    for number, row, column in ((0, 0, 0), (3, 5, 13), (9, 11, 2)):
        for label, value in (("Pass", number), ("Row", row + 1), ("Column", column + 1)):
            turn(page, label, value)
        facts = PassesFacts(GUESSES, WAVES, number, row, column)
        assert page.locator(".finding").text_content() == facts.finding
        assert page.locator(".detail").text_content().startswith(facts.detail)
        is_final = facts.final <= number
        drawn = {
            "ink": (is_final & (facts.guess == 1)).sum(),
            "wrong-ink": (~is_final & (facts.guess == 1)).sum(),
            "wrong-paper": (~is_final & (facts.guess == 0)).sum(),
        }
        for kind, count in drawn.items():
            paths = page.locator(f"svg.armod-plot path.{kind}")
            squares = paths.evaluate_all(
                "all => all.map(path => path.getAttribute('d').split('z').length - 1)"
            )
            assert sum(squares) == count, kind
        shaded = page.locator("svg.armod-plot path[class^=shade]")
        squares = shaded.evaluate_all("all => all.map(path => path.getAttribute('d').split('z').length - 1)")
        assert sum(squares) == is_final.sum() + (number >= WAVES).sum()

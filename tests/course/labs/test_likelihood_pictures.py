"""The stills of lesson 4.3's labs have words and numbers, and cut nothing off."""

import pytest

from armod.course.labs.coin.picture import coin_figure
from armod.course.labs.mixture.picture import mixture_figure
from armod.course.labs.surface.picture import surface_figure
from tests.pictures import assert_whole


@pytest.mark.parametrize(
    "picture",
    [
        coin_figure(0, 1, 0.5),
        coin_figure(40, 40, 1.0),
        surface_figure([6] * 16, (84, 0)),
        surface_figure([0] * 4 + [2] + [0] * 11, path=[(3.0, 2.0), (4.0, 0.3)], title="A path"),
        mixture_figure([(0.0, 0.2, 1), (40.0, 9.0, 10), (8.0, 1.0, 2)], 32, [1] * 32),
    ],
    ids=lambda picture: picture.get_label()[:20],
)
def test_every_picture_has_words_and_numbers_and_cuts_nothing_off(picture):
    assert_whole(picture)

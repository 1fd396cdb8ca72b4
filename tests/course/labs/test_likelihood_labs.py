"""The labs of lesson 4.3 as Python makes them: their tables, their words, what they refuse."""

import base64
import gzip
import html
import re

import numpy as np
import pytest

from armod.course.labs import coin_lab, mixture_lab, surface_lab
from armod.course.labs.coin.picture import CoinFacts
from armod.course.labs.mixture.lab import EXAMPLES, LEVELS, _indices
from armod.course.labs.mixture.picture import MixtureFacts
from armod.course.labs.surface.lab import DATA_SETS, MOST_POINTS
from armod.course.labs.surface.picture import MEANS, SCALES, SurfaceFacts, log_masses

LABS = {"coin": coin_lab, "surface": surface_lab, "mixture": mixture_lab}
every_lab = pytest.mark.parametrize("lab", LABS.values(), ids=LABS)


@every_lab
def test_two_runs_give_the_same_bytes_below_the_size_limit(lab):
    one = lab().html
    assert lab().html == one
    assert len(one.encode()) < 120_000


@every_lab
def test_the_output_asks_nothing_of_the_network(lab):
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", lab().html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


@pytest.mark.parametrize(
    ("widget", "facts"),
    [
        (coin_lab(3, 4, 0.25), CoinFacts(3, 4, 0.25)),
        (
            surface_lab(DATA_SETS["two heaps"], mean=5.25, scale=3),
            SurfaceFacts(DATA_SETS["two heaps"], 33, 3),
        ),
        (mixture_lab([(-4.0, 1.0, 5)], range(32)), MixtureFacts(((-4.0, 1.0, 5),), 32, tuple(range(32)))),
    ],
    ids=LABS,
)
def test_the_static_picture_describes_the_first_state(widget, facts):
    assert html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1]) == facts.description
    assert str(widget).endswith(facts.description)


def test_the_surface_s_table_comes_back():
    text = re.search(r'"logMasses":"([^"]*)"', surface_lab().html)[1]
    table = np.frombuffer(gzip.decompress(base64.b64decode(text)), "<f4")
    assert np.array_equal(table.reshape(len(MEANS), len(SCALES), 16), log_masses())


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: coin_lab(1, 41), "up to 40 flips"),
        (lambda: coin_lab(1, 4, 0.123), "whole hundredths"),
        (lambda: coin_lab(5, 4), "0 to n heads"),
        (lambda: surface_lab(mean=3.1), "in quarters from -3"),
        (lambda: surface_lab([7] * 16), "up to 6 points"),
        (lambda: surface_lab([1] * 15), "16 counts"),
        (lambda: mixture_lab([(0.25, 1.0, 5)]), "means are among"),
        (lambda: mixture_lab([(0.5, 1.1, 5)]), "scales are among"),
        (lambda: mixture_lab([(0.5, 1.0, 11)]), "weights are among"),
        (lambda: mixture_lab(counts=[1]), "as many counts"),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()


def test_every_example_and_data_set_can_be_shown():
    assert all(MixtureFacts(tuple(example), LEVELS).finding for example in EXAMPLES.values())
    assert all(_indices(component) for example in EXAMPLES.values() for component in example)
    for counts in DATA_SETS.values():
        assert SurfaceFacts(counts, 0, 0).finding and max(counts) <= MOST_POINTS

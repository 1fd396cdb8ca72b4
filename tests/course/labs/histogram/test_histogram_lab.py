import base64
import gzip
import html
import random
import re

import numpy as np
import pytest
import torch

from armod.course.labs import histogram_lab
from armod.course.labs.histogram.lab import (
    BINS,
    DIMENSIONS,
    IMAGINARY,
    NUM_LEVELS,
    OBSERVATIONS,
    _table,
    lab_state,
    pixels,
    settings,
)
from armod.models.histogram import Histogram


def unpacked(name):
    return gzip.decompress(base64.b64decode(_table()[name]))


def test_the_table_holds_the_likelihoods_of_histograms_and_their_sentences():
    numbers = np.frombuffer(unpacked("nats"), "<f4").reshape(-1, 2)
    findings, details = (unpacked(name).decode().split("\n") for name in ("findings", "details"))
    every = list(settings())
    assert len(every) == len(numbers) == len(findings) == len(details)
    train, test = pixels()
    for place in random.Random(0).sample(range(len(every)), 60):
        num_bins, num_observations, imaginary, size = every[place]
        smoothing = 1 if imaginary == "one in every cell" else imaginary / num_bins**size
        model = Histogram((size,), num_bins, num_levels=NUM_LEVELS, smoothing=smoothing)
        model.fit(train[:num_observations, :size])
        sides = (train[:num_observations, :size], test[:, :size])
        expected = [-model.log_prob(x).mean().item() / size for x in sides]
        assert numbers[place].tolist() == pytest.approx(expected, rel=1e-6)
        facts = lab_state(num_bins, size, num_observations, imaginary)
        assert (findings[place], details[place]) == (facts.finding, facts.detail)


def test_the_page_gets_the_levels_of_real_digits():
    train, test = pixels()
    levels = np.frombuffer(unpacked("levels"), np.uint8).reshape(-1, 12)
    assert np.array_equal(levels, torch.cat([train, test]).numpy())
    assert _table()["numTrain"] == len(train) == OBSERVATIONS[-1]
    assert train.shape[1] == DIMENSIONS[-1] and int(train.max()) == NUM_LEVELS - 1


def test_every_number_of_bins_cuts_the_levels_evenly():
    """Or else the limit of much smoothing would not be the uniform distribution that the page draws."""
    assert all(NUM_LEVELS % num_bins == 0 for num_bins in BINS)


def test_two_runs_give_the_same_bytes_below_the_size_limit():
    one = histogram_lab().html
    _table.cache_clear()
    assert histogram_lab().html == one
    assert len(one.encode()) < 200_000


def test_the_output_asks_nothing_of_the_network():
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", histogram_lab().html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_static_picture_describes_the_first_state():
    widget = histogram_lab(4, 5, 200, IMAGINARY[-1])
    facts = lab_state(4, 5, 200, IMAGINARY[-1])
    alternative = html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1])
    assert alternative == facts.description
    assert str(widget).endswith(facts.description)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"num_bins": 3}, r"num_bins is one of 2, 4, 8, 16; got 3\."),
        ({"num_variables": 13}, r"num_variables is one of 1, 2, .*; got 13\."),
        ({"num_observations": 7}, r"num_observations is one of 25, .*; got 7\."),
        ({"imaginary": 0.5}, r"imaginary is one of 0, .*, one in every cell; got 0\.5\."),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        histogram_lab(**arguments)

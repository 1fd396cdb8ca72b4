import base64
import gzip
import random

import numpy as np
import pytest
import torch

from armod.course.labs.histogram.lab import (
    BINS,
    DIMENSIONS,
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

"""What the surface lab says and tables, against the library."""

import base64
import gzip
import re

import numpy as np
import pytest
import torch

from armod.course.labs import surface_lab
from armod.course.labs.surface.facts import LEVELS, MEANS, SCALES, SurfaceFacts, log_masses, logistic
from armod.course.labs.surface.lab import DATA_SETS, MOST_POINTS


def test_the_surface_is_the_library_s_log_likelihood():
    assert log_masses().shape == (len(MEANS), len(SCALES), LEVELS)
    for mean, scale in ((0, 0), (40, 9), (84, 21), (52, 3)):
        expected = logistic(MEANS[mean], SCALES[scale]).log_prob(torch.arange(LEVELS))
        assert np.allclose(log_masses()[mean, scale], expected, rtol=1e-6, atol=1e-9)
        ends = torch.arange(LEVELS - 1, dtype=torch.float64) + 0.5
        masses = ((ends - MEANS[mean]) / SCALES[scale]).sigmoid()
        masses = masses.diff(prepend=torch.zeros(1), append=torch.ones(1))
        assert torch.allclose(expected.exp(), masses, atol=1e-12)


def test_the_surface_s_table_comes_back():
    text = re.search(r'"logMasses":"([^"]*)"', surface_lab().html)[1]
    table = np.frombuffer(gzip.decompress(base64.b64decode(text)), "<f4")
    assert np.array_equal(table.reshape(len(MEANS), len(SCALES), 16), log_masses())


def test_what_the_lesson_says_of_the_surface_lab_s_data_sets():
    best = {}
    for name, counts in DATA_SETS.items():
        mean, scale = SurfaceFacts(counts, 0, 0).best
        best[name] = MEANS[mean], SCALES[scale]
    heap, stray = best["one heap"], best["one heap and a stray point"]
    average = {name: np.average(np.arange(LEVELS), weights=DATA_SETS[name]) for name in list(best)[:2]}
    moved = average["one heap and a stray point"] - average["one heap"]
    assert stray[1] == pytest.approx(2 * heap[1]) and 0 < stray[0] - heap[0] < 0.7 * moved
    assert best["all on one level"] == (5.0, SCALES[0])
    assert best["heaped on the edge"][0] < 0


def test_findings_of_points_that_have_no_maximiser():
    def finding(counts):
        return SurfaceFacts(tuple(counts), 0, 0).finding

    assert finding([0] * 16).startswith("No points")
    assert finding([0] * 15 + [1]).startswith("1 point on level 15: the mean runs away beyond the edge")
    assert finding([0, 2, *[0] * 14]).startswith("2 points on level 1: the narrowest scale wins")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [(((0,) * 15, 0, 0), "16 counts"), (((-1,) * 16, 0, 0), "16 counts"), (((0,) * 16, 85, 0), "85 means")],
)
def test_points_off_the_surface_are_refused(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        SurfaceFacts(*arguments)


def test_every_data_set_can_be_shown():
    for counts in DATA_SETS.values():
        assert SurfaceFacts(counts, 0, 0).finding and max(counts) <= MOST_POINTS

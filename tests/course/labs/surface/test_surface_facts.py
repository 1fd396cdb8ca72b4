"""What the surface lab says and tables, against the library."""

import base64
import gzip
import itertools
import math
import random
import re

import numpy as np
import pytest
import torch

from armod.course.labs import surface_lab
from armod.course.labs.surface.facts import (
    LEVELS,
    MEANS,
    SCALES,
    WAYS,
    SurfaceFacts,
    log_masses,
    logistic,
)
from armod.course.labs.surface.lab import DATA_SETS, MOST_POINTS
from armod.course.labs.surface.maximiser import has_maximiser, log_likelihood


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


def test_the_maximiser_is_higher_than_everything_around_it_and_than_every_cell():
    choose = random.Random(0)
    for _ in range(40):
        counts = [choose.choice([0, 0, 0, 1, 2, 6]) for _ in range(LEVELS)]
        facts = SurfaceFacts(tuple(counts), 0, 0)
        mean, scale = facts.maximiser
        drawn = torch.arange(LEVELS).repeat_interleave(torch.tensor(counts))
        unknowns = torch.tensor([mean, scale], dtype=torch.float64, requires_grad=True)
        value = logistic(*unknowns).log_prob(drawn).sum()
        assert value.item() == pytest.approx(facts.highest, abs=1e-9)
        # the library's own slope, by autograd: flat there
        assert torch.autograd.grad(value, unknowns)[0].abs().max() < 1e-6
        assert facts.highest >= facts.surface.max() - 1e-4


@pytest.mark.parametrize(
    ("counts", "has_one"),
    [
        ([0, 0, 0, 0], False),
        ([0, 3, 0, 0], False),
        ([3, 0, 0, 0], False),
        ([0, 3, 1, 0], False),
        ([3, 1, 0, 0], False),
        ([3, 0, 0, 1], False),
        ([3, 0, 1, 0], True),
        ([0, 3, 0, 1], True),
        ([3, 1, 0, 1], True),
    ],
)
def test_points_that_some_limit_explains_best_have_no_maximiser(counts, has_one):
    assert has_maximiser(counts) == has_one
    if has_one:
        return
    # steps towards the limit never make it worse: a narrow scale in the middle of the points, or the widest scale
    used = [level for level, count in enumerate(counts) if count] or [0]
    wide, share = used == [0, 3], counts[-1] / max(sum(counts), 1)
    values = []
    for scale in (1.0, 10.0, 100.0) if wide else (1.0, 0.3, 0.1):
        odds = math.log(share / (1 - share)) if wide else 0.0
        mean = 1.5 + scale * odds if wide else sum(used) / len(used)
        values.append(log_likelihood(counts, 1 / scale, mean / scale))
    assert values == sorted(values)


def test_what_the_lesson_says_of_the_surface_lab_s_data_sets():
    best = {name: SurfaceFacts(counts, 0, 0).maximiser for name, counts in DATA_SETS.items()}
    heap, stray = best["one heap"], best["one heap and a stray point"]
    assert (round(heap[0], 2), round(heap[1], 3)) == (7.0, 0.847)
    assert (round(stray[0], 2), round(stray[1], 2)) == (7.41, 1.48)
    average = {name: np.average(np.arange(LEVELS), weights=DATA_SETS[name]) for name in list(best)[:2]}
    moved = average["one heap and a stray point"] - average["one heap"]
    assert round(moved, 1) == 0.8 and round(stray[1] / heap[1], 1) == 1.7
    assert best["all on one level"] is best["none"] is None
    assert best["heaped on the edge"][0] < 0


def test_findings_of_points_that_have_no_maximiser():
    def finding(counts):
        return SurfaceFacts(tuple(counts), 0, 0).finding

    assert finding([0] * 16).startswith("No points")
    assert finding([0] * 15 + [1]).startswith("1 point on level 15: the mean runs away beyond the edge")
    assert finding([0, 2, *[0] * 14]).startswith("2 points on level 1: the narrowest scale wins")
    assert finding([0, 2, 1, *[0] * 13]).startswith("3 points on two neighbouring levels: the narrowest")
    assert finding([2, *[0] * 14, 1]).startswith("3 points on the two ends alone: the widest scale wins")
    assert "beyond the map" in finding([4, *[0] * 7, 1, *[0] * 7])


@pytest.mark.parametrize("way", WAYS)
def test_the_ascent_follows_the_slope_of_the_library_s_log_likelihood(way):
    counts = DATA_SETS["one heap and a stray point"]
    drawn = torch.arange(LEVELS).repeat_interleave(torch.tensor(counts))
    path = SurfaceFacts(counts, 20, 15).ascent(way, 0.5).path
    assert len(path) > 10
    for (mean, scale), after in itertools.pairwise(path[:10]):
        at = torch.tensor([mean, scale], dtype=torch.float64)
        is_log = way == "mean and log-scale"
        at = torch.stack([at[0], at[1].log() if is_log else at[1]]).requires_grad_()
        value = logistic(at[0], at[1].exp() if is_log else at[1]).log_prob(drawn).mean()
        (slope,) = torch.autograd.grad(value, at)
        moved = at + 0.5 * slope
        assert (moved[0].item(), (moved[1].exp() if is_log else moved[1]).item()) == pytest.approx(
            after, abs=1e-9
        )


def test_a_step_may_jump_off_in_the_scale_and_in_the_log_scale_there_is_no_scale_below_0():
    facts = SurfaceFacts(DATA_SETS["one heap"], MEANS.index(3.0), 14)
    plain = facts.ascent("mean and scale", 8.0)
    assert plain.off is not None and plain.off[1] < 0
    assert "there is no such scale" in facts.climb_sentence("mean and scale", 8.0, len(plain.path) - 1)
    gentle = facts.ascent("mean and log-scale", 1.0)
    assert gentle.off is None and gentle.path[-1] == pytest.approx(facts.maximiser, abs=0.01)
    for size in (1.0, 4.0, 16.0):
        ascent = facts.ascent("mean and log-scale", size)
        assert ascent.off is None or ascent.off[1] > 0
    one = SurfaceFacts(DATA_SETS["all on one level"], MEANS.index(5.0), 10)
    ends = one.ascent("mean and scale", 1.0)
    assert "would jump" in one.climb_sentence("mean and scale", 1.0, len(ends.path) - 1)
    assert len(SurfaceFacts(DATA_SETS["none"], 20, 10).ascent("mean and scale", 1.0).path) == 2


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

"""The pictures of lesson 4.3: their facts against formulas and the library, and nothing cut off."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod.course.labs.coin.picture import CoinFacts, coin_figure
from armod.course.labs.mixture.picture import MixtureFacts, mixture, mixture_figure
from armod.course.labs.surface.lab import DATA_SETS
from armod.course.labs.surface.picture import (
    LEVELS,
    MEANS,
    SCALES,
    SurfaceFacts,
    log_masses,
    logistic,
    surface_figure,
)
from armod.figures.curves import curves
from armod.figures.numbers import fixed
from armod.likelihoods import DiscretizedLogisticMixture

coins = st.integers(1, 40).flatmap(lambda flips: st.tuples(st.integers(0, flips), st.just(flips)))
components = st.lists(
    st.tuples(st.floats(-6, 37), st.floats(0.2, 10), st.integers(1, 10)), min_size=1, max_size=3
)


@given(coins, st.floats(0.01, 0.99))
def test_a_coin_s_facts_are_those_of_autograd_and_of_a_grid(coin, p):
    heads, flips = coin
    facts = CoinFacts(heads, flips, p)
    at = torch.tensor(p, dtype=torch.float64, requires_grad=True)
    log_likelihood = heads * at.log() + (flips - heads) * (1 - at).log()
    (slope,) = torch.autograd.grad(log_likelihood, at)
    assert facts.log_likelihood(p) == pytest.approx(log_likelihood.item(), abs=1e-9)
    assert facts.slope == pytest.approx(slope.item(), rel=1e-6, abs=1e-9)
    grid = [step / 1000 for step in range(1001)]
    assert abs(max(grid, key=facts.log_likelihood) - facts.best) <= 0.0005 + 1e-12
    assert facts.below_best >= -1e-9


def test_the_spread_is_one_over_the_root_of_minus_the_curvature():
    facts = CoinFacts(7, 10, 0.5)
    step = 1e-4
    values = [facts.log_likelihood(facts.best + move) for move in (-step, 0, step)]
    curvature = (values[0] - 2 * values[1] + values[2]) / step**2
    assert facts.spread == pytest.approx((-curvature) ** -0.5, rel=1e-5)


@pytest.mark.parametrize(("heads", "other", "slope"), [(0, "head", -4), (4, "tail", 4)])
def test_at_an_edge_the_finding_warns_and_the_slope_is_not_zero(heads, other, slope):
    facts = CoinFacts(heads, 4, heads / 4)
    assert facts.finding.endswith(
        f"p = {heads // 4} explains them best, and calls the first {other} impossible"
    )
    assert facts.slope == slope and facts.below_best == 0 and facts.spread == 0
    assert "impossible: the log-likelihood is −∞" in CoinFacts(heads, 4, 1 - heads / 4).detail


@pytest.mark.parametrize("wrong", [(-1, 3, 0.5), (4, 3, 0.5), (0, 0, 0.5), (1, 3, 1.5)])
def test_a_coin_that_can_not_be_is_refused(wrong):
    with pytest.raises(ValueError, match="0 to n heads in n >= 1 flips"):
        CoinFacts(*wrong)


def test_the_surface_is_the_library_s_log_likelihood():
    assert log_masses().shape == (len(MEANS), len(SCALES), LEVELS)
    for mean, scale in ((0, 0), (40, 9), (84, 21), (52, 3)):
        expected = logistic(MEANS[mean], SCALES[scale]).log_prob(torch.arange(LEVELS))
        assert np.allclose(log_masses()[mean, scale], expected, rtol=1e-6, atol=1e-9)
        ends = torch.arange(LEVELS - 1, dtype=torch.float64) + 0.5
        masses = ((ends - MEANS[mean]) / SCALES[scale]).sigmoid()
        masses = masses.diff(prepend=torch.zeros(1), append=torch.ones(1))
        assert torch.allclose(expected.exp(), masses, atol=1e-12)


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


@given(components)
@settings(deadline=None, max_examples=50)
def test_a_mixture_s_parts_add_up_to_the_library_s_probabilities(chosen):
    facts = MixtureFacts(tuple(chosen), 32)
    library = mixture(chosen, 32)
    assert isinstance(library, DiscretizedLogisticMixture)
    assert np.allclose(facts.probabilities, library.probs)
    assert facts.probabilities.sum() == pytest.approx(1)
    # the bins as they are, and what lies beyond the edges, are the same probabilities
    closed = facts.raw.sum(0)[6:-6]
    closed[0] += facts.beyond[0]
    closed[-1] += facts.beyond[1]
    assert np.allclose(closed, facts.probabilities, atol=1e-12)


def test_bits_are_entropy_plus_divergence():
    counts = (8, 0, 4, 4)
    facts = MixtureFacts(((1.0, 1.0, 1),), 4, counts)
    shares = np.array(counts) / 16
    used = shares > 0
    divergence = (shares[used] * np.log2(shares[used] / facts.probabilities[used])).sum()
    assert facts.entropy == pytest.approx(1.5)
    assert facts.bits == pytest.approx(1.5 + divergence)


@pytest.mark.parametrize(
    ("chosen", "counts", "sentence"),
    [
        ((), (), "1 to 3 components"),
        (((0, 1, 1),) * 4, (), "1 to 3 components"),
        (((0, 0, 1),), (), "above 0"),
        (((0, 1, 0),), (), "above 0"),
        (((0, 1, 1),), (1, 2), "as many counts"),
        (((0, 1, 1),), (0,) * 4, "as many counts"),
    ],
)
def test_mixtures_that_do_not_fit_are_refused(chosen, counts, sentence):
    with pytest.raises(ValueError, match=sentence):
        MixtureFacts(chosen, 4, counts)


def test_curves_carry_their_numbers():
    lines = {"rise": [0, 1, 2], "fall": [2.0, 1.5, 0.0]}
    picture = curves(
        [1, 10, 100], lines, title="T", xlabel="n", ylabel="bits", floor=("least", 0.5), log_x=True
    )
    assert picture.table == {"n": [1, 10, 100], "rise": [0, 1, 2], "fall": [2, 1.5, 0]}
    assert "fall, lowest 0 at 100, highest 2 at 1" in str(picture) and "least, at 0.5" in str(picture)


@pytest.mark.parametrize("lines", [{}, {"a": [1]}, {str(number): [0, 1] for number in range(5)}])
def test_lines_that_do_not_fit_are_refused(lines):
    with pytest.raises(ValueError, match=r"1 to 4 lines|points where x has"):
        curves([0, 1], lines, title="T", xlabel="x", ylabel="y")


@pytest.mark.parametrize(
    "picture",
    [
        coin_figure(0, 1, 0.5),
        coin_figure(40, 40, 1.0),
        surface_figure([6] * 16, (84, 0)),
        surface_figure([0] * 4 + [2] + [0] * 11, path=[(3.0, 2.0), (4.0, 0.3)], title="A path"),
        mixture_figure([(0.0, 0.2, 1), (40.0, 9.0, 10), (8.0, 1.0, 2)], 32, [1] * 32),
        curves(
            [0, 1],
            {"a name of so many words that it is long": [0, 1]},
            title="T " * 80,
            xlabel="x",
            ylabel="y",
        ),
    ],
    ids=lambda picture: picture.get_label()[:20],
)
def test_every_picture_has_words_and_numbers_and_cuts_nothing_off(picture):
    assert len(str(picture)) > 40 and picture.table
    picture.draw_without_rendering()
    texts = [*picture.texts, *(text for axes in picture.axes for text in axes.texts)]
    for axes in picture.axes:
        texts += [axes.xaxis.label, axes.yaxis.label]
        texts += axes.get_legend().get_texts() if axes.get_legend() else []
        if not axes.axison:
            texts = [text for text in texts if text.axes is not axes]
    for text in texts:
        box = text.get_window_extent()
        if text.get_text() and text.get_visible():
            assert box.x0 >= -1 and box.x1 <= picture.bbox.x1 + 1, text
            assert box.y0 >= -1 and box.y1 <= picture.bbox.y1 + 1, text


def test_numbers_are_written_as_a_page_writes_them():
    assert [fixed(0.125, 2), fixed(1 / 16, 3), fixed(-2.5, 0), fixed(2.675, 2)] == [
        "0.13",
        "0.063",
        "−3",
        "2.67",
    ]


def test_a_logarithmic_axis_shows_all_its_lines():
    picture = curves([0, 1, 2], {"a": [1e-4, 0.3, 1e-2]}, title="T", xlabel="x", ylabel="y", log_y=True)
    low, high = picture.axes[0].get_ylim()
    assert 1e-6 < low <= 1e-4 and 0.3 <= high < 10

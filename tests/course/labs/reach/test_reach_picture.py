import math

import pytest

from armod.course.labs.reach.facts import LEAST, MOST, ReachFacts, in_words
from armod.course.labs.reach.picture import reach_curves, reach_figure, unrolled_figure
from armod.measures.gradient_reach import LAGS, gradient_reach, random_recurrence


@pytest.mark.parametrize(
    ("share", "words"),
    [
        (1e-9, "1/1,000,000,000 of"),
        (0.0101, "1/99 of"),
        (0.2, "0.20 of"),
        (0.994, "0.99 of"),
        (0.995, "1.0 times"),
        (9.94, "9.9 times"),
        (19876.0, "20,000 times"),
    ],
)
def test_shares_in_words(share, words):
    assert in_words(share) == words


def test_facts_are_those_of_the_measurement():
    facts = ReachFacts("gru", 1.5, 2)
    reach = gradient_reach(random_recurrence("gru", scale=1.5, gate_bias=2))
    assert facts.shares == pytest.approx((reach / reach[0]).tolist(), rel=5e-3)
    assert facts.shares[0] == 1 and len(facts.shares) == len(facts.words) == len(facts.factors) == LAGS
    assert facts.words[-1] in facts.finding and "gate bias 2" in facts.finding
    assert facts.words[5] in facts.lag_sentence(6) and facts.factors[5] in facts.lag_sentence(6)
    assert float(facts.factors[-1]) == pytest.approx(facts.shares[-1] ** (1 / (LAGS - 1)), abs=0.006)


def test_the_drawn_powers_stay_on_the_axis():
    vanishing, exploding = ReachFacts("rnn", 0.5), ReachFacts("rnn", 3.5)
    assert min(vanishing.powers) == LEAST and vanishing.shares[-1] < 10.0**LEAST
    assert max(exploding.powers) <= MOST
    assert vanishing.powers[3] == pytest.approx(math.log10(vanishing.shares[3]), abs=1e-3)


def test_the_still_of_the_lab_describes_itself():
    facts = ReachFacts("rnn", 1.0)
    picture = reach_figure(facts, 5)
    assert picture.description == facts.description and facts.finding in str(picture)
    assert picture.table["gradient, share of lag 1"] == facts.shares
    assert picture.png() != reach_figure(facts, 6).png()


def test_curves_are_shares_of_the_first_lag():
    picture = reach_curves({"a": [2.0, 1.0], "b": [1.0, 3.0]}, title="They part")
    assert picture.table == {"lag": [1, 2], "a": [1.0, 0.5], "b": [1.0, 3.0]}
    assert "a 0.5; b 3" in picture.description


@pytest.mark.parametrize("lines", [{}, {"a": [1.0], "b": [1.0, 2.0]}, {"a": [1.0, 0.0]}])
def test_curves_refuse_what_they_cannot_draw(lines):
    with pytest.raises(ValueError, match=r"one to 5 lines|no place for a gradient of 0"):
        reach_curves(lines, title="No")


def test_the_unrolled_network_reads_what_it_has_predicted():
    picture = unrolled_figure([*"ada."], title="Unrolled")
    assert picture.table["reads"] == ["start", "a", "d", "a"]
    assert picture.table["predicts"] == ["a", "d", "a", "."]
    with pytest.raises(ValueError, match="2 to 12 symbols"):
        unrolled_figure(["a"], title="Too short")

import json
import math

import pytest
import torch

import armod
from armod.course.labs import ordering_explorer
from armod.course.labs.ordering.facts import all_orderings, pattern_counts
from armod.course.labs.ordering.lab import _table, explorer_state, uniform_numbers
from armod.course.labs.ordering.switches import BetFacts, OthersFacts, products_given_others

PATTERNS = torch.randint(2, (400, 4), generator=torch.Generator().manual_seed(3))


def test_the_table_counts_every_beginning_as_the_library_does():
    table = _table(explorer_state(PATTERNS).counts)
    assert len(table["beginnings"]) == 3**4
    for code, count in enumerate(table["beginnings"]):
        values = [code // 3 ** (3 - pixel) % 3 for pixel in range(4)]
        known = [pixel for pixel in range(4) if values[pixel] < 2]
        matching = PATTERNS[(PATTERNS[:, known] == torch.tensor([values[pixel] for pixel in known])).all(1)]
        assert count == len(matching)
        for pixel in set(range(4)) - set(known):
            model = armod.Histogram((4,), 2, ordering=[*known, *(p for p in range(4) if p not in known)])
            x = torch.tensor([[value % 2 for value in values]])
            if pixel == model.ordering[len(known)]:
                probs = model.fit(PATTERNS).conditionals(x).probs[0, pixel].tolist()
                step = 3 ** (3 - pixel)  # from 2, unknown, down to 1, black
                assert table["beginnings"][code - step] / count == pytest.approx(probs[1])


def test_the_noise_of_the_table_draws_what_the_library_draws():
    table = _table(explorer_state(PATTERNS).counts)
    noise = torch.tensor(uniform_numbers(4), dtype=torch.float64)
    assert table["noise"] == [tuple(row) for row in noise.tolist()]
    for ordering in table["orderings"][::5]:
        model = armod.Histogram((4,), 2, ordering=ordering).fit(PATTERNS)
        library = armod.sampling.samplers.sample_naive(model, noise)
        ours = [explorer_state(PATTERNS, ordering=ordering, noise=row).pattern for row in range(len(noise))]
        assert library.tolist() == [list(pattern) for pattern in ours]


def test_patterns_that_never_occur_are_never_drawn():
    xor = torch.tensor([[0, 1], [1, 0]])
    table = _table(explorer_state(xor).counts)
    drawn = {
        explorer_state(xor, ordering=order, noise=row).pattern
        for order in ([0, 1], [1, 0])
        for row in range(12)
    }
    assert drawn == {(0, 1), (1, 0)}
    assert table["beginnings"][0] == 0
    assert json.loads(json.dumps(table, allow_nan=False))


def test_given_all_others_the_products_of_the_lesson_s_digits_sum_to_1_49():
    """As lesson 4.1 computes it, and a model whose conditionals look at all others would."""
    pixels = armod.data.load("digits8").binarize().train[:, 0, 3, 2:6].long()
    facts = explorer_state(pixels)
    products = products_given_others(facts.counts)
    assert sum(products.values()) == pytest.approx(1.49, abs=0.005)
    joint = facts.counts.double() / facts.total
    expected = torch.ones_like(joint)
    for pixel in range(4):
        expected *= joint / joint.sum(pixel, keepdim=True)
    assert list(products.values()) == pytest.approx(expected.flatten().tolist())
    assert (
        OthersFacts(facts).finding
        == "Given all others, the products of all 16 patterns sum to 1.49, not to 1"
    )
    # pixels that know nothing of each other lose nothing
    apart = torch.cartesian_prod(*[torch.tensor([0, 0, 1])] * 3)
    assert sum(products_given_others(pattern_counts(apart)).values()) == pytest.approx(1)
    assert "hardly share anything" in OthersFacts(explorer_state(apart)).finding


def test_the_conditional_is_the_cheapest_bet_on_average():
    """Over all patterns, weighted by how often they occur: betting the counts' own probability costs the entropy."""
    facts = explorer_state(PATTERNS, ordering=[2, 0, 3, 1], noise=4)
    exact = [100 * facts.count({**facts.beginning(step), facts.ordering[step]: 1}) / facts.count(facts.beginning(step))
             for step in range(4)]  # fmt: skip
    assert BetFacts(facts, tuple(exact)).yours == pytest.approx(-facts.log_prob(4))
    fair = BetFacts(facts, (50,) * 4)
    assert fair.yours == pytest.approx(4 * math.log(2)) and fair.finding.startswith(
        "Your bets cost 2.77 nats, the counts "
    )
    begun = explorer_state(PATTERNS, ordering=[2, 0, 3, 1], noise=4, step=1)
    assert BetFacts(begun, (50,)).finding.startswith(
        "Bet on pixel 1; so far your bets cost 0.69 nats, the counts "
    )


@pytest.mark.parametrize("size", [2, 3, 4])
def test_it_takes_two_to_four_pixels(size):
    assert len(_table(explorer_state(PATTERNS[:, :size]).counts)["orderings"]) == len(all_orderings(size))


@pytest.mark.parametrize(
    ("patterns", "sentence"),
    [
        (PATTERNS.repeat(1, 2), r"D from 2 to 4; got shape \(400, 8\)"),
        (PATTERNS[0], r"D from 2 to 4; got shape \(4,\)"),
        (PATTERNS + 1, "zeros and ones"),
    ],
)
def test_other_patterns_are_refused_in_one_sentence(patterns, sentence):
    with pytest.raises(ValueError, match=sentence):
        ordering_explorer(patterns)

import html
import json
import math
import re

import pytest
import torch

import armod
from armod.course.labs import ordering_explorer
from armod.course.labs.ordering.facts import all_orderings, signed
from armod.course.labs.ordering.lab import NUM_NOISE, _table, explorer_state, uniform_numbers

PATTERNS = torch.randint(2, (400, 4), generator=torch.Generator().manual_seed(3))


def test_the_table_holds_every_beginning_with_the_librarys_probabilities():
    table = _table(explorer_state(PATTERNS).counts)
    assert len(table["beginnings"]) == 3**4
    for code, row in enumerate(table["beginnings"]):
        values = [code // 3 ** (3 - pixel) % 3 for pixel in range(4)]
        known = [pixel for pixel in range(4) if values[pixel] < 2]
        matching = PATTERNS[(PATTERNS[:, known] == torch.tensor([values[pixel] for pixel in known])).all(1)]
        assert row["count"] == len(matching)
        assert row["shown"] == signed(row["logProb"]) == signed(math.log(len(matching) / 400))
        for pixel in range(4):
            if pixel in known:
                assert row["next"][pixel] is None
                continue
            model = armod.Histogram((4,), 2, ordering=[*known, *(p for p in range(4) if p not in known)])
            x = torch.tensor([[value % 2 for value in values]])
            if pixel == model.ordering[len(known)]:
                probs = model.fit(PATTERNS).conditionals(x).probs[0, pixel].tolist()
                assert [float(share) for share in row["next"][pixel]] == pytest.approx(probs, abs=6e-4)


def test_the_table_holds_the_pattern_that_each_ordering_draws():
    table = _table(explorer_state(PATTERNS).counts)
    noise = torch.tensor(uniform_numbers(4), dtype=torch.float64)
    assert table["noise"] == [[f"{number:.3f}" for number in row] for row in noise.tolist()]
    for ordering, drawn in zip(table["orderings"], table["patterns"], strict=True):
        model = armod.Histogram((4,), 2, ordering=ordering).fit(PATTERNS)
        library = armod.sampling.samplers.sample_naive(model, noise)
        assert library.tolist() == [list(pattern) for pattern in drawn]


def test_patterns_that_never_occur_are_never_drawn():
    xor = torch.tensor([[0, 1], [1, 0]])
    table = _table(explorer_state(xor).counts)
    assert {pattern for row in table["patterns"] for pattern in row} == {(0, 1), (1, 0)}
    impossible = table["beginnings"][0]
    assert impossible["count"] == 0 and impossible["logProb"] is None
    assert json.loads(json.dumps(table, allow_nan=False))


def test_two_runs_give_the_same_bytes_and_few():
    widget = ordering_explorer(PATTERNS)
    assert widget.html == ordering_explorer(PATTERNS).html
    assert len(widget.html.encode()) < 120_000


def test_the_output_asks_nothing_of_the_network():
    code = re.sub(r"http://www\.w3\.org/2000/svg", "", ordering_explorer(PATTERNS).html)
    assert not re.search(r"https?:|//cdn|\bimport\b\s*[({'\"]|\bfetch\(", code)


def test_the_static_picture_describes_the_first_state():
    widget = ordering_explorer(PATTERNS, ordering=[3, 1, 0, 2], noise=2, step=3)
    facts = explorer_state(PATTERNS, ordering=[3, 1, 0, 2], noise=2, step=3)
    assert html.unescape(re.search(r'<img alt="([^"]*)"', widget.html)[1]) == facts.description
    assert str(widget).endswith(facts.description)


@pytest.mark.parametrize("size", [2, 3, 4])
def test_it_takes_two_to_four_pixels(size):
    assert len(_table(explorer_state(PATTERNS[:, :size]).counts)["orderings"]) == len(all_orderings(size))


@pytest.mark.parametrize(
    ("patterns", "arguments", "sentence"),
    [
        (PATTERNS.repeat(1, 2), {}, r"D from 2 to 4; got shape \(400, 8\)"),
        (PATTERNS[0], {}, r"D from 2 to 4; got shape \(4,\)"),
        (PATTERNS + 1, {}, "zeros and ones"),
        (PATTERNS, {"noise": NUM_NOISE}, r"noise is one of 0\.\.11; got 12"),
        (PATTERNS, {"step": 5}, r"step is one of 0\.\.4; got 5"),
        (PATTERNS, {"ordering": [0, 1]}, r"names each of 0\.\.3 once"),
    ],
)
def test_what_the_knobs_do_not_have_is_refused_in_one_sentence(patterns, arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        ordering_explorer(patterns, **arguments)

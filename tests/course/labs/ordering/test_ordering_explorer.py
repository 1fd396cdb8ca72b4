import json

import pytest
import torch

import armod
from armod.course.labs import ordering_explorer
from armod.course.labs.ordering.facts import all_orderings
from armod.course.labs.ordering.lab import _table, explorer_state, uniform_numbers

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


def test_the_table_holds_the_pattern_that_each_ordering_draws():
    table = _table(explorer_state(PATTERNS).counts)
    noise = torch.tensor(uniform_numbers(4), dtype=torch.float64)
    assert table["noise"] == [tuple(row) for row in noise.tolist()]
    for ordering, drawn in zip(table["orderings"], table["patterns"], strict=True):
        model = armod.Histogram((4,), 2, ordering=ordering).fit(PATTERNS)
        library = armod.sampling.samplers.sample_naive(model, noise)
        assert library.tolist() == [list(pattern) for pattern in drawn]


def test_patterns_that_never_occur_are_never_drawn():
    xor = torch.tensor([[0, 1], [1, 0]])
    table = _table(explorer_state(xor).counts)
    assert {pattern for row in table["patterns"] for pattern in row} == {(0, 1), (1, 0)}
    assert table["beginnings"][0] == 0
    assert json.loads(json.dumps(table, allow_nan=False))


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

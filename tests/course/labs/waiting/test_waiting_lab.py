from itertools import pairwise

import numpy as np
import pytest
import torch

import armod
from armod.course.labs import waiting_lab
from armod.course.labs.waiting.facts import WaitingFacts, Waits
from armod.likelihoods import Bernoulli

MODEL = armod.PixelCNN((1, 4, 5), 4, 1, likelihood=Bernoulli())


def test_waves_are_those_of_the_library_and_a_chain_has_a_link_for_each_pass() -> None:
    waits = Waits(armod.dependency_matrix(MODEL).numpy(), (4, 5))
    assert waits.waves.tolist() == armod.waves(MODEL).tolist()
    for variable in range(20):
        chain = waits.chain(variable)
        assert chain[-1] == variable
        assert [waits.waves[each] for each in chain] == list(range(1, waits.waves[variable] + 1))
        assert all(waits.reads[after, before] for before, after in pairwise(chain))


def test_the_ordering_need_not_be_told() -> None:
    backward = armod.WaveNet((7,), 4, dilations=[1, 2], likelihood=Bernoulli())
    reads = armod.dependency_matrix(backward).flip(0, 1)
    assert Waits(reads.numpy(), (1, 7)).waves.tolist() == [7, 6, 5, 4, 3, 2, 1]


def test_sentences_count() -> None:
    facts = WaitingFacts({"pairs": Waits(np.eye(4, k=-1, dtype=bool), (2, 2))}, "pairs", 3, 2)
    assert facts.finding == "pairs: after pass 3 of 4, 3 of 4 variables are made"
    assert facts.detail == (
        "Row 2, column 1 can be made in pass 3. It reads 1 variable, and waits for a chain of 2."
    )


@pytest.mark.parametrize(
    ("models", "sentence"),
    [
        ({}, "at least one model"),
        ({"a": (torch.zeros(401, 401), (401,))}, "up to 400 variables; a has 401"),
        ({"a": (torch.zeros(4, 4), (3, 2))}, r"3 x 2 variables has reads \(6, 6\)"),
        ({"a": (torch.ones(2, 2), (2,))}, "in a circle"),
    ],
)
def test_what_is_no_model_is_refused(models: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        waiting_lab(models)

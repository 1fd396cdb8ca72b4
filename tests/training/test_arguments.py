"""Arguments that make no sense: one sentence that names the argument, what came and what is due, and nothing has changed."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from armod import MADE, evaluate, fit, likelihoods
from armod.models.histogram import Histogram
from tests.makers import UserLevels, seeded

X = (torch.rand(30, 4, generator=seeded(1)) < 0.7).to(torch.uint8)


def new() -> MADE:
    return MADE((4,), [5], likelihood=likelihoods.Bernoulli())


NONSENSE = [
    *[
        ({"epochs": value}, "epochs is a whole number, at least 0, not ")
        for value in (-1, -7, 2.5, "3", None, True)
    ],
    *[
        ({"batch_size": value}, "batch_size is a whole number, at least 1, not ")
        for value in (0, -4, 7.0, "all", None)
    ],
    *[({"accumulate": value}, "accumulate is a whole number, at least 1, not ") for value in (0, 1.5, None)],
    *[
        ({"patience": value, "valid": X}, "patience is a whole number, at least 1")
        for value in (0, -2, 1.5, "2")
    ],
    ({"patience": 3}, "patience counts epochs .*, so valid is needed"),
    *[
        ({"learning_rate": value}, "learning_rate is a number above 0, not ")
        for value in (0, -0.1, math.nan, math.inf, "1")
    ],
    *[
        ({"learning_rate_decay": value}, "learning_rate_decay is a number above 0 and at most 1")
        for value in (0, 1.5, "1", None)
    ],
    *[({"clip_norm": value}, "clip_norm is .*, above 0, not ") for value in (0, -1, math.nan, "1")],
    *[
        ({"average": value}, "average is a decay from 0 to below 1, not ")
        for value in (1, -0.5, None, math.nan)
    ],
    *[
        ({"precision": value}, "precision is 'float32' or 'bfloat16', not ")
        for value in ("half", None, torch.float32)
    ],
    *[({"compile": value}, "compile is True, False or the name of a backend") for value in (None, 1, print)],
    *[({"seed": value}, "seed is a whole number") for value in (0.5, None, "0", torch.Generator())],
    *[
        ({"device": value}, "cannot go to the device")
        for value in ("cud", "gpu:0", "cuda:77", "meta", 3.5, "")
    ],
    ({"checkpoint": 3}, "checkpoint is the path of a file, not 3"),
    ({"checkpoint": Path(__file__).parent}, "but '.*training' is a folder"),
]


@pytest.mark.parametrize(("options", "sentence"), NONSENSE, ids=lambda value: str(value)[:40])
def test_options_of_fit(options: dict[str, Any], sentence: str) -> None:
    model, same = new(), new()
    with pytest.raises(ValueError, match=sentence) as error:
        fit(model, X, progress=False, **{"epochs": 1} | options)
    assert "\n" not in str(error.value)
    for one, two in zip(model.parameters(), same.parameters(), strict=True):
        assert torch.equal(one, two) and one.device == two.device


@pytest.mark.parametrize("batch_size", [0, -3, 2.0, None, "10", True, torch.tensor(5)])
def test_the_batch_size_of_evaluate(batch_size: Any) -> None:
    with pytest.raises(ValueError, match="batch_size is a whole number, at least 1, not ") as error:
        evaluate(new(), X, batch_size=batch_size)
    assert "\n" not in str(error.value)


def test_numbers_of_numpy_are_numbers(tmp_path: Path) -> None:
    options = {
        "learning_rate": np.float32(0.01),
        "clip_norm": np.float64(1),
        "patience": np.int8(2),
        "seed": np.int64(3),
        "learning_rate_decay": np.float64(0.5),
    }
    one, two, path = new(), new(), tmp_path / "run"
    found = fit(
        one,
        X,
        epochs=np.int64(2),
        valid=X,
        batch_size=np.uint8(10),
        checkpoint=path,
        progress=False,
        **options,
    )
    plain = {name: value.item() for name, value in options.items()}
    assert fit(two, X, epochs=2, valid=X, batch_size=10, progress=False, **plain) == found
    assert fit(new(), X, epochs=2, valid=X, batch_size=10, checkpoint=path, progress=False, **plain) == found
    assert evaluate(one, X, batch_size=np.int16(7)).num_observations == 30


def test_no_epoch_changes_nothing() -> None:
    model, same = new(), new()
    assert len(fit(model, X, epochs=0, progress=False)) == 0
    assert torch.equal(model.layers[0].weight, same.layers[0].weight)


@pytest.mark.parametrize("model", [nn.Linear(4, 4), MADE, None, "MADE", lambda x: x])
def test_a_model_that_is_none(model: Any) -> None:
    for call in (lambda: fit(model, X, epochs=1), lambda: evaluate(model, X)):
        with pytest.raises(ValueError, match="model is an AutoregressiveModel, not ") as error:
            call()
        assert "\n" not in str(error.value)


def test_models_that_cannot_learn() -> None:
    with pytest.raises(ValueError, match=r"UserLevels has no parameters, so armod\.fit cannot train it"):
        fit(UserLevels(), torch.zeros(3, 2, 2), epochs=1)
    with pytest.raises(ValueError, match=r"Histogram has no parameters, .*; call its own `fit`"):
        fit(Histogram((4,), 2), X, epochs=1)
    with pytest.raises(ValueError, match="All parameters of this MADE are frozen"):
        fit(new().requires_grad_(False), X, epochs=1)


def test_a_likelihood_that_depends_on_no_parameter() -> None:
    class Aloof(UserLevels):
        def __init__(self) -> None:
            super().__init__()
            self.unused = nn.Parameter(torch.ones(2))

    with pytest.raises(
        ValueError, match="There is nothing to learn: the model's log_prob depends on none of its"
    ):
        fit(Aloof(), torch.zeros(3, 2, 2, dtype=torch.int64), epochs=1, progress=False)

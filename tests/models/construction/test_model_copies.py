"""Copies, pickles and other processes: a model that arrives there is the same and knows how it was made."""

from __future__ import annotations

import copy
import io
import multiprocessing
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import armod
from armod import AutoregressiveModel
from tests.examples import ENSEMBLES, MODELS
from tests.harness.patience import FACTOR
from tests.makers import seeded
from tests.models.construction.test_saving import some_levels

EVERY = MODELS | ENSEMBLES


def through_torch_save(value: Any) -> Any:
    file = io.BytesIO()
    torch.save(value, file)
    file.seek(0)
    return torch.load(file, weights_only=False)


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
    "torch.save": through_torch_save,
}


@pytest.mark.parametrize("name", EVERY)
def test_copies_of_every_model_work_and_know_how_they_were_made(name: str, tmp_path: Path) -> None:
    model = EVERY[name]()
    x = some_levels(model)
    expected = model.log_prob(x)
    for how, copied in COPIES.items():
        other = copied(EVERY[name]())  # whose original is gone
        assert torch.equal(other.log_prob(x), expected)
        assert str(other.construction) == str(model.construction), how
        other.load_state_dict(model.state_dict())
        armod.save(other, tmp_path / "model")
    assert torch.equal(*(each.sample(2, generator=seeded()) for each in (model, other)))


def likelihoods_of(models: dict[str, AutoregressiveModel], queue: Any) -> None:
    queue.put({name: model.log_prob(some_levels(model)).tolist() for name, model in models.items()})


def test_models_go_to_another_process() -> None:
    names = [
        "made, narrow",
        "recurrent, bits",
        "wavenet, bits",
        "transformer, bits",
        "gated, bits",
        "pixelcnn, bits",
    ]
    models = {
        name: MODELS[name]() for name in [*names, "pixelcnn++, colours", "histogram, sparse", "user's bits"]
    }
    context = multiprocessing.get_context("spawn")
    queue = context.Queue()
    process = context.Process(target=likelihoods_of, args=(models, queue))
    process.start()
    there = queue.get(timeout=600 * FACTOR)
    process.join(600 * FACTOR)
    assert there == {name: model.log_prob(some_levels(model)).tolist() for name, model in models.items()}

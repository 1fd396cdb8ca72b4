"""`fit(augment=)`: batches are changed by chance that follows from (seed, epoch, step), and from nothing else."""

from __future__ import annotations

import multiprocessing
from pathlib import Path

import pytest
import torch
from torch import Tensor

from armod import MADE, Conditional, encoders, fit, likelihoods
from armod.training.augmenting import augmented, name_of_augment
from tests.harness.patience import FACTOR
from tests.makers import seeded

X = torch.randint(3, (24, 4), generator=seeded(1))
CONTEXT = torch.rand(24, 2, generator=seeded(2))


def new(context_size: int = 2) -> MADE:
    return MADE((4,), [6], likelihood=likelihoods.Categorical(3), context_size=context_size)


def turned(x: Tensor, context: Tensor | None, generator: torch.Generator) -> tuple[Tensor, Tensor | None]:
    """Other levels by the generator, and another context by torch's global one."""
    x = (x + torch.randint(3, (len(x), 1), generator=generator)) % 3
    return x, None if context is None else context + torch.rand(len(x), 1)


def weights(**options) -> dict[str, Tensor]:
    model = new()
    fit(model, (X, CONTEXT), batch_size=10, augment=turned, progress=False, **{"epochs": 4} | options)
    return model.state_dict()


def assert_equal(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    assert all(torch.equal(value, other[name]) for name, value in one.items())


def test_every_step_of_every_epoch_has_chances_of_its_own_and_the_seed_decides_them() -> None:
    seen: list[tuple[Tensor, Tensor]] = []

    def watched(x: Tensor, context: Tensor | None, generator: torch.Generator):
        seen.append((torch.rand(3, generator=generator), torch.rand(3)))
        return x, context

    for seed in (0, 0, 1):
        fit(new(), (X, CONTEXT), epochs=2, batch_size=10, augment=watched, seed=seed, progress=False)
    draws = [tuple(torch.cat(pair).tolist()) for pair in seen]
    assert draws[:6] == draws[6:12] and len(set(draws)) == 12


def test_the_run_is_the_same_again_and_after_an_interruption(tmp_path: Path) -> None:
    whole = weights()
    torch.rand(5)  # the state of the global generator does not matter
    assert_equal(whole, weights())
    state = torch.get_rng_state()
    weights(epochs=2, checkpoint=tmp_path / "run")
    assert torch.equal(state, torch.get_rng_state())
    assert_equal(whole, weights(checkpoint=tmp_path / "run"))
    plain = new()
    fit(plain, (X, CONTEXT), batch_size=10, epochs=4, progress=False)
    assert not torch.equal(plain.state_dict()["layers.0.weight"], whole["layers.0.weight"])
    with pytest.raises(ValueError, match="augment"):  # the checkpoint is of a run with one
        fit(new(), (X, CONTEXT), batch_size=10, epochs=4, checkpoint=tmp_path / "run", progress=False)


def _process(rank: int, folder: str) -> None:
    torch.distributed.init_process_group("gloo", f"file://{folder}/meet", rank=rank, world_size=2)
    torch.set_num_threads(1)
    torch.save(weights(epochs=2), f"{folder}/{rank}")
    torch.distributed.destroy_process_group()


def test_several_processes_augment_alike(tmp_path: Path) -> None:
    context = multiprocessing.get_context("fork")
    processes = [context.Process(target=_process, args=(rank, str(tmp_path))) for rank in range(2)]
    for process in processes:
        process.start()
    for process in processes:
        process.join(600 * FACTOR)
        assert process.exitcode == 0
    alone = weights(epochs=2)
    for rank in range(2):
        for name, value in torch.load(tmp_path / str(rank)).items():
            torch.testing.assert_close(value, alone[name], rtol=1e-4, atol=1e-5)


def test_what_is_held_out_is_never_changed_and_a_model_without_context_gets_none() -> None:
    told = []

    def all_zero(x: Tensor, context: Tensor | None, generator: torch.Generator) -> Tensor:
        told.append(context)
        return torch.zeros_like(x)

    model = new(0)
    history = fit(
        model, (X, CONTEXT), valid=X, epochs=8, batch_size=8, learning_rate=0.1, augment=all_zero, progress=False
    )  # fmt: skip
    assert history.train_bits_per_dim[-1] < 0.1 < 1 < history.valid_bits_per_dim[-1]
    assert told == [None] * len(told)


def test_a_conditional_model_gets_its_raw_input_changed() -> None:
    shapes = set()

    def watched(x: Tensor, context: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        shapes.add((tuple(x.shape[1:]), tuple(context.shape[1:])))
        return x, context.flip(2)

    model = Conditional(encoders.sequences(1, 3, hop=2, channels=4, num_layers=1), wavenet())
    fit(model, (X, torch.rand(24, 1, 2)), epochs=1, augment=watched, progress=False)
    assert shapes == {((4,), (1, 2))}


def wavenet():
    from armod import WaveNet

    return WaveNet((4,), 3, dilations=[1], likelihood=likelihoods.Categorical(3), context_size=3)


@pytest.mark.parametrize(
    ("augment", "words"),
    [
        (3, "augment is a function of levels, context and a generator, not 3"),
        (
            lambda x, context, generator: None,
            r"augment returns a pair \(levels, context\), tensors, not None",
        ),
        (lambda x, context, generator: x, "not a Tensor"),
        (lambda x, context, generator: (x, None), "not a tuple"),
        (lambda x, context, generator: (x[:-1], context), r"as many rows as it gets, 10, not \[9, 10\]"),
        (lambda x, context, generator: (x + 5, context), "Levels must be whole numbers"),
    ],
)
def test_what_is_no_augmentation_is_one_sentence(augment, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        fit(new(), (X, CONTEXT), epochs=1, batch_size=10, augment=augment, progress=False)


def test_names_tell_augmentations_apart() -> None:
    assert name_of_augment(turned) == "turned" != name_of_augment(augmented)
    assert name_of_augment(torch.nn.Identity()) == "Identity()"

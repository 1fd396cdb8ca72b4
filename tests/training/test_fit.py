"""Training: improves, repeats itself, survives being killed, and states its result so that it can be checked."""

from __future__ import annotations

import math
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from torch.utils.data import DataLoader, TensorDataset

from armod import MADE, AutoregressiveModel, Receipt, data, evaluate, fit, likelihoods
from tests.harness.patience import FACTOR
from tests.makers import UserBits, UserLevels, made, seeded

TRAIN = (torch.rand(90, 6, generator=seeded(1)) < torch.tensor([0.9, 0.1, 0.8, 0.5, 0.3, 0.95])).to(
    torch.uint8
)
VALID = (torch.rand(40, 6, generator=seeded(2)) < torch.tensor([0.9, 0.1, 0.8, 0.5, 0.3, 0.95])).to(
    torch.uint8
)


def new(num_masks: int = 1, seed: int = 0) -> MADE:
    return MADE((6,), [12], likelihood=likelihoods.Bernoulli(), num_masks=num_masks, seed=seed)


def run(model: AutoregressiveModel, observations=TRAIN, *, epochs: int = 4, **options):
    return fit(
        model, observations, epochs=epochs, batch_size=20, learning_rate=0.02, progress=False, **options
    )


def same(one: AutoregressiveModel, two: AutoregressiveModel) -> bool:
    return all(torch.equal(a, b) for a, b in zip(one.parameters(), two.parameters(), strict=True))


@pytest.mark.parametrize(
    "observations",
    [
        TRAIN,
        (TRAIN, torch.zeros(90, 2)),
        TensorDataset(TRAIN),
        TensorDataset(TRAIN, torch.zeros(90, 2)),
        list(TRAIN),
        DataLoader(TensorDataset(TRAIN), batch_size=20, shuffle=True),
        DataLoader(TRAIN, batch_size=20),
        data.Dataset("coins", TRAIN, VALID, VALID, num_levels=2),
    ],
    ids=["tensor", "pair", "dataset", "dataset of pairs", "list", "loader", "loader of a tensor", "armod's"],
)
@pytest.mark.parametrize("num_masks", [1, 3])
def test_every_kind_of_data_is_learnt(observations, num_masks: int) -> None:
    model = new(num_masks)
    before = model.bits_per_dim(VALID).mean()
    history = run(model, observations, epochs=6)
    assert len(history) == len(history.train_bits_per_dim) == 6
    assert history.train_bits_per_dim[-1] < history.train_bits_per_dim[0]
    assert model.bits_per_dim(VALID).mean() < before
    assert len(history.valid_bits_per_dim) == (6 if isinstance(observations, data.Dataset) else 0)


def test_context_reaches_the_model() -> None:
    class Conditioned(UserBits):
        """Remembers which context came with which observation."""

        def conditionals(self, x, context=None):
            assert torch.equal(context, x[:, :1].float())
            return super().conditionals(x)

    pairs = (TRAIN, TRAIN[:, :1].float())
    for observations in (pairs, TensorDataset(*pairs), DataLoader(TensorDataset(*pairs), batch_size=7)):
        run(Conditioned(6), observations, epochs=1, valid=pairs)


def test_a_seed_repeats_itself_and_leaves_the_global_generator_alone() -> None:
    models = [new(2) for _ in range(4)]
    for number, (model, seed) in enumerate(zip(models, [3, 3, 4, 3], strict=True)):
        torch.manual_seed(number)
        before = torch.get_rng_state()
        observations = TensorDataset(TRAIN) if number == 3 else TRAIN
        run(model, observations, seed=seed, valid=VALID)
        assert torch.equal(torch.get_rng_state(), before)
    assert same(models[0], models[1]) and not same(models[0], models[2])
    again = new(2)
    torch.manual_seed(77)
    run(again, TensorDataset(TRAIN), seed=3, valid=VALID)
    assert same(again, models[3])


def test_the_first_epochs_number_is_the_mean_before_each_step() -> None:
    """One batch: what is reported is the likelihood of the untrained model."""
    model = new()
    expected = model.bits_per_dim(TRAIN).mean().item()
    history = fit(model, TRAIN, epochs=1, batch_size=90, progress=False)
    assert history.train_bits_per_dim == pytest.approx([expected], rel=1e-5)


def test_one_step_is_adams_first_step() -> None:
    model, by_hand = new(), new()
    fit(model, TRAIN, epochs=1, batch_size=90, learning_rate=0.01, progress=False)
    (-by_hand.log_prob(TRAIN).mean()).backward()
    for moved, start in zip(model.parameters(), by_hand.parameters(), strict=True):
        expected = start - 0.01 * start.grad / (start.grad.abs() + 1e-8)
        torch.testing.assert_close(moved, expected, rtol=1e-4, atol=2e-5)


def test_it_stops_early_and_keeps_the_best_weights() -> None:
    model = new()
    history = fit(
        model, TRAIN[:10], epochs=400, valid=1 - VALID, patience=3, learning_rate=0.05, progress=False
    )
    assert history.stopped_early and len(history) < 400
    assert history.best_epoch == len(history) - 4
    assert min(history.valid_bits_per_dim) == history.valid_bits_per_dim[history.best_epoch]
    receipt = evaluate(model, 1 - VALID)
    assert receipt.bits_per_dim == pytest.approx(min(history.valid_bits_per_dim), rel=1e-9)


def test_without_patience_it_runs_to_the_end_and_still_keeps_the_best() -> None:
    model = new()
    history = fit(model, TRAIN[:10], epochs=30, valid=1 - VALID, learning_rate=0.05, progress=False)
    assert len(history) == 30 and not history.stopped_early
    assert evaluate(model, 1 - VALID).bits_per_dim == pytest.approx(min(history.valid_bits_per_dim), rel=1e-9)


@pytest.mark.parametrize("training", [True, False])
def test_the_mode_of_the_model_comes_back(training: bool) -> None:
    model = new().train(training)
    run(model, valid=VALID, epochs=1)
    assert model.training == training


@pytest.mark.parametrize("num_masks", [1, 3])
def test_a_run_in_two_parts_is_a_run_in_one(tmp_path: Path, num_masks: int) -> None:
    whole, part, rest = new(num_masks), new(num_masks), new(num_masks, seed=5)
    expected = run(whole, epochs=7, valid=VALID)
    run(part, epochs=3, valid=VALID, checkpoint=tmp_path / "new" / "run.pt")
    found = run(rest, epochs=7, valid=VALID, checkpoint=tmp_path / "new" / "run.pt")
    assert found == expected
    assert all(torch.equal(whole.state_dict()[name], value) for name, value in rest.state_dict().items())
    assert [file.name for file in (tmp_path / "new").iterdir()] == ["run.pt"]


def test_a_finished_run_is_not_run_again(tmp_path: Path) -> None:
    first, second = new(), new()
    history = run(first, valid=VALID, checkpoint=tmp_path / "run.pt")
    assert run(second, valid=VALID, checkpoint=tmp_path / "run.pt") == history
    assert same(first, second)


# One process imports torch, then forks one run after another and kills it: each fork is a run of its own.
DRIVER = textwrap.dedent(
    """
    import os, random, signal, sys, time, torch, torch._dynamo  # which an optimiser imports when first made
    from pathlib import Path
    from armod import MADE, fit, likelihoods

    torch.set_num_threads(1)
    whole, resumed, checkpoint = map(Path, sys.argv[1:])
    x = (torch.rand(300, 6, generator=torch.Generator().manual_seed(1)) < 0.7).to(torch.uint8)

    def start(out, checkpoint=None):
        pid = os.fork()
        if pid == 0:
            model = MADE((6,), [12], likelihood=likelihoods.Bernoulli(), num_masks=2)
            fit(model, x, epochs=80, valid=x[:50], batch_size=30, checkpoint=checkpoint, progress=False)
            torch.save(model.state_dict(), out)
            os._exit(0)
        return pid

    assert os.waitpid(start(whole), 0)[1] == 0
    moment = random.Random(0)
    kills = 0
    for _ in range(6):
        before = checkpoint.stat().st_mtime_ns if checkpoint.exists() else 0
        pid = start(resumed, checkpoint)
        while not checkpoint.exists() or checkpoint.stat().st_mtime_ns == before:
            time.sleep(0.001)
        time.sleep(moment.uniform(0, 0.02))
        os.kill(pid, signal.SIGKILL)
        kills += os.WIFSIGNALED(os.waitpid(pid, 0)[1])
    assert not resumed.exists(), "the run ended before the last kill"
    assert os.waitpid(start(resumed, checkpoint), 0)[1] == 0
    print(kills)
    """
)


def test_killed_at_any_moment_it_ends_as_if_it_had_not_been(tmp_path: Path) -> None:
    """kill -9 six times, at random moments after a checkpoint; then let it finish."""
    whole, resumed, checkpoint = (tmp_path / name for name in ("whole.pt", "resumed.pt", "run.pt"))
    command = [sys.executable, "-c", DRIVER, whole, resumed, checkpoint]
    kills = subprocess.run(command, check=True, capture_output=True, text=True, timeout=600 * FACTOR).stdout
    assert int(kills) == 6
    expected, found = torch.load(whole, weights_only=True), torch.load(resumed, weights_only=True)
    assert expected.keys() == found.keys()
    assert all(torch.equal(found[name], value) for name, value in expected.items())


def test_dying_while_the_checkpoint_is_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "run.pt"
    run(new(), epochs=2, checkpoint=path)
    whole = path.read_bytes()

    def die_half_way(state, file) -> None:
        file.write(whole[: len(whole) // 2])
        raise KeyboardInterrupt

    with monkeypatch.context() as patched, pytest.raises(KeyboardInterrupt):
        patched.setattr(torch, "save", die_half_way)
        run(new(), epochs=4, checkpoint=path)
    assert path.read_bytes() == whole
    resumed, undisturbed = new(), new()
    run(resumed, epochs=4, checkpoint=path)
    run(undisturbed, epochs=4)
    assert same(resumed, undisturbed)


@pytest.mark.parametrize("damage", ["cut", "text", "empty", "other settings", "other model", "other file"])
def test_a_checkpoint_that_does_not_fit_is_one_sentence(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "run.pt"
    run(new(), epochs=1, checkpoint=path)
    model, options = new(), {}
    match damage:
        case "cut":
            path.write_bytes(path.read_bytes()[:-300])
        case "text":
            path.write_text("not a checkpoint")
        case "empty":
            path.write_bytes(b"")
        case "other settings":
            options = {"seed": 1}
        case "other model":
            model = MADE((6,), [13], likelihood=likelihoods.Bernoulli())
        case "other file":
            torch.save({"weights": torch.zeros(3)}, path)
    before = [parameter.clone() for parameter in model.parameters()]
    with pytest.raises(
        ValueError, match=r"run\.pt does not belong to this run .*remove it to start afresh"
    ) as error:
        run(model, checkpoint=path, **options)
    assert "\n" not in str(error.value)
    assert all(torch.equal(old, now) for old, now in zip(before, model.parameters(), strict=True))


@pytest.mark.parametrize(
    ("observations", "sentence"),
    [
        (TRAIN[:0], "no observation"),
        (TRAIN[:, :5], "x has shape"),
        (TRAIN * 2, "whole numbers from 0 to 1"),
        ((TRAIN, torch.zeros(3)), "equally many"),
    ],
)
def test_data_that_do_not_fit_are_refused(observations, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as error:
        run(new(), observations)
    assert "\n" not in str(error.value)


def test_an_optimiser_of_ones_own() -> None:
    model, by_hand = new(), new()
    run(model, epochs=1, optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.0))
    assert same(model, by_hand)


def test_the_progress_bar_shows_bits_per_dim_of_both_splits(capsys: pytest.CaptureFixture) -> None:
    history = fit(new(), TRAIN, epochs=2, valid=VALID, progress=True)
    shown = capsys.readouterr().err
    assert f"train={history.train_bits_per_dim[-1]:.4f} bits/dim" in shown
    assert f"valid={history.valid_bits_per_dim[-1]:.4f} bits/dim" in shown


def test_a_receipt_against_sums_by_hand() -> None:
    model = made((1, 2, 3), (9,))
    x = TRAIN.view(90, 1, 2, 3)
    receipt = evaluate(model, x, split="train", seed=4, batch_size=7)
    nats = [-model.log_prob(row[None]).item() for row in x]
    mean = sum(nats) / 90
    variance = sum((n - mean) ** 2 for n in nats) / 89
    assert receipt.nats == pytest.approx(mean)
    assert receipt.standard_error == pytest.approx(math.sqrt(variance / 90))
    assert receipt.nats_per_dim == pytest.approx(mean / 6)
    assert receipt.bits_per_dim == pytest.approx(mean / 6 / math.log(2))
    assert (receipt.num_observations, receipt.num_variables) == (90, 6)
    assert (receipt.dataset, receipt.split, receipt.ordering, receipt.seed) == (
        "tensor",
        "train",
        "raster",
        4,
    )
    for part in (f"{mean:.2f}", "nats/dim", "bits/dim", "train split (90)", "ordering raster", "seed 4"):
        assert part in str(receipt)


def test_a_receipt_of_a_data_set_names_it_and_its_split() -> None:
    digits = data.Dataset("coins", TRAIN, VALID, TRAIN[:7], num_levels=2)
    model = new(3)
    by_name = {split: evaluate(model, digits, split=split) for split in ("train", "valid", "test")}
    assert [receipt.num_observations for receipt in by_name.values()] == [90, 40, 7]
    assert by_name["valid"].dataset == "coins" and by_name["valid"].split == "valid"
    assert by_name["valid"].nats == pytest.approx(-model.log_prob(VALID).mean().item(), rel=1e-5)
    assert evaluate(model, digits).split == "test"
    assert by_name["valid"].ordering == "3 different ones"


def test_one_observation_has_no_standard_error() -> None:
    receipt = evaluate(new(), TRAIN[:1])
    assert isinstance(receipt, Receipt) and math.isnan(receipt.standard_error)


def test_a_model_without_parameters_can_be_evaluated() -> None:
    x = torch.randint(3, (20, 2, 2), generator=seeded())
    assert evaluate(UserLevels(), x).nats == pytest.approx(-UserLevels().log_prob(x).mean().item())


def test_evaluation_turns_dropout_off_and_the_mode_back() -> None:
    class Dropping(UserBits):
        def conditionals(self, x, context=None):
            honest = super().conditionals(x).logits
            return torch.distributions.Bernoulli(
                logits=torch.nn.functional.dropout(honest, 0.5, self.training)
            )

    model = Dropping(6).train()
    assert evaluate(model, TRAIN) == evaluate(model, TRAIN)
    assert model.training
    assert evaluate(model, TRAIN).nats == pytest.approx(-model.eval().log_prob(TRAIN).mean().item(), rel=1e-6)

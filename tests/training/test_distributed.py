"""Several processes learn what one learns: same steps, same likelihood, same checkpoint, and none waits for the dead."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
import torch
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from armod import pretrained
from armod.course.commands.main import main
from armod.training import distributed
from tests.harness.patience import FACTOR

ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1", "TQDM_DISABLE": "1"}


@given(st.integers(0, 50), st.integers(1, 9))
def test_the_shares_of_all_processes_are_the_batch(num_rows: int, world_size: int) -> None:
    shares = []
    for rank in range(world_size):
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(distributed, "rank", lambda rank=rank: rank)
            patched.setattr(distributed, "world_size", lambda: world_size)
            shares.append(range(num_rows)[distributed.share(num_rows)])
    assert [row for rows in shares for row in rows] == list(range(num_rows))
    assert max(map(len, shares)) - min(map(len, shares)) <= 1


def test_more_processes_than_gpus_are_one_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"RANK": "1", "WORLD_SIZE": "2", "LOCAL_RANK": "1"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match="this machine has 1: start torchrun with --nproc_per_node=1"):
        distributed.process_group("cuda").__enter__()


# One process imports torch; its forks, two at a time, are the groups.
DRIVER = textwrap.dedent(
    """
    import os, socket, sys, time, torch, torch._dynamo  # which an optimiser imports when first made
    from pathlib import Path
    from torch import nn
    from torch.utils.data import DataLoader, TensorDataset
    from armod import AutoregressiveModel, MADE, evaluate, fit, likelihoods
    from armod.training import checkpoints, distributed

    torch.set_num_threads(1)
    folder = Path(sys.argv[1])
    x = (torch.rand(47, 6, generator=torch.Generator().manual_seed(1)) < 0.7).to(torch.uint8)
    valid = 1 - x[:9]

    class Conditioned(AutoregressiveModel):
        # with a parameter that nothing depends on, two names for one parameter, and dropout that is off
        def __init__(self):
            super().__init__()
            self.event_shape, self.ordering = torch.Size([6]), torch.arange(6)
            generator = torch.Generator().manual_seed(0)
            self.weight = nn.Parameter(torch.randn(6, 6, generator=generator, dtype=torch.float64))
            self.tied = self.weight
            self.unused = nn.Parameter(torch.ones(3, dtype=torch.float64))

        def conditionals(self, x, context=None):
            logits = x.double() @ self.tied.triu(1) + context @ self.weight[:2]
            return torch.distributions.Bernoulli(logits=logits)

    def made(num_masks=1):
        return MADE((6,), [12], likelihood=likelihoods.Bernoulli(), num_masks=num_masks).double()

    def train(name):
        options = {"epochs": 3, "valid": valid, "batch_size": 20, "progress": False, "learning_rate": 0.01}
        options["optimizer"] = lambda parameters: torch.optim.Adam(parameters, lr=0.01, eps=1e-3)
        data, model = x, made()
        if name == "one row left over":  # 47 = 2 * 23 + 1: there the first process has no row at all
            options["batch_size"] = 23
        elif name == "ensemble":
            model = made(3)
        elif name == "every option":
            options |= {"accumulate": 3, "clip_norm": 0.02, "average": 0.9, "learning_rate_decay": 0.5, "patience": 1}
        elif name == "compiled":
            options |= {"compile": "aot_eager", "accumulate": 2}
        elif name == "context, unused and tied weights":
            model, data = Conditioned(), (x, x[:, :2].double())
            options["valid"] = (valid, valid[:, :2].double())
        elif name == "loader":  # its order comes from the global generator
            data = DataLoader(TensorDataset(x), batch_size=20, shuffle=True)
        history = fit(model, data, **options)
        receipt = evaluate(model, options["valid"], batch_size=5)
        return {"weights": model.state_dict(), "train": history.train_bits_per_dim,
                "valid": history.valid_bits_per_dim, "nats": receipt.nats, "error": receipt.standard_error,
                "count": receipt.num_observations}

    def together(work):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        pids = []
        for rank in range(2):
            pids.append(os.fork())
            if pids[-1] == 0:
                code = 1
                try:
                    os.environ |= {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank),
                                   "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
                    with distributed.process_group():
                        work(rank)
                    code = 0
                finally:
                    os._exit(code)
        return [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in pids]
    """
)

SAME = DRIVER + textwrap.dedent(
    """
    for name in sys.argv[2:]:
        if os.fork() == 0:  # in a fork, because threads that a backward pass starts do not survive one
            torch.save(train(name), folder / f"{name} alone")
            os._exit(0)
        os.wait()
        codes = together(lambda rank: torch.save(train(name), folder / f"{name} {rank}"))
        assert codes == [0, 0], (name, codes)
    """
)
CASES = (
    "plain",
    "one row left over",
    "ensemble",
    "every option",
    "compiled",
    "context, unused and tied weights",
    "loader",
)


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("outcomes")
    command = [sys.executable, "-W", "error::FutureWarning", "-c", SAME, str(folder), *CASES]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600 * FACTOR)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return folder


@pytest.mark.parametrize("case", CASES)
def test_two_processes_learn_what_one_learns(outcomes: Path, case: str) -> None:
    """In float64, so that gradients weighted by process instead of by row would show at once."""
    alone, first, second = (torch.load(outcomes / f"{case} {who}") for who in ("alone", 0, 1))
    for name, value in alone["weights"].items():
        torch.testing.assert_close(first["weights"][name], value, rtol=1e-9, atol=1e-10)
        assert torch.equal(first["weights"][name], second["weights"][name])
    for number in ("train", "valid", "nats", "error", "count"):
        assert first[number] == second[number]
        assert first[number] == pytest.approx(alone[number], rel=1e-9)


WATCHED = DRIVER + textwrap.dedent(
    """
    from armod.training import Callback, CSVLogger, NotFiniteError

    class Faulty(MADE):
        def training_log_prob(self, x, context=None, *, step):
            honest = self(x)
            # the last row of the second step is the second process's
            return torch.where(context[:, 0] == 1, torch.nan, honest)

    class Stop(Callback):
        def __init__(self, rank):
            self.rank, self.steps = rank, []

        def on_step_end(self, progress):
            self.steps.append(progress.history.step_bits_per_dim[-1])
            if self.rank == 1 and progress.step == 5:
                progress.stop()

    def fail(rank, optimizer):
        model = Faulty((6,), [12], likelihood=likelihoods.Bernoulli()).double()
        model.context_size = None  # so that the context reaches training_log_prob
        context = torch.zeros(47, 1)
        context[39] = 1
        batches = [(x[i:i + 20], context[i:i + 20]) for i in (0, 20, 40)]
        seen = []

        class Note(Callback):
            def on_step_end(self, progress):
                seen.append(torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone())

        try:
            fit(model, batches, epochs=3, optimizer=optimizer, learning_rate=0.1, progress=False, callbacks=[Note()])
        except NotFiniteError as error:
            after = torch.nn.utils.parameters_to_vector(model.parameters()).detach()
            return f"{error} {len(seen)} {torch.equal(after, seen[0])}"

    def work(rank):
        for name in ("SGD", "Rprop"):
            (folder / f"{name} {rank}").write_text(str(fail(rank, getattr(torch.optim, name))))
        stop = Stop(rank)
        log = CSVLogger(folder / f"log {rank}.csv", every=1)
        history = fit(made(), x, epochs=4, batch_size=20, callbacks=[stop, log], progress=False)
        assert stop.steps == history.step_bits_per_dim
        torch.save((stop.steps, history.stopped_early, len(history)), folder / f"stop {rank}")

    assert together(work) == [0, 0]
    """
)


def test_one_bad_row_and_one_wish_to_stop_are_everybodys(tmp_path: Path) -> None:
    """Only the second process sees the NaN, and only its callback stops; Rprop would swallow gradients of NaN."""
    command = [sys.executable, "-c", WATCHED, str(tmp_path)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600 * FACTOR)
    assert done.returncode == 0, done.stderr
    for name in ("SGD 0", "SGD 1", "Rprop 0", "Rprop 1"):
        said = (tmp_path / name).read_text()
        assert said.startswith("The loss is nan in epoch 1, step 2,") and said.endswith(" 1 True")
    (steps, stopped, epochs), second = (torch.load(tmp_path / f"stop {rank}") for rank in range(2))
    assert second == (steps, stopped, epochs) and len(steps) == 5 and stopped and epochs == 2
    assert not (tmp_path / "log 1.csv").exists()
    assert (tmp_path / "log 0.csv").read_text().count("\n") == 1 + 5 + 2


FAILING = DRIVER + textwrap.dedent(
    """
    path = folder / "run"

    def work(rank):
        write = checkpoints.write

        def fail_later(path, state):
            write(path, state)
            if len(state["history"]["train_bits_per_dim"]) == 2:
                raise OSError("the disk is full")

        checkpoints.write = fail_later
        try:
            fit(made(), x, epochs=3, checkpoint=path, progress=False)
        except OSError as error:
            (folder / f"error {rank}").write_text(str(error))
        try:
            fit(made(), x, epochs=3, checkpoint=path, seed=5, progress=False)
        except ValueError as error:
            (folder / f"other {rank}").write_text(str(error))

    assert together(work) == [0, 0]

    def die(rank):
        if rank == 1:
            class Fatal(MADE):
                def log_prob(self, x, context=None):
                    raise RuntimeError("died")
            model = Fatal((6,), [12], likelihood=likelihoods.Bernoulli()).double()
        else:
            model = made()
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        fit(model, x, epochs=50, checkpoint=path, progress=False)

    assert together(die) == [1, 1]  # who waited for the dead would wait longer than whoever runs this
    """
)


def test_an_error_of_the_first_process_is_everybodys_and_a_death_lets_nobody_wait(tmp_path: Path) -> None:
    command = [sys.executable, "-c", FAILING, str(tmp_path)]
    done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, timeout=600 * FACTOR)
    assert done.returncode == 0, done.stderr
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "error 0",
        "error 1",
        "other 0",
        "other 1",
        "run",
    ]
    for rank in range(2):
        assert (tmp_path / f"error {rank}").read_text() == "the disk is full"
        assert "does not belong to this run" in (tmp_path / f"other {rank}").read_text()
    state = torch.load(tmp_path / "run", weights_only=True)
    assert len(state["history"]["train_bits_per_dim"]) == 2


RECIPE = """
[model]
family = "MADE"
event_shape = [1, 8, 8]
hidden_sizes = [16]
likelihood = { family = "Bernoulli" }
num_masks = 2

[data]
name = "digits8"
binarize = 8

[fit]
epochs = 3
batch_size = 37
"""
# What `-m armod` does, but in the first life the second process is killed in its 60th step, in the second epoch of
# 40 steps. torchrun then ends the other process and starts both anew.
MORTAL = textwrap.dedent(
    """
    import importlib, os, signal, sys
    from pathlib import Path
    from armod.course.commands.main import main
    from armod.training.step import GradientStep

    class Mortal(GradientStep):
        steps = 0

        def __call__(self, batch, step):
            Mortal.steps += 1
            if os.environ["RANK"] == "1" and Mortal.steps == 60:
                os.kill(os.getpid(), signal.SIGKILL)
            return super().__call__(batch, step)

    if os.environ["TORCHELASTIC_RESTART_COUNT"] == "0":
        importlib.import_module("armod.training.fit").GradientStep = Mortal
    elif os.environ["RANK"] == "0":
        print("left behind:", *os.listdir(Path(sys.argv[-1]).parent))
    main()
    """
)


def test_killed_under_torchrun_and_resumed_it_ends_where_one_process_ends(tmp_path: Path) -> None:
    recipe, weights, script = (
        tmp_path / "tiny.toml",
        tmp_path / "out" / "tiny.safetensors",
        tmp_path / "mortal.py",
    )
    recipe.write_text(RECIPE)
    script.write_text(MORTAL)
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node=2"]
    train = ["train", str(recipe), "--resume", "--accumulate", "3", "--out", str(weights)]
    done = subprocess.run(
        [*torchrun, "--max-restarts=3", str(script), *train],
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=600 * FACTOR,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("left behind: tiny.checkpoint\n3 epochs")
    assert done.stdout.count("nats/observation") == 1, "only the first process prints"
    assert [path.name for path in weights.parent.iterdir()] == ["tiny.safetensors"]

    alone = CliRunner().invoke(main, ["train", str(recipe), "--out", str(tmp_path / "alone.safetensors")])
    assert alone.exit_code == 0, alone.output
    expected, expected_receipt = pretrained.read_weights(tmp_path / "alone.safetensors")
    found, receipt = pretrained.read_weights(weights)
    for name, value in expected.items():
        torch.testing.assert_close(found[name], value, rtol=1e-3, atol=1e-5)
    assert receipt.nats == pytest.approx(expected_receipt.nats, abs=1e-4)
    assert receipt.standard_error == pytest.approx(expected_receipt.standard_error, abs=1e-4)
    assert receipt.num_observations == expected_receipt.num_observations == 176

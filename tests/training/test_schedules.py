"""Optimisers and learning rates of one's own: what each step uses, what comes back, and what a checkpoint restores."""

from __future__ import annotations

import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.optim import SGD, Adam
from torch.optim import lr_scheduler as torchs

from armod import MADE, fit, likelihoods
from armod.training import Cosine, History, WarmUp
from tests.makers import seeded

X = (torch.rand(26, 4, generator=seeded(1)) < 0.7).to(torch.uint8)  # batches of 8: four steps an epoch


def new() -> MADE:
    return MADE((4,), [5], likelihood=likelihoods.Bernoulli())


def weights(model: nn.Module) -> Tensor:
    return nn.utils.parameters_to_vector(model.parameters()).detach().clone()


class Recorded(SGD):
    """Remembers the learning rates of its steps."""

    def step(self, closure=None):
        self.rates = [*getattr(self, "rates", []), *(float(group["lr"]) for group in self.param_groups)]
        return super().step(closure)


def rates_of(*, rate: float = 0.5, epochs: int = 2, **options: Any) -> list[float]:
    model = new()
    sgd = Recorded(model.parameters(), lr=rate)
    fit(model, X, epochs=epochs, batch_size=8, optimizer=sgd, progress=False, **options)
    return sgd.rates


def test_an_instance_learns_as_by_hand_and_remembers_its_momentum() -> None:
    found, expected = new(), new()
    sgd, by_hand = (SGD(model.parameters(), lr=0.3, momentum=0.9) for model in (found, expected))
    for _ in range(2):  # two runs in a row
        fit(found, X, epochs=3, batch_size=26, optimizer=sgd, progress=False)
    for _ in range(6):
        by_hand.zero_grad()
        (-expected.log_prob(X).mean()).backward()
        by_hand.step()
    torch.testing.assert_close(weights(found), weights(expected), rtol=1e-5, atol=1e-6)


def test_the_learning_rate_of_each_kind_of_optimiser() -> None:
    """A class takes learning_rate, if it is given; a function or an instance says its own."""
    seen: list[float] = []

    class Seen(SGD):
        def step(self, closure=None):
            seen.append(self.param_groups[0]["lr"])
            return super().step(closure)

    class Quick(Seen):
        def __init__(self, parameters, lr=0.25):
            super().__init__(parameters, lr=lr)

    for optimizer, given, expected in [
        (Seen, 0.125, 0.125),
        (Seen, None, 1e-3),
        (Quick, None, 0.25),
        (Quick, 2.0, 2.0),
        (lambda parameters: Seen(parameters, lr=0.75), 0.125, 0.75),
        (lambda parameters: Seen(parameters, lr=0.75), None, 0.75),
    ]:
        fit(new(), X, epochs=1, batch_size=26, optimizer=optimizer, learning_rate=given, progress=False)
        assert seen.pop() == expected and not seen
    model = new()
    fit(
        model,
        X,
        epochs=1,
        batch_size=26,
        optimizer=Seen(model.parameters(), lr=3),
        learning_rate=9,
        progress=False,
    )
    assert seen == [3]


def test_the_default_is_adam_at_a_thousandth() -> None:
    one, two, three = new(), new(), new()
    fit(one, X, epochs=2, progress=False)
    fit(two, X, epochs=2, learning_rate=1e-3, progress=False)
    fit(three, X, epochs=2, optimizer=Adam(three.parameters(), fused=True), progress=False)
    assert torch.equal(weights(one), weights(two)) and torch.equal(weights(one), weights(three))


def test_an_instance_of_a_part_of_the_parameters_moves_only_that() -> None:
    model, before = new(), new()
    fit(model, X, epochs=2, optimizer=SGD(model.layers[1].parameters(), lr=0.5), progress=False)
    assert torch.equal(model.layers[0].weight, before.layers[0].weight)
    assert not torch.equal(model.layers[1].weight, before.layers[1].weight)


def frozen(parameters: Any) -> SGD:
    return SGD([next(iter(parameters)).requires_grad_(False)], lr=0.1)


@pytest.mark.parametrize(
    ("optimizer", "sentence"),
    [
        (SGD([nn.Parameter(torch.ones(2))], lr=0.1), "parameters that are not the model's"),
        (lambda parameters: SGD([*parameters, torch.ones(3, requires_grad=True)], lr=0.1), "not the model's"),
        (lambda parameters: None, "not NoneType made by a function"),
        ("adam", "optimizer is an instance or a class of torch.optim, .* not str"),
        (0.1, "not float"),
        (torch.optim.LBFGS, "LBFGS evaluates the loss several times a step"),
        (frozen, "parameters of the optimizer are frozen"),
    ],
)
def test_an_optimizer_that_does_not_fit_is_one_sentence(optimizer: Any, sentence: str) -> None:
    model = new()
    before = weights(model)
    with pytest.raises(ValueError, match=sentence) as error:
        fit(model, X, epochs=1, optimizer=optimizer, progress=False)
    assert "\n" not in str(error.value) and torch.equal(weights(model), before)


def test_a_schedule_gives_the_factor_of_every_step() -> None:
    steps: list[int] = []

    def schedule(step: int) -> float:
        steps.append(step)
        return 1 / (step + 1)

    assert rates_of(schedule=schedule) == [0.5 / (step + 1) for step in range(8)]
    assert steps == [0, *range(8)]  # and once to see what it is
    halved = rates_of(schedule=lambda step: step / 4, learning_rate_decay=0.5)
    assert halved == [0.5 * step / 4 * (0.5 if step >= 4 else 1) for step in range(8)]
    assert rates_of(schedule=lambda step: torch.tensor(0.5)) == [0.25] * 8


def test_every_group_has_the_factor_of_its_own_rate() -> None:
    model = new()
    groups = [
        {"params": model.layers[0].parameters(), "lr": 0.5},
        {"params": model.layers[1].parameters(), "lr": 8},
    ]
    sgd = Recorded(groups, lr=1)
    fit(model, X, epochs=1, batch_size=13, optimizer=sgd, schedule=WarmUp(2), progress=False)
    assert sgd.rates == [0.25, 4, 0.5, 8]
    assert [group["lr"] for group in sgd.param_groups] == [0.5, 8]


def test_cosine_is_torchs_cosine() -> None:
    sgd = SGD([torch.zeros(1)], lr=1.0)
    theirs = torchs.CosineAnnealingLR(sgd, T_max=11, eta_min=0.2)
    expected = []
    for _ in range(12):
        expected.append(sgd.param_groups[0]["lr"])
        sgd.step()
        theirs.step()
    assert [Cosine(11, final=0.2)(step) for step in range(12)] == pytest.approx(expected, rel=1e-12)
    assert [Cosine(14, warm_up=3, final=0.2)(step + 3) for step in range(12)] == pytest.approx(
        expected, rel=1e-12
    )
    assert Cosine(11, final=0.2)(500) == pytest.approx(0.2)


@pytest.mark.parametrize(
    "make",
    [
        lambda: WarmUp(0),
        lambda: Cosine(5, warm_up=5),
        lambda: Cosine(5, warm_up=-1),
        lambda: Cosine(5, final=1.5),
        lambda: Cosine(5, final=math.nan),
    ],
)
def test_ready_made_schedules_refuse_nonsense(make) -> None:
    with pytest.raises(ValueError, match=r"^(num_steps|warm_up|final) "):
        make()


FACTORIES = {
    "step": lambda optimizer: torchs.StepLR(optimizer, 3, 0.1),
    "milestones": lambda optimizer: torchs.MultiStepLR(optimizer, [2, 5], 0.5),
    "one cycle": lambda optimizer: torchs.OneCycleLR(optimizer, 2.0, total_steps=20, cycle_momentum=False),
    "restarts": lambda optimizer: torchs.CosineAnnealingWarmRestarts(optimizer, 3),
    "function": lambda optimizer: torchs.LambdaLR(optimizer, lambda step: 0.9**step),
    "warm-up, then cosine": lambda optimizer: torchs.SequentialLR(
        optimizer, [torchs.LinearLR(optimizer, 0.1, 1, 3), torchs.CosineAnnealingLR(optimizer, 9)], [3]
    ),
}


def by_hand(name: str, count: int) -> list[float]:
    sgd = SGD([torch.zeros(1)], lr=0.5)
    scheduler, rates = FACTORIES[name](sgd), []
    for _ in range(count):
        rates.append(float(sgd.param_groups[0]["lr"]))
        sgd.step()
        scheduler.step()
    return rates


@pytest.mark.parametrize("name", FACTORIES)
@pytest.mark.filterwarnings("error")
def test_a_torch_scheduler_moves_once_a_step(name: str) -> None:
    assert rates_of(schedule=FACTORIES[name]) == by_hand(name, 8)
    model = new()
    sgd = Recorded(model.parameters(), lr=0.5)
    scheduler = FACTORIES[name](sgd)
    for _ in range(2):  # the user's own goes on where it is
        fit(model, X, epochs=1, batch_size=8, optimizer=sgd, schedule=scheduler, progress=False)
    assert sgd.rates == by_hand(name, 8)
    assert scheduler.last_epoch == 8 and sgd.param_groups[0]["lr"] == by_hand(name, 9)[8]


SCHEDULES = {"cosine": Cosine(16, warm_up=5), "own": lambda step: 1 / (1 + step), **FACTORIES}


@pytest.mark.parametrize("name", SCHEDULES)
@pytest.mark.parametrize("kind", [None, "instance", "class"])
def test_a_resumed_schedule_goes_on_bit_for_bit(name: str, kind: str | None, tmp_path: Path) -> None:
    """Two epochs, then two more in another process, against four at a stretch."""

    def run(epochs: int, checkpoint: Path | None = None) -> tuple[History, Tensor]:
        model = new()
        adam = {None: None, "instance": Adam(model.parameters(), lr=0.05), "class": Adam}[kind]
        options = {"optimizer": adam, "schedule": SCHEDULES[name], "progress": False, "average": 0.7}
        if kind == "instance" and name in FACTORIES:
            options["schedule"] = FACTORIES[name](adam)
        rate = {} if kind == "instance" else {"learning_rate": 0.05}
        history = fit(model, X, epochs=epochs, batch_size=8, checkpoint=checkpoint, **options, **rate)
        return history, weights(model)

    whole, expected = run(4)
    run(2, tmp_path / "run")
    found, resumed = run(4, tmp_path / "run")
    assert found == whole and torch.equal(resumed, expected)
    assert len(found.step_bits_per_dim) == 16


def test_a_checkpoint_belongs_to_its_optimizer_and_schedule(tmp_path: Path) -> None:
    path = tmp_path / "run"
    fit(new(), X, epochs=1, optimizer=SGD, schedule=WarmUp(3), checkpoint=path, progress=False)
    for options in ({"schedule": WarmUp(4)}, {"schedule": None}, {"optimizer": Adam}, {"optimizer": None}):
        with pytest.raises(ValueError, match="does not belong to this run"):
            fit(
                new(),
                X,
                epochs=2,
                checkpoint=path,
                progress=False,
                **{"optimizer": SGD, "schedule": WarmUp(3)} | options,
            )
    assert (
        len(fit(new(), X, epochs=2, optimizer=SGD, schedule=WarmUp(3), checkpoint=path, progress=False)) == 2
    )


@pytest.mark.parametrize("how", ["ends", "error", "Ctrl-C"])
@pytest.mark.parametrize(
    "options",
    [
        {"schedule": Cosine(40)},
        {"learning_rate_decay": 0.5},
        {"schedule": FACTORIES["warm-up, then cosine"]},
        {"schedule": lambda optimizer: torchs.OneCycleLR(optimizer, 1.0, total_steps=40)},
    ],
    ids=["cosine", "decay", "torch's", "torch's with momentum"],
)
def test_the_settings_of_ones_own_optimizer_come_back(how: str, options: dict) -> None:
    model = new()
    sgd = SGD(model.parameters(), lr=0.5, momentum=0.8)
    before = [
        {name: value for name, value in group.items() if name != "params"} for group in sgd.param_groups
    ]
    error = {"ends": None, "error": RuntimeError("mine"), "Ctrl-C": KeyboardInterrupt()}[how]

    def end(progress) -> None:
        assert "lr" in progress.optimizer.param_groups[0]
        if progress.epoch == 1 and error is not None:
            raise error

    with nullcontext() if error is None else pytest.raises(type(error)):
        fit(model, X, epochs=3, batch_size=8, optimizer=sgd, callbacks=[end], progress=False, **options)
    after = [{name: value for name, value in group.items() if name != "params"} for group in sgd.param_groups]
    assert after == before and "step" not in vars(sgd)


def test_a_callback_may_move_the_rates_itself() -> None:
    model = new()
    sgd = Recorded(model.parameters(), lr=0.5)
    plateau = torchs.ReduceLROnPlateau(sgd, patience=0, threshold=10.0)
    callbacks = [lambda progress: plateau.step(progress.history.train_bits_per_dim[-1])]
    fit(model, X, epochs=4, optimizer=sgd, callbacks=callbacks, progress=False)
    assert sgd.rates == pytest.approx([0.5, 0.05, 0.005, 0.0005])


def scheduler_of_another(optimizer: Any) -> torchs.LRScheduler:
    return torchs.StepLR(SGD([torch.ones(1)], lr=1.0), 3)


@pytest.mark.parametrize(
    ("schedule", "options", "sentence"),
    [
        (0.5, {}, "schedule is a function of the step, .* not 0.5"),
        ("cosine", {}, "not 'cosine'"),
        (lambda step: None, {}, r"schedule\(0\) is None"),
        (lambda step: 1 / step, {}, r"schedule\(0\) raises ZeroDivisionError: division by zero\.$"),
        (torchs.StepLR, {}, r"schedule\(0\) raises TypeError: .*step_size"),
        (lambda step: -1.0, {}, "The factor of a schedule is a number, 0 or more, but in step 0 it is -1.0"),
        (lambda step: math.nan if step == 2 else 1.0, {}, "in step 2 it is nan"),
        (lambda step: math.inf if step == 3 else 1.0, {}, "in step 3 it is inf"),
        (torchs.ReduceLROnPlateau, {}, "ReduceLROnPlateau waits for a metric once an epoch"),
        (scheduler_of_another(None), {}, "belongs to another optimizer"),
        (scheduler_of_another(None), {"optimizer": SGD}, "belongs to another optimizer"),
        (scheduler_of_another, {}, "belongs to another optimizer"),
        (FACTORIES["step"], {"learning_rate_decay": 0.9}, "both set the learning rate"),
    ],
)
def test_a_schedule_that_does_not_fit_is_one_sentence(schedule: Any, options: dict, sentence: str) -> None:
    model = new()
    with pytest.raises(ValueError, match=sentence) as error:
        fit(model, X, epochs=1, batch_size=8, schedule=schedule, progress=False, **options)
    assert "\n" not in str(error.value)

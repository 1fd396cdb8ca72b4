"""NaN is never a result: a run stops in the step where it arises, says where, and keeps the last finite weights."""

from __future__ import annotations

import math
import pickle
from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from armod import MADE, AutoregressiveModel, evaluate, fit, likelihoods
from armod.models.histogram import Histogram
from armod.training import NotFiniteError
from armod.training.finite import LastFinite
from tests.makers import seeded

pytestmark = pytest.mark.usefixtures("torch_validates")

X = (torch.rand(50, 3, generator=seeded(1)) < 0.7).to(torch.uint8)


class Bent(AutoregressiveModel):
    """Logits that are three parameters; `bend` changes the log-probability of each call of `log_prob` in training."""

    def __init__(self, bend=lambda log_prob, call: log_prob) -> None:
        super().__init__()
        self.event_shape, self.ordering, self.bend, self.calls = torch.Size([3]), torch.arange(3), bend, 0
        self.logits = nn.Parameter(torch.zeros(3))
        self.normal = nn.BatchNorm1d(3, affine=False)

    def conditionals(self, x, context=None):
        if context is not None:
            self.normal(context)
        return torch.distributions.Bernoulli(logits=self.logits.expand(x.shape))

    def training_log_prob(self, x, context=None, *, step):
        self.calls += 1
        return self.bend(self(x, context), self.calls)


class Remembering(torch.optim.SGD):
    """Remembers the weights before each of its steps; `spoil` says what it does to them in its n-th step."""

    spoil = staticmethod(lambda weights, number: None)

    def step(self, closure=None):
        weights = self.param_groups[0]["params"]
        self.before = [
            *getattr(self, "before", []),
            torch.cat([w.detach().flatten().clone() for w in weights]),
        ]
        super().step(closure)
        with torch.no_grad():
            self.spoil(weights, len(self.before))
        self.after = torch.cat([w.detach().flatten().clone() for w in weights])


class GradientOf(torch.autograd.Function):
    """The identity, whose gradient is a given number."""

    @staticmethod
    def forward(ctx, value, gradient):
        ctx.gradient = gradient
        return value.clone()

    @staticmethod
    def backward(ctx, _):
        return torch.full_like(_, ctx.gradient), None


def bent_by(value: float, call: int):
    return lambda log_prob, now: log_prob + value if now == call else log_prob


def weights_of(model: nn.Module) -> Tensor:
    return torch.cat([parameter.detach().flatten() for parameter in model.parameters()])


# batches of 20, 20 and 10, so that call 5 is the second step of epoch 2
@pytest.mark.parametrize("value", [math.nan, -math.inf, math.inf])
@pytest.mark.parametrize(("call", "place"), [(1, (1, 1)), (3, (1, 3)), (5, (2, 2))])
def test_a_loss_that_is_not_finite_ends_the_run_with_the_weights_before(
    value: float, call: int, place
) -> None:
    model, sound = Bent(bent_by(value, call)), Bent()
    sgd, expected = Remembering(model.parameters(), lr=0.3), Remembering(sound.parameters(), lr=0.3)
    with pytest.raises(
        NotFiniteError,
        match=rf"The loss is .* in epoch {place[0]}, step {place[1]}, .*: try a smaller learning_rate, a clip_norm or float32",
    ) as error:
        fit(model, X, epochs=3, batch_size=20, optimizer=sgd, progress=False)
    assert "\n" not in str(error.value) and (error.value.epoch, error.value.step) == place
    fit(sound, X, epochs=3, batch_size=20, optimizer=expected, progress=False)
    assert torch.equal(weights_of(model), expected.before[call - 1]) and model.calls == call


@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(
    "options", [{}, {"clip_norm": 1.0}, {"accumulate": 3}, {"average": 0.9}, {"valid": X}]
)
def test_a_gradient_that_is_not_finite_never_reaches_the_weights(value: float, options: dict) -> None:
    turn = 3 * options.get("accumulate", 1)
    model = Bent(lambda log_prob, call: GradientOf.apply(log_prob, value if call == turn else -1.0))
    sgd = Remembering(model.parameters(), lr=0.1)
    with pytest.raises(
        NotFiniteError, match=r"The gradient of parameter 'logits' is not finite in epoch 2, step 1,"
    ):
        fit(model, X, epochs=3, batch_size=25, optimizer=sgd, progress=False, **options)
    assert torch.equal(weights_of(model), sgd.after) and len(sgd.before) == 2
    assert model.logits.isfinite().all() and model.logits.any()


def spoiling(model: nn.Module, which: int, where: int, value: float) -> Remembering:
    """An optimiser that writes a value into one of the weights in one of its steps."""

    def spoil(weights: list[Tensor], number: int) -> None:
        if number == which:
            weights[-1].view(-1)[where] = value

    return type("Spoiling", (Remembering,), {"spoil": staticmethod(spoil)})(model.parameters(), lr=0.1)


@pytest.mark.parametrize("value", [math.nan, -math.inf])
@pytest.mark.parametrize(
    ("which", "epochs", "place"), [(5, 2, "epoch 2, step 3"), (6, 9, "epoch 2"), (3, 1, "epoch 1")]
)
@pytest.mark.parametrize("every", [1, 2, 4, 50])
def test_an_optimisers_step_that_is_not_finite_is_taken_back(
    value: float,
    which: int,
    epochs: int,
    place: str,
    every: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """In the middle of an epoch of three steps, and at its end, where only a look at the weights finds it."""
    monkeypatch.setattr(LastFinite, "EVERY", every)
    model = Bent()
    sgd = spoiling(model, which, 1, value)
    with pytest.raises(
        NotFiniteError, match=rf"The optimiser has made weights .* at most {every} steps, in {place},"
    ):
        fit(
            model, X, epochs=epochs, batch_size=20, optimizer=sgd, checkpoint=tmp_path / "run", progress=False
        )
    assert (
        torch.equal(weights_of(model), sgd.before[(which - 1) // every * every]) and len(sgd.before) == which
    )
    assert (tmp_path / "run").exists() == (which > 3)


def test_weights_that_the_next_batch_does_not_use_are_watched_too() -> None:
    class Rows(Bent):
        def __init__(self) -> None:
            super().__init__()
            self.rows = nn.Parameter(torch.zeros(2, 3))

        def conditionals(self, x, context=None):
            return torch.distributions.Bernoulli(logits=self.rows[context[:, 0].long()])

    model = Rows()
    context = (torch.arange(40) < 20).float()[:, None]  # the first batch uses row 1, the second one row 0
    batches = [(X[:20], context[:20]), (X[20:40], context[20:])]
    with pytest.raises(NotFiniteError, match=r"weights that are not finite \('rows'\), .* in epoch 1,"):
        fit(model, batches, epochs=2, optimizer=spoiling(model, 1, 5, math.nan), progress=False)
    assert not model.rows.any()


def test_an_optimiser_that_would_swallow_a_nan_gets_none() -> None:
    """The sign of NaN is 0."""
    model = Bent(lambda log_prob, call: GradientOf.apply(log_prob, math.nan if call == 2 else -1.0))
    with pytest.raises(NotFiniteError, match="in epoch 2, step 1"):
        fit(model, X, epochs=3, optimizer=torch.optim.Rprop, progress=False)


def test_gradients_whose_sum_overflows_are_fine() -> None:
    class Steep(Bent):
        def conditionals(self, x, context=None):
            return torch.distributions.Bernoulli(logits=self.logits.expand(x.shape))

    model = Steep(lambda log_prob, call: GradientOf.apply(log_prob, 3e37))
    assert (
        len(fit(model, X[:1], epochs=1, optimizer=torch.optim.SGD, learning_rate=1e-38, progress=False)) == 1
    )


@pytest.mark.parametrize(("dtype", "rate"), [(torch.float32, 3e38), (torch.float64, 1e308)])
def test_a_rate_that_overflows_the_weights_leaves_the_old_ones(dtype: torch.dtype, rate: float) -> None:
    model = Bent().to(dtype)
    with pytest.raises(NotFiniteError):
        fit(model, X, epochs=9, learning_rate=rate, optimizer=torch.optim.SGD, progress=False)
    assert model.logits.isfinite().all()


def test_finite_weights_whose_sum_overflows_are_fine() -> None:
    model = Bent()
    model.huge = nn.Parameter(torch.full((4,), 3e38))
    history = fit(model, X, epochs=2, progress=False)
    assert len(history) == 2 and model.huge.isfinite().all()


def test_half_weights_whose_sum_overflows_are_fine() -> None:
    model = Bent().half()
    model.many = nn.Parameter(torch.full((1000,), 600.0, dtype=torch.float16))
    assert len(fit(model, X, epochs=2, optimizer=torch.optim.SGD, learning_rate=0.1, progress=False)) == 2


def test_buffers_that_saw_a_bad_batch_come_back_too() -> None:
    model = Bent(lambda log_prob, call: log_prob + (math.nan if call == 2 else 0))
    context = torch.randn(50, 3, generator=seeded())
    context[40:] = math.nan
    batches = [(X[:40], context[:40]), (X[40:], context[40:])]
    with pytest.raises(NotFiniteError, match="step 2"):
        fit(model, batches, epochs=1, progress=False)
    torch.testing.assert_close(model.normal.running_mean, 0.1 * context[:40].mean(0))


def test_weights_that_are_not_finite_cannot_learn() -> None:
    model = MADE((3,), [4], likelihood=likelihoods.Bernoulli())
    with torch.no_grad():
        model.layers[1].bias[2] = math.nan
    before = weights_of(model)
    with pytest.raises(NotFiniteError, match=r"parameter 'layers\.1\.bias' is not finite") as error:
        fit(model, X, epochs=1, progress=False)
    assert "\n" not in str(error.value) and torch.equal(weights_of(model).isnan(), before.isnan())
    with pytest.raises(NotFiniteError, match=r"likelihood of tensor is nan, as parameter 'layers\.1\.bias'"):
        evaluate(model, X)


@pytest.mark.parametrize("frozen", [True, False])
def test_evaluate_says_so_when_torch_itself_refuses_nan(frozen: bool) -> None:
    model = Bent()
    model.logits.data[1] = math.nan
    model.requires_grad_(not frozen)
    with pytest.raises(
        NotFiniteError, match="Nothing can be measured, as parameter 'logits' is not finite"
    ) as error:
        evaluate(model, X)
    assert "\n" not in str(error.value)


def test_a_frozen_weight_may_forbid_a_level() -> None:
    model = Bent()
    model.frozen = nn.Parameter(torch.tensor([-math.inf]), requires_grad=False)
    assert len(fit(model, X, epochs=1, progress=False)) == 1


def test_held_out_data_that_give_nan_end_the_run(tmp_path: Path) -> None:
    class Fails(Bent):
        def log_prob(self, x, context=None):
            return super().log_prob(x) * (math.nan if not self.training and self.calls >= 4 else 1)

    model = Fails()
    with pytest.raises(NotFiniteError, match=r"The loss on valid is nan .*in epoch 2"):
        fit(model, X, epochs=3, valid=X, batch_size=25, checkpoint=tmp_path / "run", progress=False)
    state = torch.load(tmp_path / "run", weights_only=True)
    assert len(state["history"]["train_bits_per_dim"]) == 1 and model.training


def test_the_checkpoint_stays_that_of_the_last_good_epoch(tmp_path: Path) -> None:
    model, sound = Bent(bent_by(math.nan, 5)), Bent()
    with pytest.raises(NotFiniteError):
        fit(model, X, epochs=4, batch_size=20, checkpoint=tmp_path / "run", progress=False)
    fit(sound, X, epochs=1, batch_size=20, progress=False)
    assert torch.equal(torch.load(tmp_path / "run", weights_only=True)["model"]["logits"], sound.logits)
    resumed, whole = Bent(), Bent()
    history = fit(resumed, X, epochs=4, batch_size=20, checkpoint=tmp_path / "run", progress=False)
    assert history == fit(whole, X, epochs=4, batch_size=20, progress=False)
    assert torch.equal(resumed.logits, whole.logits)


def test_a_resumed_run_that_fails_at_once_keeps_what_it_resumed(tmp_path: Path) -> None:
    sound, model = Bent(), Bent(bent_by(math.nan, 1))
    fit(sound, X, epochs=1, checkpoint=tmp_path / "run", progress=False)
    with pytest.raises(NotFiniteError, match="in epoch 2, step 1,"):
        fit(model, X, epochs=2, checkpoint=tmp_path / "run", progress=False)
    assert torch.equal(model.logits, sound.logits) and model.logits.any()


def test_what_a_callback_thaws_or_writes_is_watched_too() -> None:
    model = Bent(bent_by(math.nan, 3))
    model.late = nn.Parameter(torch.ones(2), requires_grad=False)

    class Thaw:
        def on_step_end(self, progress) -> None:
            model.late.requires_grad_(True)
            with torch.no_grad():
                model.late.fill_(progress.step)
                model.logits.fill_(0.25 * progress.step)

    with pytest.raises(NotFiniteError):
        fit(model, X, epochs=1, batch_size=10, callbacks=[Thaw()], progress=False)
    assert model.late.tolist() == [2, 2] and model.logits.tolist() == [0.5] * 3


def test_an_impossible_observation_is_a_result_of_evaluate() -> None:
    """Minus infinity is the logarithm of 0; only NaN is none."""
    counts = Histogram((2,), 2).fit(torch.tensor([[0, 1], [1, 1]]))
    receipt = evaluate(counts, torch.tensor([[0, 0], [1, 1], [0, 1]]))
    assert receipt.nats == receipt.standard_error == math.inf


def test_a_nan_of_one_observation_is_found_by_evaluate() -> None:
    class One(Bent):
        def log_prob(self, x, context=None):
            return super().log_prob(x).masked_fill(context[:, 0] > 0, math.nan)

    context = torch.zeros(50, 1)
    assert math.isfinite(evaluate(One(), (X, context), batch_size=7).nats)
    context[33] = 1
    with pytest.raises(NotFiniteError, match="The likelihood of tuple is nan") as error:
        evaluate(One(), (X, context), batch_size=7)
    assert "\n" not in str(error.value)


def test_the_error_travels_between_processes() -> None:
    error = NotFiniteError("The loss is nan").at(epoch=2, step=5)
    found = pickle.loads(pickle.dumps(error))
    assert (str(found), found.epoch, found.step) == (str(error), 2, 5)


@pytest.mark.parametrize("shape", ["(N, D)", "()", "(1,)"])
def test_a_log_prob_of_another_shape_is_refused(shape: str) -> None:
    class Odd(Bent):
        def log_prob(self, x, context=None):
            honest = super().log_prob(x)
            return {"(N, D)": honest[:, None].expand(-1, 3), "()": honest.sum(), "(1,)": honest[:1]}[shape]

    for call in (lambda: fit(Odd(), X, epochs=1, progress=False), lambda: evaluate(Odd(), X)):
        with pytest.raises(ValueError, match="one number for each of 50 observations"):
            call()

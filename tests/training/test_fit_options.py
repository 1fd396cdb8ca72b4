"""How `fit` takes its steps: micro-batches, precision, clipping, decay, averages and compilation, each against a hand."""

from __future__ import annotations

import math
from itertools import pairwise
from pathlib import Path

import pytest
import torch
from torch import Tensor

from armod import MADE, evaluate, fit, likelihoods
from tests.makers import UserBits, made, seeded

X = (torch.rand(47, 6, generator=seeded(1)) < torch.tensor([0.9, 0.1, 0.8, 0.5, 0.3, 0.95])).to(torch.uint8)


def new(num_masks: int = 1) -> MADE:
    return MADE((6,), [12], likelihood=likelihoods.Bernoulli(), num_masks=num_masks)


def weights(model: torch.nn.Module) -> Tensor:
    return torch.nn.utils.parameters_to_vector(model.parameters()).detach().clone()


class Recorded(torch.optim.SGD):
    """Remembers its learning rates, and the weights after each step."""

    def step(self, closure=None):
        super().step(closure)
        self.rates = [*getattr(self, "rates", []), self.param_groups[0]["lr"]]
        now = torch.cat([p.detach().flatten() for p in self.param_groups[0]["params"]])
        self.path = [*getattr(self, "path", []), now]


def recorded(model: MADE, *, learning_rate: float = 0.5, **options) -> Recorded:
    """The optimiser after a run of `fit` by plain gradient descent."""
    made_optimizers = []

    def optimizer(parameters):
        made_optimizers.append(Recorded(parameters, lr=learning_rate))
        return made_optimizers[0]

    fit(model, X, optimizer=optimizer, progress=False, **options)
    return made_optimizers[0]


@pytest.mark.parametrize("accumulate", [2, 3, 7, 20, 1000])
@pytest.mark.parametrize("num_masks", [1, 2])
def test_micro_batches_of_any_size_give_the_whole_batchs_steps(accumulate: int, num_masks: int) -> None:
    """Batches of 20, 20 and 7: a mean of unequal parts' means would be off by far more than rounding."""
    whole, split = made((6,), (12,), num_masks=num_masks), made((6,), (12,), num_masks=num_masks)
    expected = recorded(whole, epochs=2, batch_size=20)
    found = recorded(split, epochs=2, batch_size=20, accumulate=accumulate)
    torch.testing.assert_close(torch.stack(found.path), torch.stack(expected.path), rtol=1e-12, atol=1e-12)


def test_micro_batches_are_as_small_as_promised_and_bring_their_context() -> None:
    seen = []

    class Watching(UserBits):
        def conditionals(self, x, context=None):
            seen.append(len(x))
            assert torch.equal(context, x[:, :2].float())
            return super().conditionals(x)

    fit(Watching(6), (X, X[:, :2].float()), epochs=1, batch_size=20, accumulate=3, progress=False)
    assert [sorted(seen[i : i + 3]) for i in (0, 3, 6)] == [[6, 7, 7], [6, 7, 7], [2, 2, 3]]


def test_bfloat16_rounds_the_network_but_not_the_likelihood() -> None:
    """The logits have 8 significant bits; their log-probabilities all 24, and so have the weights."""
    seen: dict[str, list[Tensor]] = {"logits": [], "log_probs": []}

    class Watching(MADE):
        def conditionals(self, x, context=None):
            result = super().conditionals(x)
            seen["logits"].append(result.logits)
            return result

        def log_prob(self, x, context=None):
            result = super().log_prob(x)
            seen["log_probs"].append(result)
            return result

    model = Watching((6,), [12], likelihood=likelihoods.Bernoulli())
    plain = new()
    fit(model, X, epochs=1, precision="bfloat16", learning_rate=0.01, progress=False)
    logits, log_probs = seen["logits"][0], seen["log_probs"][0]
    assert logits.dtype == log_probs.dtype == torch.float32
    assert torch.equal(logits, logits.bfloat16().float()) and not torch.equal(
        log_probs, log_probs.bfloat16().float()
    )
    assert all(parameter.dtype == torch.float32 for parameter in model.parameters())
    fit(plain, X, epochs=1, learning_rate=0.01, progress=False)
    assert not torch.equal(weights(model), weights(plain))
    torch.testing.assert_close(weights(model), weights(plain), rtol=0.1, atol=0.02)


def test_validation_stays_in_float32() -> None:
    model = new()
    history = fit(model, X, epochs=2, valid=X, precision="bfloat16", progress=False)
    assert evaluate(model, X).bits_per_dim == pytest.approx(min(history.valid_bits_per_dim), rel=1e-12)


@pytest.mark.parametrize("accumulate", [1, 4])
def test_long_gradients_are_shortened_and_short_ones_left_alone(accumulate: int) -> None:
    model, free = made((6,), (12,)), made((6,), (12,))
    start = weights(model)
    step = recorded(free, learning_rate=1, epochs=1).path[0] - start
    length = step.norm().item()
    for limit in (length / 3, length * 3):
        model = made((6,), (12,))
        recorded(model, learning_rate=1, epochs=1, clip_norm=limit, accumulate=accumulate)
        expected = step * min(1.0, limit / length)
        torch.testing.assert_close(weights(model) - start, expected, rtol=1e-5, atol=1e-9)


def test_the_learning_rate_decays_once_an_epoch_in_a_resumed_run_too(tmp_path: Path) -> None:
    options = {"batch_size": 24, "learning_rate": 0.4, "learning_rate_decay": 0.5}
    whole = recorded(new(), epochs=3, **options)
    assert whole.rates == [0.4, 0.4, 0.2, 0.2, 0.1, 0.1]
    recorded(new(), epochs=2, checkpoint=tmp_path / "run", **options)
    rest = recorded(new(), epochs=3, checkpoint=tmp_path / "run", **options)
    assert rest.rates == [0.1, 0.1] and torch.equal(rest.path[-1], whole.path[-1])


@pytest.mark.parametrize("decay", [0.3, 0.9995])
def test_the_average_of_the_weights_by_hand(decay: float) -> None:
    model = new()
    path = recorded(model, epochs=2, batch_size=10, average=decay).path
    expected = path[0]
    for n, present in enumerate(path[1:], start=1):
        keep = min(decay, (1 + n) / (10 + n))
        expected = keep * expected + (1 - keep) * present
    torch.testing.assert_close(weights(model), expected)
    assert not torch.allclose(weights(model), path[-1])


def test_averages_are_what_validation_sees_and_survive_a_stop(tmp_path: Path) -> None:
    options = {"valid": X, "average": 0.9, "batch_size": 10, "progress": False, "learning_rate": 0.05}
    whole, resumed = new(), new()
    history = fit(whole, X, epochs=4, **options)
    assert evaluate(whole, X).bits_per_dim == pytest.approx(min(history.valid_bits_per_dim), rel=1e-12)
    fit(new(), X, epochs=2, checkpoint=tmp_path / "run", **options)
    assert fit(resumed, X, epochs=4, checkpoint=tmp_path / "run", **options) == history
    assert torch.equal(weights(resumed), weights(whole))


@pytest.mark.parametrize("num_masks", [1, 2])
def test_a_compiled_run_learns_the_same_and_leaves_the_model_as_it_was(
    num_masks: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    compile, compilations = torch.compile, []

    def watched(forward, *, backend):
        def compiler(graph, inputs):
            compilations.append(backend)
            return torch._dynamo.lookup_backend(backend)(graph, inputs)

        return compile(forward, backend=compiler)

    monkeypatch.setattr(torch, "compile", watched)
    plain, compiled = new(num_masks), new(num_masks)
    options = {"epochs": 2, "batch_size": 20, "valid": X, "accumulate": 2, "progress": False}
    expected = fit(plain, X, **options)
    found = fit(compiled, X, compile="aot_eager", **options)
    assert found.train_bits_per_dim == pytest.approx(expected.train_bits_per_dim, rel=1e-5)
    torch.testing.assert_close(weights(compiled), weights(plain), rtol=1e-4, atol=1e-5)
    assert "forward" not in vars(compiled)
    # the members of an ensemble are not called through the ensemble's forward
    assert set(compilations) == ({"aot_eager"} if num_masks == 1 else set())


def test_a_compiled_run_refuses_what_a_plain_one_refuses() -> None:
    model = new()
    with pytest.raises(ValueError, match="whole numbers from 0 to 1"):
        fit(model, X * 2, epochs=1, compile="aot_eager", progress=False)
    assert "forward" not in vars(model)


def test_a_backend_that_does_not_exist_is_one_sentence() -> None:
    with pytest.raises(ValueError, match=r"cannot be compiled here by 'fast' .*aot_eager") as error:
        fit(new(), X, epochs=1, compile="fast", progress=False)
    assert "\n" not in str(error.value)


def test_a_machine_without_a_compiler_says_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch._inductor.config as config

    monkeypatch.setattr(config.cpp, "cxx", (None, str(tmp_path / "g++")))
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path))
    model = new()
    with pytest.raises(ValueError, match=r"torch\.compile needs a C\+\+ compiler such as g\+\+") as error:
        fit(model, X, epochs=1, compile=True, progress=False)
    assert "\n" not in str(error.value) and "forward" not in vars(model)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"accumulate": 0}, "at least 1, not 0"),
        ({"precision": "float16"}, "'float32' or 'bfloat16', not 'float16'"),
        ({"clip_norm": 0.0}, "above 0"),
        ({"clip_norm": math.nan}, "above 0"),
        ({"learning_rate_decay": 0.0}, "learning_rate_decay"),
        ({"learning_rate_decay": 1.1}, "learning_rate_decay"),
        ({"average": 1.0}, "below 1"),
        ({"average": -0.1}, "below 1"),
        ({"device": "abacus"}, "device 'abacus'"),
    ],
)
def test_options_that_make_no_sense_are_one_sentence(options: dict, sentence: str) -> None:
    model = new()
    before = weights(model)
    with pytest.raises(ValueError, match=sentence) as error:
        fit(model, X, epochs=1, progress=False, **options)
    assert "\n" not in str(error.value) and torch.equal(weights(model), before)


@pytest.mark.parametrize(
    "options", [{"clip_norm": 1.0}, {"learning_rate_decay": 0.5}, {"average": 0.9}, {"precision": "bfloat16"}]
)
def test_a_checkpoint_belongs_to_its_options(tmp_path: Path, options: dict) -> None:
    fit(new(), X, epochs=1, checkpoint=tmp_path / "run", progress=False)
    with pytest.raises(ValueError, match="does not belong to this run"):
        fit(new(), X, epochs=2, checkpoint=tmp_path / "run", progress=False, **options)


def test_the_bar_counts_observations(capsys: pytest.CaptureFixture) -> None:
    fit(new(), X, epochs=2, progress=True)
    shown = capsys.readouterr().err
    assert "epoch 2/2" in shown and "94.0/94.0" in shown and "observations/s" in shown


def test_recorded_paths_are_paths() -> None:
    """The recorder itself: every step moves the weights."""
    path = recorded(new(), epochs=2, batch_size=20).path
    assert len(path) == 6 and all(not torch.equal(a, b) for a, b in pairwise(path))

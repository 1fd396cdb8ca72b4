"""What `fit` and `evaluate` change for their time comes back, whatever ends them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from armod import AutoregressiveModel, evaluate, fit
from tests.makers import seeded

X = (torch.rand(30, 4, generator=seeded(1)) < 0.7).to(torch.uint8)


class Parts(AutoregressiveModel):
    """Two dropouts, one inside an encoder; it ends, in the n-th call, as it is told."""

    def __init__(self, error: BaseException | None = None, call: int = 0) -> None:
        super().__init__()
        self.event_shape, self.ordering, self.error, self.left = torch.Size([4]), torch.arange(4), error, call
        self.logits = nn.Parameter(torch.zeros(4))
        self.encoder = nn.Sequential(nn.Linear(4, 4), nn.Dropout(0.5))
        self.dropout = nn.Dropout(0.5)
        self.seen: list[tuple[bool, ...]] = []

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> torch.distributions.Distribution:
        self.seen.append(modes(self))
        self.left -= 1
        if self.left == 0 and self.error is not None:
            raise self.error
        return torch.distributions.Bernoulli(logits=self.dropout(self.logits.expand(x.shape)))


def modes(model: nn.Module) -> tuple[bool, ...]:
    return tuple(module.training for module in model.modules())


ENDS = [(None, 0), (RuntimeError("mine"), 1), (KeyboardInterrupt(), 2), (RuntimeError("mine"), 4)]


@pytest.mark.parametrize(("error", "call"), ENDS)
@pytest.mark.parametrize("asleep", [(), ("encoder",), ("encoder.1", "dropout"), ("",)])
def test_every_module_has_its_own_mode_again(
    error: BaseException | None, call: int, asleep: tuple[str, ...]
) -> None:
    for start in (
        lambda model: fit(model, X, epochs=2, valid=X, batch_size=10, progress=False),
        lambda model: evaluate(model, X, batch_size=7),
    ):
        model = Parts(error, call)
        for name in asleep:
            model.get_submodule(name).eval()
        before, torch_state = modes(model), torch.get_rng_state()
        ended(start, model, error)
        assert modes(model) == before and torch.equal(torch.get_rng_state(), torch_state)
        assert torch.is_grad_enabled() and "forward" not in vars(model)


def ended(start: Any, model: Parts, error: BaseException | None) -> None:
    if error is None:
        start(model)
        return
    with pytest.raises(type(error)):
        start(model)


def test_what_sleeps_in_a_training_model_sleeps_on_and_judging_wakes_nothing() -> None:
    model = Parts()
    model.encoder.eval()
    own = modes(model)
    fit(model, X, epochs=2, valid=X, progress=False)
    assert model.seen == [own, (False,) * 5] * 2
    model = Parts().eval()
    fit(model, X, epochs=1, valid=X, progress=False)
    assert model.seen == [(True,) * 5, (False,) * 5]


@pytest.mark.parametrize(("error", "call"), ENDS[:3])
def test_a_forward_of_ones_own_survives_a_compiled_run(error: BaseException | None, call: int) -> None:
    model = Parts(error, call)
    calls = []

    def forward(x: Tensor, context: Tensor | None = None) -> Tensor:
        calls.append(len(x))
        return AutoregressiveModel.forward(model, x, context)

    model.forward = forward
    ended(lambda one: fit(one, X, epochs=2, compile="eager", progress=False), model, error)
    assert model.forward is forward


def test_it_learns_inside_no_grad_too() -> None:
    """As when `fit` is called from an evaluation script; the mode of gradients is the caller's again."""
    model = Parts()
    with torch.no_grad():
        fit(model, X, epochs=1, progress=False)
        assert not torch.is_grad_enabled()
    assert model.logits.any()


def test_a_train_method_of_ones_own_is_called() -> None:
    class Merging(nn.Module):
        """As some adapters do: what it is follows from the last call of `train`."""

        def train(self, mode: bool = True):
            self.is_merged = not mode
            return super().train(mode)

    model = Parts()
    model.adapter = Merging().train()
    evaluate(model, X)
    assert not model.adapter.is_merged
    fit(model.eval(), X, epochs=1, progress=False)
    assert model.adapter.is_merged

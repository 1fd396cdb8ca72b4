"""Models that a user writes and that lack something, or say something else than armod understands."""

from __future__ import annotations

import types
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, distributions

import armod
from armod import AutoregressiveModel, orderings
from armod.likelihoods import Bernoulli
from tests.bad_calls.sentences import named, refused


class Own(AutoregressiveModel):
    """A user's model whose conditionals are whatever the test says."""

    event_shape, ordering = torch.Size([3]), torch.arange(3)

    def __init__(self, result: Any) -> None:
        super().__init__()
        self.result = result

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Any:
        return self.result


@pytest.mark.parametrize(
    "result",
    [torch.zeros(2, 3), None, [distributions.Bernoulli(0.5)], distributions.Bernoulli, np.zeros((2, 3))],
    ids=named,
)
def test_own_conditionals_return_distributions(result: Any) -> None:
    model = Own(result)
    for call in (
        lambda: model.log_prob(torch.zeros(2, 3)),
        lambda: model.log_prob_per_variable(torch.zeros(2, 3)),
        lambda: model.sample(2),
        lambda: model.sample(2, method="naive"),
        lambda: model.incremental(2).conditional(),
        lambda: armod.dependency_matrix(model),
        lambda: armod.check_autoregressive(model),
        lambda: armod.total_probability(model),
        lambda: armod.evaluate(model, torch.zeros(2, 3)),
    ):
        refused(
            call, "conditionals returns one distribution for each variable, .* that of Own is (a|an|None|the)"
        )


def own(*without: str, **attributes: Any) -> AutoregressiveModel:
    """An instance of a class that a user wrote, without some attributes."""
    body = {"event_shape": (3,), "ordering": torch.arange(3)} | attributes
    for name in without:
        del body[name]
    return types.new_class("Mine", (AutoregressiveModel,), {}, lambda scope: scope.update(body))()


@pytest.mark.parametrize("name", ["event_shape", "ordering"])
def test_own_models_that_forgot_something(name: str) -> None:
    refused(lambda: own(name), f"Mine lacks `{name}`")
    refused(lambda: own(**{name: None}), f"Mine lacks `{name}`")


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        *[
            ("event_shape", value, "event_shape is .* not")
            for value in (4, 4.0, "ab", (), (4.0,), (True, 4), (0,), [[4]])
        ],
        *[
            ("ordering", value, "ordering")
            for value in (
                [0, 1],
                np.zeros(3),
                orderings.raster,
                torch.arange(4),
                torch.zeros(3),
                "raster",
            )
        ],
        ("likelihood", "bernoulli", "likelihood is an object"),
        ("likelihood", Bernoulli, "likelihood is an object"),
        *[("context_size", value, "context_size") for value in ("3", 2.5, -1, True)],
    ],
)
def test_own_models_that_say_something_else(name: str, value: Any, words: str) -> None:
    refused(lambda: own(**{name: value}), words)


def test_own_models_that_are_right() -> None:
    for shape in ((3,), [3], torch.Size([3])):
        assert own(event_shape=shape).check_levels(torch.zeros(2, 3)).shape == (2, 3)
        assert own(event_shape=shape).event_shape == torch.Size([3])
    for ordering in ([2, 0, 1], np.array([2, 0, 1]), torch.tensor([2.0, 0.0, 1.0])):
        assert torch.equal(own(ordering=ordering).ordering, torch.tensor([2, 0, 1]))
    model = own(ordering=property(lambda self: torch.arange(3)))
    assert model.ordering.tolist() == [0, 1, 2]
    with pytest.raises(NotImplementedError, match="Mine must say how to compute its conditionals"):
        model.log_prob(torch.zeros(2, 3))


def test_own_models_that_stand_in_no_module() -> None:
    """As a page of documentation defines them, or a worker that got its code as a text."""
    scope: dict[str, Any] = {"base": AutoregressiveModel, "torch": torch}
    exec(
        "class Mine(base):\n"
        "    def __init__(self, size):\n"
        "        super().__init__()\n"
        "        self.event_shape, self.ordering = (size,), torch.arange(size)",
        scope | {"__name__": None},
        scope,
    )
    assert scope["Mine"](3).event_shape == torch.Size([3])


class WithoutSuper(AutoregressiveModel):
    event_shape, ordering = torch.Size([3]), torch.arange(3)

    def __init__(self) -> None:
        self.number = 3


def test_own_models_that_forgot_to_call_super() -> None:
    refused(WithoutSuper, r"WithoutSuper.__init__ must call super\(\).__init__\(\)")

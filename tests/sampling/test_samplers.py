"""Samplers by name and as objects: registered once, listed by the message, one sample for one noise."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

import armod
from armod import likelihoods
from armod.sampling import samplers
from armod.sampling.adjust import Adjustment
from armod.sampling.drawing import draw_all
from armod.sampling.walk import Incremental, Walk
from tests.makers import made, seeded

MODEL = made((5,), (9, 7), likelihood=likelihoods.Categorical(3))
KNOWN = torch.tensor([0, 2, 1, 1, 0])
MASK = torch.tensor([True, False, False, True, False])


@pytest.mark.parametrize("options", [{}, {"temperature": 0.5}], ids=["plain", "tempered"])
@pytest.mark.parametrize("completion", [{}, {"known": KNOWN, "mask": MASK}], ids=["new", "completed"])
@pytest.mark.parametrize("name", samplers.SAMPLERS)
def test_every_registered_sampler_draws_what_the_naive_one_draws(
    name: str, completion: dict[str, Tensor], options: dict[str, Any]
) -> None:
    found, expected = (
        MODEL.sample(50, generator=seeded(1), method=method, **completion, **options)
        for method in (name, "naive")
    )
    assert torch.equal(found, expected)


def test_a_new_sampler_joins_by_one_decorator(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(samplers, "SAMPLERS", dict(samplers.SAMPLERS))

    @samplers.register("last levels")
    def last_levels(
        model: armod.AutoregressiveModel, uniform: Tensor, *rest: object, **options: Any
    ) -> Tensor:
        return torch.full((len(uniform), *model.event_shape), 2)

    assert MODEL.sample(2, method="last levels").eq(2).all()
    assert MODEL.sample(2, method=last_levels).eq(2).all()
    listed = 'method is "cached", "naive", "fixed-point", "last levels" or a sampler object, not'
    with pytest.raises(ValueError, match=listed):
        MODEL.sample(1, method="x")


def test_one_walk_serves_stepping_and_whole_samples() -> None:
    """Drawn step by step through `conditional` and `append`, the same noise gives the same levels."""
    noise = torch.rand(20, 5, dtype=torch.float64, generator=seeded(2))
    at_once = draw_all(MODEL.incremental(20), noise, None, None, Adjustment())

    class Stepping(Incremental):
        """Nothing but the two questions, as a view of one's own would have them."""

        def __init__(self, walk: Walk) -> None:
            self.conditional, self.append = walk.conditional, walk.append  # type: ignore[method-assign]

    assert torch.equal(draw_all(Stepping(MODEL.incremental(20)), noise, None, None, Adjustment()), at_once)


def test_an_option_that_no_sampler_knows_and_a_wrong_temperature_are_refused() -> None:
    with pytest.raises(ValueError, match="heat is no option of sample; the options are temperature, "):
        MODEL.sample(1, heat=2)
    for temperature in (0, -1.0):
        with pytest.raises(ValueError, match="temperature must be above 0"):
            MODEL.sample(1, temperature=temperature)


def test_a_sampler_of_another_package_is_found_and_listed(install) -> None:
    source = "import torch\ndef zeros(model, uniform, *rest, **options): return torch.zeros(len(uniform), 5).long()"
    install("guest", source, {"armod.samplers": {"zeros": "guest:zeros"}})
    assert MODEL.sample(2, method="zeros").eq(0).all()
    with pytest.raises(ValueError, match='"fixed-point", "zeros" or a sampler object'):
        MODEL.sample(1, method="x")

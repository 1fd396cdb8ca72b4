"""A walk that looks ahead is asked directly; its samples are those of full passes, also where rows go on at different paces."""

from __future__ import annotations

import pytest
import torch

from armod.sampling import Speculative
from armod.sampling.samplers import Recomputing
from tests.examples import MODELS
from tests.makers import context_for, seeded


@pytest.mark.parametrize("num", [1, 5])
@pytest.mark.parametrize("name", ["transformer, three levels, reversed", "gated, bits", "pixelcnn, bits"])
def test_proposals_that_are_refused_leave_nothing_behind(
    name: str, num: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, draft = MODELS[name]().double(), MODELS[name]().double()
    with torch.no_grad():
        for parameter in draft.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=seeded(3), dtype=parameter.dtype))
        for parameter in model.parameters():
            parameter.mul_(3)  # a wrong level before must show
    context = context_for(model, num)
    assert model.incremental(num, context).looks_ahead
    sampler = Speculative(draft, window=3)
    found, refused = [], []
    for seed in range(20):
        found.append(model.sample(num, context, generator=seeded(seed), method=sampler))
        refused.append(sampler.report.num_judged - sampler.report.num_kept)
    assert sum(refused) > 0
    monkeypatch.setattr(type(model), "incremental", lambda self, n, c=None: Recomputing(self, n, c))
    for seed, one in enumerate(found):
        assert torch.equal(one, model.sample(num, context, generator=seeded(seed), method=sampler))

"""Rows of a sequence that share a context: voices that are given one melody."""

from __future__ import annotations

import pytest
import torch

from armod import Conditional, RecurrentModel, Transformer, encoders, orderings
from armod.likelihoods import Categorical
from tests.makers import lively, seeded

SHAPE, C = (3, 5), 2
ORDERS = {
    "column": orderings.column(SHAPE),
    "raster": None,
    "some": torch.randperm(15, generator=torch.Generator().manual_seed(1)),
}
MODELS = {
    "recurrent": lambda order: RecurrentModel(
        SHAPE, 6, cell="gru", likelihood=Categorical(4), ordering=order, context_size=C
    ),
    "transformer": lambda order: Transformer(
        SHAPE, 8, num_layers=1, num_heads=2, likelihood=Categorical(4), ordering=order, context_size=C
    ),
}


@pytest.mark.parametrize("order", ORDERS.values(), ids=ORDERS.keys())
@pytest.mark.parametrize("build", MODELS.values(), ids=MODELS.keys())
def test_a_context_of_steps_is_that_of_every_row(build, order) -> None:
    model = lively(build(order)).double()
    shared = torch.randn(7, C, 5, generator=seeded(2)).double()
    repeated = shared[:, :, None].expand(-1, -1, 3, -1)
    x = torch.randint(4, (7, *SHAPE), generator=seeded(3))
    assert torch.equal(model.log_prob(x, shared), model.log_prob(x, repeated))
    assert not torch.allclose(model.log_prob(x, shared), model.log_prob(x, repeated.flip(-1)))
    samples = [
        model.sample(7, context, generator=seeded(4), method=method)
        for context in (shared, repeated)
        for method in ("cached", "naive")
    ]
    assert all(torch.equal(each, samples[0]) for each in samples)
    one = model.sample(2, shared[:1], generator=seeded(5))
    assert torch.equal(one, model.sample(2, repeated[:1], generator=seeded(5)))


def test_an_encoder_of_sequences_speaks_to_all_rows() -> None:
    model = Conditional(
        encoders.sequences(6, C, channels=4, num_layers=1), MODELS["recurrent"](ORDERS["column"])
    ).double()
    melody = torch.randint(6, (3, 5), generator=seeded(6))
    x = model.sample(context=melody, generator=seeded(7))
    assert torch.equal(x, model.sample(context=melody, generator=seeded(7), method="naive"))
    assert model.log_prob(x, melody).shape == (3,)


@pytest.mark.parametrize("shape", [(7, C, 4), (7, C + 1, 5), (7, C, 3), (6, C, 5), (7, C, 5, 3)])
def test_another_shape_is_one_sentence(shape: tuple[int, ...]) -> None:
    model = MODELS["recurrent"](None)
    with pytest.raises(ValueError, match="This model needs a context of shape") as error:
        model.log_prob(torch.zeros(7, *SHAPE), torch.zeros(shape))
    assert "\n" not in str(error.value)

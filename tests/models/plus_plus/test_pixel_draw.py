"""The draw of a whole pixel is that of its channels, one by one."""

from __future__ import annotations

import numpy
import pytest
import torch
from torch import Tensor

from armod import PixelCNNPlusPlus
from armod.likelihoods import Likelihood, LogisticMixture
from armod.models.plus_plus.pixel_draw import PixelDraw
from armod.models.plus_plus.pixel_mixture import PixelMixture
from armod.sampling.adjust import Adjustment
from tests.makers import seeded

NUM = 200


def one_by_one(
    mixture: PixelMixture, drawing: Likelihood, outputs: Tensor, noise: Tensor, known: Tensor, mask: Tensor
) -> tuple[Tensor, Tensor]:
    pixel, levels, numbers = mixture.pixel(outputs), [], []
    for channel in range(mixture.num_channels):
        drawn = drawing.draw(pixel.conditional(), noise[channel])
        levels.append(torch.where(mask[channel], known[channel], drawn))
        numbers.append(pixel.append(levels[-1]))
    return torch.stack(levels), torch.cat(numbers, dim=1)


@pytest.mark.parametrize("num_levels", [1, 2, 7, 256])
@pytest.mark.parametrize("num_channels", [1, 2, 3])
@pytest.mark.parametrize("is_dependent", [True, False])
@pytest.mark.parametrize("temperature", [1.0, 0.5, 1e20])
def test_a_pixel_at_once_is_its_channels_one_by_one(
    num_levels: int, num_channels: int, is_dependent: bool, temperature: float
) -> None:
    """A draw that forgot the posterior of the indicator, a slope, an outer bin or the temperature would differ."""
    likelihood = LogisticMixture(num_levels, 3)
    mixture = PixelMixture(likelihood, num_channels, is_dependent)
    outputs = torch.randn(NUM, mixture.num_parameters, dtype=torch.float64, generator=seeded(1)) * 1.5
    uniform = torch.rand(num_channels, NUM, dtype=torch.float64, generator=seeded(2))
    uniform[:, :3] = torch.tensor([0, 1 - 2**-53, 1e-300])
    outputs[3], outputs[4] = 1e12, -1e12  # far outside of what is clamped
    known = torch.randint(num_levels, (num_channels, NUM), generator=seeded(3))
    mask = torch.rand(num_channels, NUM, generator=seeded(4)) < 0.3
    noise = likelihood.noise(uniform, torch.float64)
    drawing = Adjustment(temperature=temperature).likelihood(likelihood)
    levels, numbers = one_by_one(mixture, drawing, outputs, noise, known, mask)
    cell = numpy.zeros((NUM, num_channels))
    draw = PixelDraw(mixture, outputs, temperature)
    with numpy.errstate(over="ignore", divide="ignore"):
        found = draw(noise.numpy(), cell, known.numpy(), mask.numpy())
    assert found.tolist() == levels.tolist()
    assert cell.tolist() == numbers.tolist()


@pytest.mark.parametrize("options", [{}, {"temperature": 0.7}])
def test_a_sample_is_that_of_the_loop_which_is_watched(
    options: dict[str, float], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = PixelCNNPlusPlus((3, 5, 4), 4, num_resnets=1).double()
    taken: list[int] = []
    original = PixelDraw.__call__

    def noted(self: PixelDraw, *rest: object) -> object:
        taken.append(1)
        return original(self, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(PixelDraw, "__call__", noted)
    known = torch.randint(256, (2, 3, 5, 4), generator=seeded(5))
    mask = torch.rand(known.shape, generator=seeded(6)) < 0.3
    for kept in ({}, {"known": known, "mask": mask}):
        ours, watched = (
            model.sample(2, generator=seeded(3), **kept, **options, **more)
            for more in ({}, {"callback": lambda *_: None})
        )
        assert torch.equal(ours, watched)
    assert len(taken) == 2 * 5 * 4


def test_half_precision_takes_the_loop_channel_by_channel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PixelDraw, "__call__", lambda *_: pytest.fail("not in half precision"))
    PixelCNNPlusPlus((1, 3, 3), 2, num_resnets=1).to(torch.bfloat16).sample(1)


def test_what_is_no_number_is_an_error() -> None:
    model = PixelCNNPlusPlus((3, 3, 3), 2, num_resnets=1)
    with torch.no_grad():
        for parameter in model.layers.parameters():
            parameter.mul_(1e30)
    with pytest.raises(ValueError, match="not a number while it sampled"):
        model.sample(2, generator=seeded())

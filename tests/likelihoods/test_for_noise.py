"""Noise that is known in advance may be drawn from in fewer operations; the levels stay the same."""

import pytest
import torch

from armod.likelihoods import Categorical


def _logits(num_levels: int, dtype: torch.dtype) -> torch.Tensor:
    """Rows whose sums of probabilities round in many ways; in half of them the upper half of the levels is impossible."""
    logits = torch.randn(
        500, num_levels, dtype=torch.float64, generator=torch.Generator().manual_seed(num_levels)
    )
    logits[::2, num_levels // 2 + 1 :] = -torch.inf
    return (3 * logits).to(dtype)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("num_levels", [1, 2, 7, 256, 1000])
def test_the_quick_way_draws_the_same_levels_up_to_its_bound(num_levels: int, dtype: torch.dtype) -> None:
    likelihood, logits = Categorical(num_levels), _logits(num_levels, dtype)
    working = torch.float64 if dtype == torch.float64 else torch.float32
    bound = 1 - (num_levels + 8) * torch.finfo(working).eps
    generator = torch.Generator().manual_seed(1)
    drawn = torch.rand(500, dtype=torch.float64, generator=generator)
    for uniform in (drawn, torch.full((500,), bound, dtype=torch.float64)):
        # `noise` is the next number above
        noise = likelihood.noise(uniform, dtype).clamp(max=torch.tensor(bound, dtype=working).item())
        quick = likelihood.for_noise(noise)
        assert type(quick) is not Categorical
        assert torch.equal(quick.draw(logits, noise), likelihood.draw(logits, noise))


@pytest.mark.parametrize("num_levels", [7, 256])
def test_noise_that_a_rounded_sum_may_not_reach_is_drawn_from_with_care(num_levels: int) -> None:
    likelihood, logits = Categorical(num_levels), _logits(num_levels, torch.float32)
    noise = likelihood.noise(torch.full((500,), 1 - 2.0**-24, dtype=torch.float64), torch.float32)
    assert likelihood.for_noise(noise) is likelihood
    levels = likelihood.draw(logits, noise)
    assert bool((levels < num_levels).all())
    assert bool((logits.gather(1, levels[:, None]) > -torch.inf).all())
    some = likelihood.for_noise(noise.clamp(max=0.5))
    assert bool((some.draw(logits, noise) == num_levels).any()), "the quick way would need no bound"


def test_a_subclass_draws_in_its_own_way() -> None:
    class Reversed(Categorical):
        def draw(self, parameters: torch.Tensor, noise: torch.Tensor) -> torch.Tensor:
            return self.num_levels - 1 - super().draw(parameters, noise)

    likelihood = Reversed(4)
    assert likelihood.for_noise(torch.full((2, 1), 0.5)) is likelihood

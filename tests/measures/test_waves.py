"""Which variable waits for which: by formula where there is one, and by trying every chain of a small matrix."""

from __future__ import annotations

import functools

import pytest
import torch
from torch import Tensor, distributions

import armod
from armod import AutoregressiveModel, likelihoods, orderings, waves
from armod.measures.waves import waves_of
from tests.makers import made, seeded

BITS = likelihoods.Bernoulli()


@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize(
    ("height", "width", "kernel_size"), [(4, 5, 3), (5, 1, 3), (1, 6, 3), (4, 7, 5), (3, 4, 1)]
)
def test_a_plain_pixelcnn_is_made_by_diagonals_whatever_its_depth(
    height: int, width: int, kernel_size: int, num_layers: int
) -> None:
    """Its blind spot lets a row begin when the row above is a few pixels ahead."""
    model = armod.PixelCNN((1, height, width), 6, num_layers, kernel_size=kernel_size, likelihood=BITS)
    ahead = kernel_size // 2 + 1
    if kernel_size == 1:
        ahead = 0  # a pixel sees nothing at all
        expected = torch.ones(height, width, dtype=torch.int64)
    else:
        rows, columns = torch.arange(height)[:, None], torch.arange(width)
        expected = 1 + columns + ahead * rows
        if width < ahead:  # the row above is over before it is that far ahead
            expected = 1 + columns + width * rows
    assert torch.equal(waves(model).view(height, width), expected)


def test_without_the_blind_spot_a_row_waits_longer() -> None:
    plain, gated = (
        family((1, 6, 8), 6, 3, likelihood=BITS) for family in (armod.PixelCNN, armod.GatedPixelCNN)
    )
    assert waves(plain).max() == 8 + 2 * 5 < waves(gated).max() <= 48


def test_a_sequence_is_made_one_by_one_but_not_where_taps_leave_gaps() -> None:
    for model in (
        armod.WaveNet((9,), 3, dilations=[1, 2], likelihood=BITS),
        armod.WaveNet((9,), 3, dilations=[1], likelihood=BITS, ordering=orderings.reversed((9,))),
        armod.RecurrentModel((9,), 3, likelihood=BITS),
    ):
        in_order = waves(model)[model.ordering]
        assert in_order.tolist() == list(range(1, 10))


def test_a_made_without_hidden_units_waits_for_all_and_one_with_a_single_unit_hardly() -> None:
    assert waves(made((6,), ())).max() == 6
    model = made((6,), (1,), degrees="sequential")
    assert waves(model).max() == 2


class Needs(AutoregressiveModel):
    """Each variable is the parity of those that a matrix names."""

    def __init__(self, needs: Tensor, ordering: Tensor) -> None:
        super().__init__()
        self.needs, self.ordering, self.event_shape = needs, ordering, torch.Size([len(needs)])

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        return distributions.Bernoulli(logits=torch.cos(x.double() @ self.needs.double().T * 1.3))


@pytest.mark.parametrize("seed", range(6))
def test_waves_are_the_longest_chains(seed: int) -> None:
    size = 1 + seed
    ordering = torch.randperm(size, generator=seeded(seed))
    in_order = (torch.rand(size, size, generator=seeded(seed)) < 0.5).tril(-1)
    needs = torch.zeros_like(in_order)
    needs[ordering[:, None], ordering] = in_order

    @functools.cache
    def chain(variable: int) -> int:
        return 1 + max((chain(other) for other in needs[variable].nonzero().flatten().tolist()), default=0)

    expected = [chain(variable) for variable in range(size)]
    assert waves_of(needs, ordering).tolist() == expected
    assert waves(Needs(needs, ordering)).tolist() == expected


def test_a_leak_is_one_sentence() -> None:
    needs = torch.tensor([[False, True], [False, False]])
    with pytest.raises(ValueError, match="Variable 0 needs variable 1, which does not come before it"):
        waves(Needs(needs, torch.arange(2)))
    with pytest.raises(ValueError, match="members"):
        waves(made((4,), num_masks=2))


@pytest.mark.slow
@pytest.mark.parametrize(("kernel_size", "passes"), [(3, 82), (5, 109)])
def test_a_digit_needs_82_passes(kernel_size: int, passes: int) -> None:
    model = armod.PixelCNN((1, 28, 28), 4, 2, kernel_size=kernel_size, likelihood=BITS)
    assert waves(model).max() == passes == 28 + (kernel_size // 2 + 1) * 27

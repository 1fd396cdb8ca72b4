"""Ready encoders: resolutions, what they see, and symbols."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from armod import encoders
from tests.makers import lively, seeded


def reaction(encoder: nn.Module, raw: Tensor, index: tuple[int, ...]) -> Tensor:
    """Where the context changes if one number of the raw input does: without rows and channels."""
    moved = raw.clone()
    moved[(0, 0, *index)] += 1
    return (encoder(raw) != encoder(moved)).any(1)[0]


@pytest.mark.parametrize(
    ("scale", "size", "due"),
    [
        (1, (3, 5), (3, 5)),
        (2, (1, 3), (2, 6)),
        (4, (1, 1), (4, 4)),
        (7, (4, 2), (28, 14)),
        (1 / 2, (6, 2), (3, 1)),
        (1 / 4, (8, 4), (2, 1)),
        (0.3333333, (3, 6), (1, 2)),
    ],
)
def test_an_image_gets_the_resolution_that_was_asked_for(
    scale: float, size: tuple[int, int], due: tuple[int, int]
) -> None:
    encoder = encoders.images(3, 5, scale=scale, channels=4)
    raw = torch.randn(2, 3, *size, generator=seeded())
    assert encoder(raw).shape == (2, 5, *due)
    assert encoder(raw[:0]).shape == (0, 5, *due)
    assert torch.equal(encoder(raw.to(torch.uint8)), encoder(raw.to(torch.uint8).float()))


def test_images_see_all_sides_as_far_as_their_layers_reach() -> None:
    encoder = lively(encoders.images(1, 2, channels=8, num_layers=2), scale=0.3).double()
    raw = torch.randn(1, 1, 9, 9, generator=seeded(), dtype=torch.float64)
    expected = torch.zeros(9, 9, dtype=torch.bool)
    expected[1:8, 1:8] = True  # the first layer and two more, 3 x 3 each: 3 to every side
    assert torch.equal(reaction(encoder, raw, (4, 4)), expected)
    larger = lively(encoders.images(1, 2, scale=3, channels=8, num_layers=1), scale=0.3).double()
    assert reaction(larger, raw[..., :5, :5], (4, 4))[:9, :9].sum() > 0, "above and left of the input, too"


def test_places_within_a_block_of_a_finer_resolution_differ() -> None:
    encoder = encoders.images(1, 3, scale=4, channels=4)
    context = encoder(torch.ones(1, 1, 3, 3))[0, :, 4:8, 4:8].flatten(1)
    assert len(context.T.unique(dim=0)) == 16


def test_shrinking_keeps_every_number_of_a_block() -> None:
    encoder = lively(encoders.images(1, 2, scale=1 / 2, channels=8, num_layers=0), scale=0.5).double()
    raw = torch.randn(1, 1, 4, 4, generator=seeded(), dtype=torch.float64)
    for row in range(4):
        for column in range(4):
            found = reaction(encoder, raw, (row, column)).nonzero().tolist()
            assert found == [[row // 2, column // 2]]


@pytest.mark.parametrize("interpolate", [False, True])
def test_sequences_see_past_and_future_at_their_own_rate(interpolate: bool) -> None:
    options = {"channels": 8, "num_layers": 1, "interpolate": interpolate}
    slow = lively(encoders.sequences(2, 3, **options), scale=0.5).double()
    fast = encoders.sequences(2, 3, hop=4, **options).double()
    fast.load_state_dict(slow.state_dict())
    raw = torch.randn(2, 2, 5, generator=seeded(), dtype=torch.float64)
    steps, samples = slow(raw), fast(raw)
    assert samples.shape == (2, 3, 20)
    if interpolate:  # the middle of a step lies between its second and third sample
        torch.testing.assert_close(samples.unflatten(2, (5, 4))[..., 1:3].mean(-1)[..., 1:4], steps[..., 1:4] + (steps[..., :3] - 2 * steps[..., 1:4] + steps[..., 2:]) / 16)  # fmt: skip
    else:
        assert torch.equal(samples, steps.repeat_interleave(4, 2))
    seen = reaction(slow, raw, (2,))
    assert seen.all(), "two steps to both sides"


def test_symbols_are_channels() -> None:
    encoder = encoders.sequences(5, 3, channels=4)
    symbols = torch.randint(5, (2, 7), generator=seeded())
    one_hot = nn.functional.one_hot(symbols, 5).mT.float()
    for kind in (torch.int64, torch.uint8):
        assert torch.equal(encoder(symbols.to(kind)), encoder(one_hot))


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: encoders.images(3, 4, scale=1.5), "scale is a whole number, or 1 divided by one, not 1.5"),
        (lambda: encoders.images(3, 4, scale=0), "scale is"),
        (lambda: encoders.images(3, 4, scale="4"), "scale is"),
        (lambda: encoders.images(0, 4), "in_channels must be 1 or more"),
        (lambda: encoders.images(3, 4, kernel_size=2), "kernel_size is odd"),
        (lambda: encoders.images(3, 4, seed="a"), "seed must be"),
        (lambda: encoders.sequences(3, 2.5), "out_channels must be a whole number"),
        (lambda: encoders.sequences(3, 4, hop=0), "hop must be 1 or more"),
        (lambda: encoders.sequences(3, 4, interpolate=1), "interpolate must be True or False"),
        (lambda: encoders.sequences(3, 4, num_layers=-1), "num_layers must be 0 or more"),
        (lambda: encoders.images(3, 4)(torch.zeros(2, 1, 3, 3)), r"shape \(N, 3, h, w\), not \(2, 1, 3, 3\)"),
        (lambda: encoders.images(3, 4, scale=0.5)(torch.zeros(2, 3, 4, 3)), r"sizes that 2 divides"),
        (lambda: encoders.images(3, 4)([1]), "The encoder's input is a tensor of"),
        (lambda: encoders.sequences(3, 4, hop=2)(torch.zeros(2, 5)), r"shape \(N, 3, T / hop\), not \(2, 5\)"),
        (lambda: encoders.sequences(3, 4)(torch.tensor([[3]])), "whole numbers from 0 to 2"),
    ],
)  # fmt: skip
def test_nonsense_is_one_sentence(call, words: str) -> None:
    with pytest.raises(ValueError, match=words) as refused:
        call()
    assert str(refused.value).count(". ") == 0

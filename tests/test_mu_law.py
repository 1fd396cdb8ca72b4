"""Mu-law coding: the formula of the paper, bins of equal width, and nothing lost that a level can hold."""

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from armod.mu_law import mu_law_decode, mu_law_encode

NUM_LEVELS = st.sampled_from([2, 3, 5, 16, 255, 256, 1024])
WAVES = st.lists(st.floats(-1, 1), min_size=1, max_size=30)
DTYPES = pytest.mark.parametrize("dtype", [torch.float32, torch.float64])


def companded(wave: torch.Tensor, num_levels: int) -> torch.Tensor:
    """The formula of WaveNet's section 2.2, word by word."""
    mu = num_levels - 1
    return torch.tensor(
        [math.copysign(math.log(1 + mu * abs(x)) / math.log(1 + mu), x) for x in wave.tolist()],
        dtype=torch.float64,
    )


@given(WAVES, NUM_LEVELS)
def test_a_decoded_wave_is_within_half_a_bin(samples: list[float], num_levels: int) -> None:
    wave = torch.tensor(samples, dtype=torch.float64)
    decoded = mu_law_decode(mu_law_encode(wave, num_levels), num_levels, dtype=torch.float64)
    distance = companded(decoded, num_levels) - companded(wave, num_levels)
    assert distance.abs().max() <= 1 / num_levels + 1e-12


@DTYPES
@pytest.mark.parametrize("num_levels", [2, 3, 10, 255, 256, 65_536])
def test_every_level_survives(num_levels: int, dtype: torch.dtype) -> None:
    levels = torch.arange(num_levels)
    wave = mu_law_decode(levels, num_levels, dtype=dtype)
    assert wave.dtype == dtype
    assert wave.abs().max() < 1
    assert torch.equal(mu_law_encode(wave, num_levels), levels)


@given(WAVES, NUM_LEVELS)
def test_louder_is_never_a_lower_level(samples: list[float], num_levels: int) -> None:
    levels = mu_law_encode(torch.tensor(samples, dtype=torch.float64).sort().values, num_levels)
    assert (levels.diff() >= 0).all()
    assert levels.min() >= 0 and levels.max() < num_levels


@pytest.mark.parametrize("num_levels", [2, 4, 256])
def test_upside_down_the_levels_are_mirrored(num_levels: int) -> None:
    levels = torch.arange(num_levels)
    wave = mu_law_decode(levels, num_levels)
    assert torch.equal(mu_law_decode(num_levels - 1 - levels, num_levels), -wave)
    assert torch.equal(mu_law_encode(-wave, num_levels), num_levels - 1 - levels)


def test_bins_are_of_equal_width_in_the_companded_domain() -> None:
    """Rounding to 2 l / mu - 1 instead would make the two outer bins half as wide."""
    centres = companded(mu_law_decode(torch.arange(8), 8, dtype=torch.float64), 8)
    assert torch.allclose(centres, torch.arange(-7, 8, 2).double() / 8, atol=1e-12)


def test_the_ends_and_the_middle() -> None:
    assert mu_law_encode(torch.tensor([-1.0, -1e-9, 0.0, 1e-9, 1.0])).tolist() == [0, 127, 128, 128, 255]
    assert mu_law_encode(torch.tensor([-1.0, 0.0, 1.0]), 3).tolist() == [0, 1, 2]
    assert mu_law_decode(torch.tensor([1]), 3).tolist() == [0.0]


def test_a_wave_has_the_same_levels_in_every_dtype() -> None:
    wave = torch.linspace(-1, 1, 1001).half()
    expected = mu_law_encode(wave.double())
    for dtype in (torch.float16, torch.bfloat16, torch.float32):
        assert torch.equal(mu_law_encode(wave.bfloat16().to(dtype)), mu_law_encode(wave.bfloat16().double()))
    assert torch.equal(mu_law_encode(wave), expected)


@pytest.mark.parametrize("shape", [(0,), (), (2, 3, 4)])
def test_shapes_stay(shape: tuple[int, ...]) -> None:
    levels = mu_law_encode(torch.zeros(shape))
    assert (levels.shape, levels.dtype) == (shape, torch.int64)
    assert mu_law_decode(levels.to(torch.uint8)).shape == shape


def test_quiet_sounds_get_more_levels_than_loud_ones() -> None:
    quiet = mu_law_encode(torch.linspace(0, 0.1, 10_000)).unique()
    loud = mu_law_encode(torch.linspace(0.9, 1, 10_000)).unique()
    assert len(quiet) > 10 * len(loud)


@pytest.mark.parametrize(
    ("wave", "sentence"),
    [
        (torch.tensor([0.0, 1.01]), r"lies in \[-1, 1\]; the largest sample here is 1\.01: scale or clip"),
        (torch.tensor([-32768.0]), "largest sample here is 32768"),
        (torch.tensor([math.nan]), "largest sample here is nan"),
        (torch.tensor([3], dtype=torch.int16), r"not torch\.int16: divide 16-bit samples by 32768 first"),
    ],
)
def test_what_is_no_wave_is_refused(wave: torch.Tensor, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        mu_law_encode(wave)


def test_what_are_no_levels_is_refused() -> None:
    with pytest.raises(ValueError, match=r"Levels lie in 0\.\.15; got 3\.\.16"):
        mu_law_decode(torch.tensor([3, 16]), 16)
    with pytest.raises(ValueError, match=r"Levels lie in 0\.\.255; got -1\.\.-1"):
        mu_law_decode(torch.tensor([-1]))
    for coding in (mu_law_encode, mu_law_decode):
        with pytest.raises(ValueError, match="at least 2 levels; got 1"):
            coding(torch.zeros(3), 1)

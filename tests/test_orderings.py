"""Orderings are permutations, and their names mean what they say."""

from __future__ import annotations

import functools
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from armod import orderings

SHAPES = st.one_of(
    st.lists(st.integers(1, 5), min_size=1, max_size=3).map(tuple),
    st.lists(st.integers(1, 3), min_size=4, max_size=6).map(tuple),
)
NAMED = [
    orderings.raster,
    orderings.column,
    orderings.checkerboard,
    orderings.random,
    orderings.reversed,
    orderings.subscale,
    orderings.coarse_to_fine,
]


def key(shape, index) -> tuple[int, tuple[int, ...], int, int]:
    """(channel, frame, row, column) of a flat index; most shapes have a single frame."""
    coordinates = []
    for size in reversed((1,) * (3 - len(shape)) + shape):
        index, coordinate = divmod(index, size)
        coordinates.append(coordinate)
    channel, *frame, row, column = reversed(coordinates)
    return channel, tuple(frame), row, column


@settings(deadline=None, max_examples=60)
@given(SHAPES, st.sampled_from(NAMED))
def test_every_ordering_is_a_permutation(shape, ordering) -> None:
    found = ordering(shape)
    assert found.dtype == torch.int64
    assert sorted(found.tolist()) == list(range(math.prod(shape)))
    assert torch.equal(orderings.as_permutation(found, shape), found)
    assert torch.equal(found[orderings.positions(found)], torch.arange(len(found)))


def doubling(place: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """In which doubling a pixel comes, the first ones being the most negative, and in which group of it."""
    power = 0
    while power < 20 and all(i % 2 ** (power + 1) == 0 for i in place):
        power += 1
    return -power, tuple(i // 2**power % 2 for i in place)


@settings(deadline=None, max_examples=60)
@given(SHAPES)
def test_names_mean_what_they_say(shape) -> None:
    """Each is the sort by the key that its name promises; channels of a pixel stay together."""
    every = range(math.prod(shape))
    where = {d: key(shape, d) for d in every}
    keys = {
        orderings.raster: lambda c, f, h, w: (f, h, w, c),
        orderings.column: lambda c, f, h, w: (f, w, h, c),
        orderings.checkerboard: lambda c, f, h, w: ((sum(f) + h + w) % 2, f, h, w, c),
        orderings.reversed: lambda c, f, h, w: ([-i for i in f], -h, -w, -c),
        orderings.subscale: lambda c, f, h, w: ([i % 2 for i in (*f, h, w)], f, h, w, c),
        functools.partial(orderings.subscale, scale=3): lambda c, f, h, w: (
            [i % 3 for i in (*f, h, w)],
            f,
            h,
            w,
            c,
        ),
        orderings.coarse_to_fine: lambda c, f, h, w: (*doubling((*f, h, w)), f, h, w, c),
    }
    for ordering, promised in keys.items():
        expected = sorted(every, key=lambda d, promised=promised: promised(*where[d]))
        assert ordering(shape).tolist() == expected


def test_the_contract_for_colour_images() -> None:
    channels, height, width = 3, 4, 5
    ordering = orderings.raster((channels, height, width))
    for h in range(height):
        for w in range(width):
            for c in range(channels):
                assert ordering[(h * width + w) * channels + c] == c * height * width + h * width + w


def test_random_depends_on_its_seed_alone() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first = orderings.random((50,), seed=7)
    assert torch.equal(torch.get_rng_state(), before)
    torch.manual_seed(2)
    assert torch.equal(orderings.random((50,), seed=7), first)
    assert not torch.equal(orderings.random((50,), seed=8), first)
    assert torch.equal(orderings.random((50,)), orderings.random((50,), seed=0))


@pytest.mark.parametrize(
    "permutation", [[2, 0, 1], (2, 0, 1), torch.tensor([2, 0, 1]), torch.tensor([2.0, 0.0, 1.0]), [[2, 0, 1]]]
)
def test_any_permutation_is_accepted(permutation) -> None:
    found = orderings.as_permutation(permutation, (3,))
    assert found.dtype == torch.int64 and found.tolist() == [2, 0, 1]


@pytest.mark.parametrize(
    "wrong",
    [
        [0, 1],
        [0, 1, 1],
        [0, 1, 2, 3],
        [1, 2, 3],
        [-1, 0, 1],
        [0, 1, 2.5],
        [],
        [0, 1, math.nan],
        [0, 1, math.inf],
    ],
)
def test_anything_else_is_refused_in_one_sentence(wrong) -> None:
    with pytest.raises(ValueError, match=r"must hold each of 0\.\.2 exactly once; got \[") as error:
        orderings.as_permutation(wrong, (3,))
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("wrong", [orderings.random, len, "raster", [0, "1", 2], [0, None, 2], {0, 1, 2}])
def test_what_holds_no_numbers_is_refused_in_one_sentence(wrong) -> None:
    """Most often a function of this module that was not called."""
    with pytest.raises(
        ValueError, match=r"ordering is a permutation, such as armod\.orderings.*, not "
    ) as error:
        orderings.as_permutation(wrong, (3,))
    assert "\n" not in str(error.value)
    assert ("call it with the event shape" in str(error.value)) == callable(wrong)


def test_a_long_wrong_ordering_is_quoted_in_part() -> None:
    with pytest.raises(ValueError, match=r"11 \.\.\.\] of length 784|11\] \.\.\. of length 784"):
        orderings.as_permutation(torch.arange(784), (783,))


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (1, 2, 0, 4), (-1,)])
def test_impossible_event_shapes_are_refused(shape) -> None:
    for call in (orderings.raster, lambda shape: orderings.as_permutation([0], shape)):
        with pytest.raises(ValueError, match="An event shape is"):
            call(shape)


def test_a_report_calls_an_ordering_by_its_name() -> None:
    shape = (1, 3, 3)
    for ordering in (orderings.raster, orderings.column, orderings.checkerboard, orderings.reversed):
        assert orderings.name(ordering(shape), shape) == ordering.__name__
    shuffled = orderings.random(shape, seed=3)
    assert orderings.name(shuffled, shape) == ", ".join(map(str, shuffled[:8].tolist())) + ", ..."

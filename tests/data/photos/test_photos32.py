"""Patches of photographs of both sizes: textured, cut where they say, and no pixel in two splits."""

import numpy as np
import pytest
import torch

from armod.data import load, packages
from armod.data.dataset import SPLITS, Dataset
from armod.data.sets import photos32
from armod.data.sets.photos32 import PICTURES, Picture, places, read

COUNTS = {32: [2871, 83, 83], 16: [9852, 316, 267]}


@pytest.fixture(scope="module", params=COUNTS)
def size(request: pytest.FixtureRequest) -> int:
    return request.param


@pytest.fixture(scope="module")
def data(size: int) -> Dataset:
    return load(f"photos{size}")


@pytest.fixture(scope="module")
def pictures() -> list[Picture]:
    return [read(name) for name in PICTURES]


def test_sizes_and_levels(data: Dataset, size: int) -> None:
    assert [len(data.train), len(data.valid), len(data.test)] == COUNTS[size]
    assert (data.event_shape, data.num_levels) == ((3, size, size), 256)
    assert (data.train.min(), data.train.max()) == (0, 255)
    assert data.train.is_contiguous()


def covered(picture: Picture, split: str) -> np.ndarray:
    """Which pixels of a picture are in a patch of this split, of either size."""
    mask = np.zeros(picture.shape[:2], bool)
    for size in COUNTS:
        for row, column in places(picture, split, size):
            mask[row : row + size, column : column + size] = True
    return mask


@pytest.mark.parametrize("number", range(6), ids=PICTURES)
def test_no_pixel_is_in_two_splits(pictures: list[Picture], number: int) -> None:
    masks = [covered(pictures[number], split) for split in SPLITS]
    assert sum(mask.astype(int) for mask in masks).max() == 1
    assert all(mask.any() for mask in masks)


def test_the_patches_are_those_places_of_the_pictures(
    data: Dataset, pictures: list[Picture], size: int
) -> None:
    """So that the places, which share no pixel, say where every patch of the data set comes from."""
    for split in SPLITS:
        cut = [
            (picture[row : row + size, column : column + size], label)
            for label, picture in enumerate(pictures)
            for row, column in places(picture, split, size)
        ]
        levels: torch.Tensor = getattr(data, split)
        assert len(cut) == len(levels)
        for patch, observation in zip(cut, levels, strict=True):
            assert np.array_equal(patch[0].transpose(2, 0, 1), observation.numpy())
        assert data.labels is not None
        assert data.labels[split].tolist() == [label for _, label in cut]


def test_every_picture_is_in_every_split(data: Dataset) -> None:
    assert data.labels is not None
    for split in SPLITS:
        assert data.labels[split].unique().tolist() == list(range(6))


def test_every_patch_is_textured(data: Dataset) -> None:
    for levels in (data.train, data.valid, data.test):
        assert levels.double().var(dim=(2, 3), correction=0).mean(dim=1).sqrt().min() >= 8


def test_no_patch_is_there_twice(data: Dataset) -> None:
    patches = torch.cat([data.train, data.valid, data.test]).flatten(1)
    assert len(patches.unique(dim=0)) == len(patches)


def test_flat_patches_and_narrow_edges_are_left_out() -> None:
    picture = np.zeros((40, 640, 3), np.uint8)
    assert not any(list(places(picture, split)) for split in SPLITS)
    picture[::2] = 255
    assert list(places(picture, "test")) == [(0, 288), (0, 608)]
    assert list(places(picture[:, :639], "test")) == [(0, 288)]
    assert [place.column for place in places(picture[:, :300], "train")] == list(range(0, 225, 16))
    assert [place.column for place in places(picture[:20], "test", 16)] == [288, 304, 608, 624]


def test_other_pictures_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(photos32, "SHA256", "0" * 64)
    with pytest.raises(ValueError, match=r"install the versions named in armod's constraints\.txt"):
        load("photos32")


def test_without_scikit_image_one_sentence_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(
        ModuleNotFoundError,
        match=r"^Data set 'photos32' is read .* scikit-image, which is not installed: pip",
    ):
        load("photos32")

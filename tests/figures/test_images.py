import io

import numpy as np
import pytest
from matplotlib.colors import to_rgb
from PIL import Image

from armod.figures.images import image_grid
from armod.figures.style import COLOURS

DIGITS = np.random.default_rng(0).integers(0, 17, (2, 3, 8, 8))


def pixels_of(picture) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(picture.png(colours=None))).convert("RGB"))


def colour(name: str) -> tuple[int, ...]:
    return tuple(round(255 * share) for share in to_rgb(COLOURS[name]))


def count_of(pixels: np.ndarray, wanted: tuple[int, ...]) -> int:
    return int((pixels == wanted).all(axis=-1).sum())


def test_the_table_says_how_much_ink_and_how_much_was_given():
    known = np.zeros((8, 8), bool)
    known[:2] = True
    picture = image_grid(
        DIGITS, 17, title="Digits", row_labels=["a", "b"], column_labels=["x", "y", "z"], known=known
    )
    assert picture.table["row"] == ["a", "a", "a", "b", "b", "b"]
    assert picture.table["column"] == ["x", "y", "z"] * 2
    assert picture.table["share of ink"] == pytest.approx((DIGITS / 16).mean(axis=(2, 3)).ravel(), abs=1e-4)
    assert picture.table["share given"] == [0.25] * 6


def test_the_description_counts_and_names_what_is_seen():
    picture = image_grid(
        DIGITS,
        17,
        title="Digits",
        description="Each row is one writer.",
        row_labels=["Ann", "Bob"],
        known=np.ones((8, 8), bool),
    )
    assert str(picture) == (
        "Digits. Each row is one writer. 6 images of 8 by 8 pixels, in 2 rows and 3 columns. Rows: Ann, Bob. "
        "100% of all pixels were given and are tinted blue."
    )
    assert "1 image of 8 by 8 pixels, in 1 row and 1 column" in str(
        image_grid(DIGITS[:1, :1], 17, title="One")
    )


@pytest.mark.parametrize("size", [8, 28])
def test_pixels_are_crisp_squares_of_one_size(size):
    board = np.indices((size, size)).sum(axis=0) % 2
    pixels = pixels_of(image_grid(board[None, None], 2, title="A"))
    # Below the title, left of which there is nothing, each line through the board changes colour at even distances.
    is_ink = (pixels == colour("ink")).all(axis=-1)
    line = is_ink[-20]
    edges = np.flatnonzero(np.diff(line.astype(int)))
    assert len(edges) == size
    assert len(set(np.diff(edges))) == 1
    assert count_of(pixels[52:], colour("ink")) == size**2 // 2 * np.diff(edges)[0] ** 2


def test_given_pixels_and_they_alone_are_tinted():
    image = np.zeros((1, 1, 8, 8), int)
    image[..., 4:] = 1
    known = np.zeros((8, 8), bool)
    known[:2] = True
    pixels = pixels_of(image_grid(image, 2, title="A", known=known))
    blank = pixels_of(image_grid(image, 2, title="A"))
    below_title = slice(56, 152)
    given, free = (count_of(pixels[below_title], colour(name)) for name in ("input", "ink"))
    assert free == 3 * given > 0
    assert count_of(blank, colour("input")) == 0


def test_grey_images_with_a_channel_look_as_those_without():
    assert image_grid(DIGITS, 17, title="A").png() == image_grid(DIGITS[:, :, None], 17, title="A").png()


def test_colour_images_keep_their_colours():
    red = np.zeros((1, 1, 3, 8, 8), int)
    red[:, :, 0] = 255
    picture = image_grid(red, 256, title="Red")
    assert count_of(pixels_of(picture), (255, 0, 0)) == 96 * 96
    assert "1 colour image of" in str(picture)


def test_a_pixel_is_given_when_all_its_channels_are():
    known = np.zeros((1, 1, 3, 4, 4), bool)
    known[:, :, :, 0] = True
    known[:, :, 0, 1] = True
    picture = image_grid(np.zeros((1, 1, 3, 4, 4), int), 256, title="A", known=known)
    assert picture.table["share given"] == [0.25]


@pytest.mark.parametrize(
    ("images", "options", "message"),
    [
        (np.zeros((2, 8, 8)), {}, r"got \(2, 8, 8\)"),
        (np.zeros((1, 1, 2, 8, 8)), {}, "C 1 or 3"),
        (np.zeros((1, 0, 8, 8)), {}, "shape"),
        (np.full((1, 1, 8, 8), 2), {}, "got 2 .. 2"),
        (np.full((1, 1, 8, 8), -1), {}, "got -1 .. -1"),
        (np.zeros((1, 2, 8, 8)), {"row_labels": ["a", "b"]}, "1 rows needs 1 row_labels; got 2"),
        (np.zeros((1, 2, 8, 8)), {"column_labels": ["a"]}, "2 columns needs 2 column_labels; got 1"),
        (np.zeros((1, 2, 8, 8)), {"known": np.zeros((3, 3), bool)}, r"broadcast to it; got \(3, 3\)"),
    ],
)
def test_what_does_not_fit_is_refused_in_a_sentence(images, options, message):
    with pytest.raises(ValueError, match=message):
        image_grid(images, 2, title="A", **options)


def test_a_long_title_is_not_cut():
    long = (
        "A title of many words that is much longer than the single image that stands below it in this picture"
    )
    picture = image_grid(DIGITS[:1, :1], 17, title=long)
    pixels = pixels_of(picture)
    assert (pixels[:, -10:] == 255).all()
    assert picture.get_label() == long

"""Exercise 2: bits per dimension of an image model, and what they mean for a file."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from armod.course.exercises import Exercise, shown

pixelcnn_bits = Exercise(
    name="pixelcnn-bits",
    number=2,
    title="Bits per dimension",
    difficulty="easy",
    minutes=3,
    names=("bits_per_dim", "compressed_bytes"),
    hints=(
        "A colour image of 2×2 pixels: how many numbers did the model have to predict?",
        "One nat is 1 / log 2 bits, so there are more bits than nats. A dimension is one variable: one colour of one pixel.",
        "`-log_prob.mean()` are the nats of one image, `math.prod(event_shape)` its variables, `math.log(2)` the nats of one bit. "
        "A file holds all bits of all images, eight to a byte.",
    ),
)


Shape = tuple[int, int, int]
GREY, COLOUR = (1, 4, 5), (3, 6, 4)


def bits_per_dim(log_prob: Tensor, event_shape: Shape) -> float:
    """Mean cost in bits of one dimension of one image."""
    return _nats(log_prob) / math.prod(event_shape) / math.log(2)


def _nats(log_prob: Tensor) -> float:
    """Mean cost of an image."""
    return float(-log_prob.mean())


def compressed_bytes(bits: float, event_shape: Shape, num_images: int) -> float:
    """Size of a file of so many images."""
    return bits * math.prod(event_shape) * num_images / 8


def _is_same_size(one: Any, other: Any) -> bool:
    """Sizes, or lists of sizes: equal, or rounded up to a whole byte, because no file has half a byte."""
    first, second = np.asarray(one, float), np.asarray(other, float)
    return first.shape == second.shape and bool(
        (np.isclose(first, second) | (np.ceil(first) == np.ceil(second))).all()
    )


def _log_probs(generator: np.random.Generator, num_images: int, shape: Shape) -> tuple[Tensor, Shape]:
    return torch.from_numpy(-generator.uniform(20, 90, num_images)), shape


def _data_sets(generator: np.random.Generator) -> Iterator[tuple[Tensor, Shape]]:
    """Grey and in colour."""
    for shape in (GREY, COLOUR):
        yield _log_probs(generator, int(generator.integers(5, 9)), shape)


def _files(generator: np.random.Generator) -> Iterator[tuple[float, Shape, int]]:
    for shape in (GREY, COLOUR):
        yield float(generator.uniform(1.5, 4)), shape, int(generator.integers(10, 90))


def _called(log_prob: Tensor, shape: Shape) -> str:
    images = "an image" if len(log_prob) == 1 else f"{len(log_prob)} images"
    return f"`bits_per_dim` of {images} {shape} with the log-likelihoods {shown(log_prob)}"


asked_bits = pixelcnn_bits.asks(
    bits_per_dim,
    instances=_data_sets,
    called=_called,
    finite=False,
    wrong={
        "Those are nats per dimension.": lambda log_prob, shape: _nats(log_prob) / math.prod(shape),
        "You multiply by log 2. Which is more, a nat or a bit?": lambda log_prob, shape: _nats(log_prob) / math.prod(shape) * math.log(2),
        "It is negative, but a cost is positive.": lambda log_prob, shape: -bits_per_dim(log_prob, shape),
        "Those are negative, and nats.": lambda log_prob, shape: -_nats(log_prob) / math.prod(shape),
        "Those are bits per pixel: in colour a pixel holds three variables.": lambda log_prob, shape: bits_per_dim(log_prob, shape) * shape[0],
        "Those are bits per image. How many variables does an image have?": lambda log_prob, shape: _nats(log_prob) / math.log(2),
        "That is the sum over the images. The mean is asked for.": lambda log_prob, shape: bits_per_dim(log_prob, shape) * len(log_prob),
        "You divide by the number of images once too often.": lambda log_prob, shape: bits_per_dim(log_prob, shape) / len(log_prob),
        "`len(event_shape)` is the number of its axes. How many variables are there?": lambda log_prob, shape: _nats(log_prob) / len(shape) / math.log(2),
    },
    otherwise=lambda got, right, log_prob, shape: f"An image has {math.prod(shape)} variables there. How many bits does each of them cost?",
)  # fmt: skip
pixelcnn_bits.add("one grey image", asked_bits.on(lambda generator: [_log_probs(generator, 1, (1, 5, 4))]))
pixelcnn_bits.add("a data set, grey and in colour", asked_bits.examine)
pixelcnn_bits.asks(
    compressed_bytes,
    "the size of a file",
    instances=_files,
    finite=False,
    same=_is_same_size,
    wrong={
        "Those are bits. How many of them make a byte?": lambda bits, shape, num_images: bits * math.prod(shape) * num_images,
        "That is one image. How many are there?": lambda bits, shape, num_images: bits * math.prod(shape) / 8,
        "You count pixels. Each pixel of this image holds several variables.": lambda bits, shape, num_images: bits * math.prod(shape[1:]) * num_images / 8,
        "You turn bits into nats. A file consists of bits already.": lambda *case: compressed_bytes(*case) * math.log(2),
        "You turn nats into bits once more: these are bits already.": lambda *case: compressed_bytes(*case) / math.log(2),
        "That is one variable of each image. How many variables does an image have?": lambda bits, shape, num_images: bits * num_images / 8,
    },
    otherwise=lambda got, right, bits, shape, num_images: f"A file holds every bit of {num_images} images of {math.prod(shape)} variables. How many bits does each of them cost?",
)  # fmt: skip

"""Exercise 2: bits per dimension of an image model, and what they mean for a file."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import torch

from armod.course.exercises.engine import reading
from armod.course.exercises.engine.answer import Answer
from armod.course.exercises.engine.exercise import Exercise, Mistake
from armod.course.exercises.engine.showing import shown

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

_SHAPES = ((1, 4, 5), (3, 6, 4))


@pixelcnn_bits.check("one grey image")
def one_image_is_right(answer: Answer, generator: np.random.Generator) -> None:
    """One number in, one number out."""
    _compare_bits(answer, generator, 1, (1, 5, 4))


@pixelcnn_bits.check("a data set, grey and in colour")
def data_sets_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """The mean over images; colours are dimensions."""
    for shape in _SHAPES:
        _compare_bits(answer, generator, int(generator.integers(5, 9)), shape)


@pixelcnn_bits.check("the size of a file")
def bytes_are_right(answer: Answer, generator: np.random.Generator) -> None:
    """From bits per dimension to bytes of a whole data set."""
    for shape in _SHAPES:
        bits, num_images = float(generator.uniform(1.5, 4)), int(generator.integers(10, 90))
        reply = answer.call("compressed_bytes", bits, shape, num_images)
        call = f"`compressed_bytes({shown(bits)}, {shape}, {num_images})`"
        got = reading.number(reply, call, finite=False)
        variables = math.prod(shape)
        right = bits * variables * num_images / 8
        known = [
            (right * 8, "Those are bits. How many of them make a byte?"),
            (right / num_images, "That is one image. How many are there?"),
            (right / shape[0], "You count pixels. Each pixel of this image holds several variables."),
            (right * math.log(2), "You turn bits into nats. A file consists of bits already."),
            (right / math.log(2), "You turn nats into bits once more: these are bits already."),
            (bits * num_images / 8, "That is one variable of each image. How many variables has an image?"),
        ]
        _refuse(
            got,
            right,
            known,
            call,
            f"A file holds every bit of {num_images} images of {variables} variables.",
        )


def _compare_bits(
    answer: Answer, generator: np.random.Generator, num_images: int, shape: tuple[int, ...]
) -> None:
    log_prob = torch.from_numpy(-generator.uniform(20, 90, num_images))
    images = "an image" if num_images == 1 else f"{num_images} images"
    call = f"`bits_per_dim` of {images} {shape} with the log-likelihoods {shown(log_prob)}"
    got = reading.number(answer.call("bits_per_dim", log_prob, shape), call, finite=False)
    variables = math.prod(shape)
    nats = float(-log_prob.mean())
    right = nats / variables / math.log(2)
    known = [
        (nats / variables, "Those are nats per dimension."),
        (right * math.log(2) ** 2, "You multiply by log 2. Which is more, a nat or a bit?"),
        (-right, "It is negative; a cost is due."),
        (-nats / variables, "Those are negative, and nats."),
        (right * shape[0], "Those are bits per pixel: in colour a pixel holds three variables."),
        (right * variables, "Those are bits per image. How many variables has an image?"),
        (right * num_images, "That is the sum over the images. A mean is due."),
        (right / num_images, "You divide by the number of images once too often."),
        (right * variables / len(shape), "`len(event_shape)` is the number of its axes. How many variables are there?"),
    ]  # fmt: skip
    _refuse(got, right, known, call, f"An image has {variables} variables there.")


def _refuse(got: float, right: float, known: Sequence[tuple[float, str]], call: str, hint: str) -> None:
    """Mistake unless the number is right; the first known mistake that gives it is named."""
    if math.isclose(got, right, rel_tol=1e-5):
        return
    for wrong, message in known:
        if math.isclose(got, wrong, rel_tol=1e-5):
            raise Mistake(f"{call} is {shown(got)}. {message}")
    raise Mistake(f"{call} is {shown(got)}. {hint} How many bits does each of them cost?")

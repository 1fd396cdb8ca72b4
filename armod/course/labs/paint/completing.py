"""Completions for the paint lab, by models of binary digits that ship with armod."""

from __future__ import annotations

from functools import cache

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from armod.masks import masked_input
from armod.measures.completion import completion_log_prob
from armod.models.base import AutoregressiveModel
from armod.pretrained import load_pretrained
from armod.sampling import Particles

METHODS = ("raster", "particles", "told the mask")
_SHAPE = (28, 28)


def complete(
    digits: ArrayLike,
    holes: ArrayLike,
    *,
    methods: tuple[str, ...] = METHODS,
    num: int = 6,
    particles: int = 64,
    seed: int = 0,
) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
    """Complete every digit with every hole by every method.

    "raster" is a raster model's own completion, blind to what comes after a pixel. "particles" is the same model with
    `armod.sampling.Particles`. "told the mask" is a model whose encoder reads the known pixels on all sides.

    Args:
        digits: black and white images, ``(P, 28, 28)``.
        holes: True where a pixel is hidden, ``(Q, 28, 28)``.
        methods: some of `METHODS`.
        num: S, completions of each.
        particles: for each completion of the method "particles".
        seed: seed of the noise.

    Returns:
        Completions ``(P, Q, M, S, 28, 28)``, and what the true pixels cost in nats, ``(P, Q, M)``; that of the particles is an
        estimate, which flatters them (`armod.completion_log_prob`).

    Raises:
        ValueError: for an unknown method.

    >>> digit, hole = np.zeros((1, 28, 28)), np.eye(28, dtype=bool)[None]
    >>> drawn, nats = complete(digit, hole, methods=("raster",), num=2)
    >>> drawn.shape, nats.shape
    ((1, 1, 1, 2, 28, 28), (1, 1, 1))
    """
    for method in methods:
        if method not in METHODS:
            raise ValueError(f"methods are among {', '.join(map(repr, METHODS))}, not {method!r}.")
    x = torch.as_tensor(np.asarray(digits, dtype=np.int64))[:, None]
    known = ~torch.as_tensor(np.asarray(holes, dtype=bool))[:, None]
    drawn = np.zeros((len(x), len(known), len(methods), num, *_SHAPE), dtype=bool)
    nats = np.zeros(drawn.shape[:3])
    for place in np.ndindex(nats.shape):
        digit, mask, method = x[place[0]][None], known[place[1]], methods[place[2]]
        generator = torch.Generator().manual_seed(seed)
        with torch.no_grad():
            found, cost = _COMPLETE[method](digit, mask, num, particles, generator)
        drawn[place], nats[place] = found[:, 0].numpy() > 0, cost
    return drawn, nats


def _raster(
    digit: Tensor, mask: Tensor, num: int, particles: int, generator: torch.Generator
) -> tuple[Tensor, float]:
    model = _model("gated-pixelcnn-coordinates-digits28")
    drawn = model.sample(num, known=digit, mask=mask, generator=generator)
    return drawn, -completion_log_prob(model, digit, mask).item()


def _particles(
    digit: Tensor, mask: Tensor, num: int, particles: int, generator: torch.Generator
) -> tuple[Tensor, float]:
    """The completions' own estimates of p(known) serve for the cost, too."""
    model, sampler = _model("gated-pixelcnn-coordinates-digits28"), Particles(particles)
    drawn = model.sample(num, known=digit, mask=mask, generator=generator, method=sampler)
    known = sampler.report.log_prob_known
    log_known = known.logsumexp(0) - torch.tensor(float(num)).log()  # the mean of unbiased estimates
    return drawn, (log_known - model.log_prob(digit).double()).item()


def _told(
    digit: Tensor, mask: Tensor, num: int, particles: int, generator: torch.Generator
) -> tuple[Tensor, float]:
    model, given = _model("inpainting-digits28"), masked_input(digit, mask)
    drawn = model.sample(num, given, known=digit, mask=mask, generator=generator)
    return drawn, -completion_log_prob(model, digit, mask, given).item()


_COMPLETE = dict(zip(METHODS, (_raster, _particles, _told), strict=True))


@cache
def _model(name: str) -> AutoregressiveModel:
    return load_pretrained(name)


def digit_of(given: ArrayLike | str) -> NDArray[np.bool_]:
    """Take a digit of black and white pixels, an array or a text."""
    return _bits_of(given, "digit")


def hole_of(given: ArrayLike | str) -> NDArray[np.bool_]:
    """Take a hole, an array or a text."""
    hole = _bits_of(given, "hole")
    if not hole.any():
        raise ValueError("hole hides no pixel; paint one first.")
    return hole


def _bits_of(given: ArrayLike | str, name: str) -> NDArray[np.bool_]:
    due = f"{name} has 28 x 28 pixels, as an array of True and False or the text that the page writes"
    if isinstance(given, str):
        try:
            read = bytes.fromhex(given)
        except ValueError:
            read = b""
        if len(read) != 98:
            raise ValueError(f"{due}, not the text {given[:20]!r}.")
        return np.unpackbits(np.frombuffer(read, dtype=np.uint8)).reshape(_SHAPE) > 0
    bits = np.asarray(given).squeeze()
    if bits.shape != _SHAPE or bits.dtype.kind not in "buif" or not np.isin(bits, (0, 1)).all():
        raise ValueError(f"{due}, not {bits.dtype} of shape {np.asarray(given).shape}.")
    return bits.astype(bool)

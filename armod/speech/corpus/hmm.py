"""Phones aligned by hidden Markov models of this very voice, which start from another alignment and teach themselves.

Each phone has three states, each a Gaussian with a diagonal covariance over 39 cepstral features. An utterance is a chain of
its phones, with a silence that may be skipped between words. Viterbi's best path gives every frame to one state, the states
learn from their frames, and so on (Rabiner 1989, section III.C and III.D).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from armod.sound import emphasise, mel

Array = NDArray[np.float64]
_STATES = 3
_STAY, _STEP, _SKIP, _LEAVE_AT_ONCE = np.log([0.6, 0.35, 0.05, 1e-6])
_IMPOSSIBLE = -1e30


@dataclass(frozen=True)
class Chain:
    """The phones that an utterance goes through.

    Args:
        phones: number of each phone.
        optional: which of them may be skipped; never two neighbours.

    >>> Chain([0, 5, 0], [True, False, True]).phones
    [0, 5, 0]
    """

    phones: list[int]
    optional: list[bool]


@dataclass(frozen=True)
class States:
    """A Gaussian for each state of each phone.

    Args:
        means: ``(phones * 3, features)``.
        variances: of the same shape.

    >>> States(np.zeros((3, 2)), np.ones((3, 2))).log_likelihoods(np.zeros((1, 2))).round(3).tolist()
    [[-1.838, -1.838, -1.838]]
    """

    means: Array
    variances: Array

    def log_likelihoods(self, observed: Array) -> Array:
        """Return log densities in nats, ``(frames, states)``, of observations ``(frames, features)``."""
        precision = 1 / self.variances
        constant = (np.log(2 * np.pi * self.variances) + self.means**2 * precision).sum(1)
        return observed @ (self.means * precision).T - (observed**2 @ precision.T + constant) / 2


def cepstra(wave: Array) -> Array:
    """Return 13 mel-frequency cepstra and their first and second differences for each frame of 10 ms, ``(frames, 39)``."""
    from scipy.fft import dct

    bands = mel(emphasise(torch.from_numpy(wave))).numpy().T
    found = [dct(bands, norm="ortho", axis=1)[:, :13]]
    for _ in range(2):
        padded = np.pad(found[-1], ((2, 2), (0, 0)), mode="edge")
        found.append((2 * (padded[4:] - padded[:-4]) + padded[3:-1] - padded[1:-3]) / 10)
    return np.concatenate(found, axis=1)


def learn(observed: Sequence[Array], labels: Sequence[NDArray[np.int64]], num_phones: int) -> States:
    """Fit the Gaussian of each state to its frames.

    Args:
        observed: ``(frames, features)`` for each utterance.
        labels: the state of each frame, phone * 3 + 0, 1 or 2; below 0 for none.
        num_phones: how many phones there are.

    Returns:
        The states. One that has no frame gets the Gaussian of all frames.
    """
    frames, states = np.concatenate(observed), np.concatenate(labels)
    mean, variance = frames.mean(0), frames.var(0)
    means, variances = (np.tile(part, (num_phones * _STATES, 1)) for part in (mean, variance))
    for state in np.unique(states[states >= 0]):
        own = frames[states == state]
        # few frames would make a peak: ten of all frames are counted with them
        means[state] = (own.sum(0) + mean) / (len(own) + 1)
        variances[state] = (((own - means[state]) ** 2).sum(0) + 10 * variance) / (len(own) + 10)
    return States(means, np.maximum(variances, 0.05 * variance))


def split_evenly(phones: Sequence[int], durations: Sequence[int]) -> NDArray[np.int64]:
    """Return the states of an utterance whose phones last so many frames, a third of each in each state."""
    parts = [
        phone * _STATES + np.arange(length) * _STATES // max(length, 1)
        for phone, length in zip(phones, durations, strict=True)
    ]
    return np.concatenate(parts)


def best_path(
    states: States, observed: Array, chain: Chain
) -> tuple[NDArray[np.int64], NDArray[np.int64], Array]:
    """Find the most probable way through a chain (Viterbi).

    Every phone that is not skipped has at least one frame.

    Args:
        states: the Gaussians.
        observed: ``(frames, features)``.
        chain: the phones.

    Returns:
        The number of the phone in the chain, the state, and the log density in nats of each frame.

    Raises:
        ValueError: if there are fewer frames than phones that can't be skipped.
    """
    before, costs, begins, ends = _arcs(chain)
    state_of = np.concatenate([np.arange(_STATES) + phone * _STATES for phone in chain.phones])
    if len(observed) < len(chain.phones) - sum(chain.optional):
        raise ValueError(
            f"There are {len(observed)} frames for {len(chain.phones) - sum(chain.optional)} phones."
        )
    likelihoods = states.log_likelihoods(observed)[:, state_of]
    score = begins + likelihoods[0]
    came_from = np.zeros((len(observed), len(state_of)), np.int64)
    rows = np.arange(len(state_of))
    for frame in range(1, len(observed)):
        # the last place stands for "no arc"
        reached = np.append(score, _IMPOSSIBLE)[before] + costs
        choice = reached.argmax(1)
        came_from[frame] = before[rows, choice]
        score = reached[rows, choice] + likelihoods[frame]
    place = int((score + ends).argmax())
    path = np.empty(len(observed), np.int64)
    for frame in range(len(observed) - 1, -1, -1):
        path[frame] = place
        place = came_from[frame, place]
    return path // _STATES, state_of[path], likelihoods[np.arange(len(observed)), path]


def _arcs(chain: Chain) -> tuple[NDArray[np.int64], Array, Array, Array]:
    """For each place of a chain, three for each phone: whence it can be reached, at which cost; first and last places."""
    num_places = _STATES * len(chain.phones)
    arcs: list[list[tuple[int, float]]] = [[(place, float(_STAY))] for place in range(num_places)]
    begins, ends = (np.full(num_places, _IMPOSSIBLE) for _ in range(2))
    leave = [_LEAVE_AT_ONCE, _SKIP, _STEP]  # from the first, the second and the third state
    for number in range(len(chain.phones)):
        first = number * _STATES
        arcs[first + 1].append((first, float(_STEP)))
        arcs[first + 2] += [(first + 1, float(_STEP)), (first, float(_SKIP))]
        sources = [number - 1]
        if number >= 2 and chain.optional[number - 1]:
            sources.append(number - 2)
        for source in (one for one in sources if one >= 0):
            arcs[first] += [(source * _STATES + state, float(cost)) for state, cost in enumerate(leave)]
    begins[0] = 0
    if chain.optional[0]:
        begins[_STATES] = 0
    ends[-_STATES:] = leave
    if chain.optional[-1]:
        ends[-2 * _STATES : -_STATES] = leave
    widest = max(map(len, arcs))
    before = np.full((num_places, widest), num_places)
    costs = np.full((num_places, widest), _IMPOSSIBLE)
    for place, found in enumerate(arcs):
        for position, (source, cost) in enumerate(found):
            before[place, position], costs[place, position] = source, cost
    return before, costs, begins, ends

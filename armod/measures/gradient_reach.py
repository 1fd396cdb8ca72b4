"""How far a gradient reaches back in a recurrent network: how much of it arrives k steps earlier, in numbers and words.

A network with random weights reads random inputs. A random gradient runs back from its last state h_t, and we measure its
length at the input of k steps ago, which is x_{t-k} because h_t reads x_{t-1}. Every step back multiplies it by one more
Jacobian, dh_t / dh_{t-1}, so it shrinks or grows about exponentially (Bengio, Simard, Frasconi 1994; Pascanu, Mikolov,
Bengio 2013, section 2).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import torch
from torch import Tensor

from armod.models.sequence.recurrent import Recurrence

CELL_NAMES = {"rnn": "simple RNN", "lstm": "LSTM", "gru": "GRU"}
LAGS = 24
# The pictures' logarithmic axis, in powers of 10; values beyond its ends are drawn at the ends.
LEAST, MOST = -6, 3
AXIS = {3: "1,000 times", 0: "as at lag 1", -3: "1/1,000", -6: "1/1,000,000"}
_SIZE, _SEQUENCES = 64, 16


def random_recurrence(
    cell: str, *, scale: float, gate_bias: float = 0.0, size: int = _SIZE, seed: int = 0
) -> Recurrence:
    """Build one recurrent layer in float64 with random weights.

    The weights from the inputs are ``0.5 / sqrt(size)`` times standard normal numbers. All biases but the gate's are 0.

    Args:
        cell: "rnn", "lstm" or "gru".
        scale: the recurrent weights are ``scale / sqrt(size)`` times standard normal numbers.
        gate_bias: bias of the gate that keeps the past, which is an LSTM's forget gate or a GRU's update gate (z).
        size: number of hidden units and of inputs.
        seed: seed of the weights.

    Returns:
        The layer.

    Raises:
        ValueError: if the cell is unknown, or a simple RNN gets a gate bias.
    """
    if cell not in CELL_NAMES:
        raise ValueError(f'cell is "rnn", "lstm" or "gru", not {cell!r}.')
    if gate_bias and cell == "rnn":
        raise ValueError("A simple RNN has no gates, so its gate_bias can only be 0.")
    generator = torch.Generator().manual_seed(seed)
    recurrence = Recurrence(cell, size, 1).double()
    # torch's rows: input, forget, candidate, output of an LSTM; reset, update, candidate of a GRU
    keeps = slice(size, 2 * size)
    with torch.no_grad():
        for name, factor in {"weight_ih_l0": 0.5, "weight_hh_l0": scale}.items():
            weight = getattr(recurrence, name)
            normal = torch.randn(weight.shape, generator=generator, dtype=torch.float64)
            weight.copy_(factor / math.sqrt(size) * normal)
        for bias in (recurrence.bias_ih_l0, recurrence.bias_hh_l0):
            torch.nn.init.zeros_(cast(Tensor, bias))
        # a simple RNN has no such rows; its gate_bias of 0 goes to an empty slice
        cast(Tensor, recurrence.bias_ih_l0)[keeps] = gate_bias
    return recurrence


def gradient_reach(recurrence: torch.nn.Module, *, lags: int = LAGS, seed: int = 0) -> Tensor:
    """Measure the gradient of the last state at the inputs 1, 2, ..., `lags` steps back.

    The lengths are means over 16 random sequences, which are twice as long as `lags` so that the first state is forgotten.

    Args:
        recurrence: maps inputs ``(N, T, width)`` to states ``(N, T, size)``, or, like torch's layers, to a pair that begins
            with them.
        lags: how far back to measure.
        seed: seed of the inputs and of the gradient at the last state.

    Returns:
        The length of the gradient at each lag, ``(lags,)``.

    >>> reach = gradient_reach(random_recurrence("rnn", scale=0.5))
    >>> bool(reach[10] < reach[0] / 1000)
    True
    """
    generator = torch.Generator().manual_seed(seed)
    weight = next(recurrence.parameters())
    shape = (_SEQUENCES, 2 * lags, weight.shape[1])
    inputs = torch.randn(shape, generator=generator, dtype=torch.float64).to(weight).requires_grad_()
    states = recurrence(inputs)
    last = (states[0] if isinstance(states, tuple) else states)[:, -1]
    arriving = torch.randn(last.shape, generator=generator, dtype=torch.float64).to(last)
    (gradient,) = torch.autograd.grad((last * arriving).sum(), inputs)
    return gradient.norm(dim=2).mean(dim=0).flip(0)[:lags]


@dataclass(frozen=True)
class ReachFacts:
    """What one setting of the reach lab shows: the gradient at every lag, and sentences about it.

    Args:
        cell: "rnn", "lstm" or "gru".
        scale: scale of the recurrent weights, as in `random_recurrence`.
        gate_bias: bias of the gate that keeps the past, as in `random_recurrence`.

    >>> ReachFacts("lstm", scale=1.0, gate_bias=2.0).name
    'LSTM, weight scale 1, gate bias 2'
    """

    cell: str
    scale: float
    gate_bias: float = 0.0

    @cached_property
    def shares(self) -> list[float]:
        """The gradient at lags 1, 2, ..., divided by the gradient at lag 1."""
        reach = gradient_reach(random_recurrence(self.cell, scale=self.scale, gate_bias=self.gate_bias))
        return [float(f"{share:.3g}") for share in (reach / reach[0]).tolist()]

    @property
    def powers(self) -> list[float]:
        """The decimal logarithms of the shares, limited to the range of the pictures: LEAST to MOST."""
        return [round(min(max(math.log10(share), LEAST), MOST), 3) for share in self.shares]

    @property
    def name(self) -> str:
        """The network in words."""
        words = f"{CELL_NAMES[self.cell]}, weight scale {self.scale:g}"
        return words if self.cell == "rnn" else f"{words}, gate bias {self.gate_bias:g}"

    @property
    def finding(self) -> str:
        """A sentence that compares the last lag with the first."""
        words = self.name[0].upper() + self.name[1:]
        return f"{words}: {LAGS} steps back arrives {self.words[-1]} the nearest gradient"

    @property
    def words(self) -> list[str]:
        """The share at each lag in words."""
        return [in_words(share) for share in self.shares]

    @property
    def factors(self) -> list[str]:
        """The mean factor by which each step back from lag 1 multiplies the gradient; empty at lag 1 itself."""
        steps = enumerate(self.shares[1:], start=1)
        return ["", *(f"{share ** (1 / count):.2f}" for count, share in steps)]

    def lag_sentence(self, lag: int) -> str:
        """Write a sentence that compares one lag, counted from 1, with the first."""
        if lag == 1:
            return "Lag 1 is the input that was read last; its gradient is the measure of all others."
        return (
            f"Lag {lag} gets {self.words[lag - 1]} the gradient of lag 1: on average each step back multiplies it "
            f"by {self.factors[lag - 1]}."
        )

    @property
    def description(self) -> str:
        """A description of the picture for readers who do not see it."""
        some = [lag for lag in (2, 6, 12, 18) if lag < LAGS]
        parts = "; ".join(f"lag {lag} {self.words[lag - 1]} it" for lag in some)
        return (
            f"{self.finding}. An unrolled network: {LAGS} inputs below, {LAGS} states above, and one output at the "
            f"right. Under it a stem for each lag, on a logarithmic axis, with the gradient that arrives there, "
            f"measured by that of lag 1: {parts}."
        )

    @property
    def table(self) -> Mapping[str, list[float]]:
        """The numbers of the picture, one row per lag."""
        return {"lag": [*range(1, LAGS + 1)], "gradient, share of lag 1": self.shares}


def in_words(share: float) -> str:
    """Write a share as a sentence says it: "1/1,600 of" or "1,200 times".

    >>> in_words(0.00062), in_words(0.42), in_words(1.0), in_words(1234.0)
    ('1/1,600 of', '0.42 of', '1.0 times', '1,200 times')
    """
    if share >= 0.095:
        return f"{share:.2f} of" if share < 0.995 else f"{_two_digits(share)} times"
    return f"1/{_two_digits(1 / share)} of"


def _two_digits(number: float) -> str:
    rounded = float(f"{number:.2g}")
    return f"{rounded:,.0f}" if rounded >= 10 else f"{rounded:.1f}"

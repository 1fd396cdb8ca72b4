"""What recurrent networks learn to remember: the bits of a symbol that comes back, at every gate bias, as it was measured.

The first symbol, one of four, comes again after `distance` steps; all between is noise. Only the last symbol can be known, so
it alone is learned and scored: 0 bits for a network that remembers, 2 for one that guesses. Every batch is new. To train all
networks takes minutes. So the results are stored in a file beside this one;
``python -m armod.measures.recall_table`` measures them again and writes the file.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import torch
from torch import Tensor, nn

from armod.likelihoods import Categorical
from armod.models.sequence.recurrent import RecurrentModel

DISTANCES, GATE_BIASES, SEEDS = (10, 40), range(6), range(3)
STEPS, EVERY = 200, 20  # training steps, and how many of them each number is the mean of
_SIZE, _BATCH = 32, 64
_FILE = Path(__file__).with_name("recall_table.json")


def settings() -> Iterator[tuple[str, int, int]]:
    """Generate every (cell, gate bias, distance) of the table; a simple RNN has no gate."""
    for cell in ("rnn", "lstm", "gru"):
        for bias in GATE_BIASES if cell != "rnn" else GATE_BIASES[:1]:
            for distance in DISTANCES:
                yield cell, bias, distance


def recall(cell: str, gate_bias: int, distance: int, seed: int) -> list[float]:
    """Train one network.

    Args:
        cell: "rnn", "lstm" or "gru".
        gate_bias: added to the bias of the gate that keeps the past.
        distance: steps until the symbol comes back.
        seed: of the weights and of all batches.

    Returns:
        Bits of the recalled symbol, the mean of every 20 training steps.
    """
    generator = torch.Generator().manual_seed(seed)
    model = RecurrentModel((distance + 1,), _SIZE, cell=cell, likelihood=Categorical(4), seed=seed)
    with torch.no_grad():
        # a simple RNN has no such rows
        cast(Tensor, model.recurrence.bias_ih_l0)[_SIZE : 2 * _SIZE] += gate_bias
    optimizer, line = torch.optim.Adam(model.parameters(), lr=1e-2), []
    for _ in range(STEPS):
        x = torch.randint(4, (_BATCH, distance + 1), generator=generator)
        x[:, -1] = x[:, 0]
        recalled = -model.log_prob_per_variable(x)[:, -1].mean()
        optimizer.zero_grad()
        recalled.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        line.append(recalled.item() / math.log(2))
    return [round(each, 3) for each in torch.tensor(line).unfold(0, EVERY, EVERY).mean(1).tolist()]


@cache
def recall_table() -> dict[tuple[str, int, int], list[list[float]]]:
    """Load the table: for each setting a line for each of three seeds."""
    stored = json.loads(_FILE.read_text(encoding="utf-8"))
    return {setting: stored[_key(*setting)] for setting in settings()}


def _key(cell: str, gate_bias: int, distance: int) -> str:
    return f"{cell} {gate_bias} {distance}"


def _measure() -> None:
    torch.set_num_threads(1)
    stored = json.loads(_FILE.read_text(encoding="utf-8")) if _FILE.exists() else {}
    for setting in settings():
        if _key(*setting) not in stored:
            stored[_key(*setting)] = [recall(*setting, seed) for seed in SEEDS]
            _FILE.write_text(json.dumps(stored), encoding="utf-8")


if __name__ == "__main__":
    _measure()

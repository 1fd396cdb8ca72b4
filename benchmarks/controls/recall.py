"""Lesson 4.4: can a recurrent network carry one symbol over a distance, and does an open gate help?

The first symbol, one of four, comes again at the end; everything between is noise. Only the last symbol can be known, and only
its loss is learnt. Each network gets the same fresh sequences and the same number of steps. As a control the two networks with
open gates also learn *all* symbols, where the noise has most of the loss.

``python -m benchmarks.controls.recall`` trains whatever `recall.json` does not have yet, on one thread (about three minutes in all).
"""

from __future__ import annotations

import json
import math
from itertools import product
from pathlib import Path
from typing import Any

import torch

import armod

RESULTS = Path(__file__).with_suffix(".json")
NETS = {
    "simple RNN": ("rnn", 0.0),
    "LSTM": ("lstm", 0.0),
    "GRU": ("gru", 0.0),
    "LSTM, gate bias 5": ("lstm", 5.0),
    "GRU, gate bias 5": ("gru", 5.0),
}
DISTANCES, SEEDS, NUM_STEPS, BATCH, SIZE = (10, 40), range(4), 300, 64, 32


def recall_bits(name: str, distance: int, seed: int, *, all_symbols: bool = False) -> float:
    """Train one network and measure how many bits the recalled symbol still costs.

    Args:
        name: of `NETS`.
        distance: steps from the symbol to its return.
        seed: of the weights and of the sequences.
        all_symbols: whether the loss is that of all symbols instead of the recalled one.

    Returns:
        Bits of the recalled symbol in 2,000 new sequences; 2 is guessing.
    """
    cell, gate_bias = NETS[name]
    four = armod.likelihoods.Categorical(4)
    model = armod.RecurrentModel((distance + 1,), SIZE, cell=cell, likelihood=four, seed=seed)
    with torch.no_grad():
        model.recurrence.get_parameter("bias_ih_l0")[SIZE : 2 * SIZE] += gate_bias
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-2)
    generator = torch.Generator().manual_seed(seed)
    for _ in range(NUM_STEPS):
        log_prob = model.log_prob_per_variable(_sequences(BATCH, distance, generator))
        optimizer.zero_grad()
        (-(log_prob if all_symbols else log_prob[:, -1]).mean()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    with torch.no_grad():
        log_prob = model.log_prob_per_variable(_sequences(2000, distance, generator))
    return -float(log_prob[:, -1].mean()) / math.log(2)


def _sequences(number: int, distance: int, generator: torch.Generator) -> torch.Tensor:
    x = torch.randint(4, (number, distance + 1), generator=generator)
    x[:, -1] = x[:, 0]
    return x


def main() -> None:
    """Train what is missing, and keep each result at once."""
    torch.set_num_threads(1)
    found: list[dict[str, Any]] = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    done = {(one["net"], one["distance"], one["seed"], one["learns"]) for one in found}
    runs = [("recalled", distance, name) for distance, name in product(DISTANCES, NETS)]
    runs += [("all", DISTANCES[-1], name) for name, (_, gate_bias) in NETS.items() if gate_bias]
    for (learns, distance, name), seed in product(runs, SEEDS):
        if (name, distance, seed, learns) not in done:
            bits = recall_bits(name, distance, seed, all_symbols=learns == "all")
            found.append(
                {"net": name, "distance": distance, "seed": seed, "learns": learns, "bits": round(bits, 4)}
            )
            RESULTS.write_text("[\n" + ",\n".join(" " + json.dumps(one) for one in found) + "\n]\n")
            print(f"{learns:8} {distance:3} {name:18} {seed}: {bits:.3f} bits", flush=True)


if __name__ == "__main__":
    main()

"""What are WaveNet's gate, residuals and skips for? Each is taken away by itself, in a network for speech.

``python -m benchmarks.ablations.wavenet SEED [VARIANT ...]`` trains all variants, or some, on one thread, and adds their lines to
`wavenet.json`; a variant takes about 20 seconds.
Sixteen layers (dilations 1 to 128, twice) of 16 channels learn 18 seconds of speech. Each variant has its own learning rate
and its own best epoch, both chosen on the valid split; bits are those of the test split. A unit without a gate has half the
weights. So there is a second one, wider, with as many weights in the whole network as the gated one has.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional as F

import armod

RESULTS = Path(__file__).with_suffix(".json")
DILATIONS = [2**k for k in range(8)] * 2
CHANNELS, EPOCHS, BATCH, LEARNING_RATES = 16, 10, 4, (0.003, 0.01)
LEVELS = armod.likelihoods.Categorical(256)


class Ungated(nn.Module):
    """The unit without its gate: a causal dilated convolution of two taps, and one function of the sums."""

    def __init__(self, channels: int, dilation: int, function: Callable[[Tensor], Tensor]) -> None:
        super().__init__()
        bound = (2 * channels) ** -0.5  # that of the gated unit
        self.weight = nn.Parameter(torch.empty(channels, 2 * channels).uniform_(-bound, bound))
        self.bias = nn.Parameter(torch.empty(channels).uniform_(-bound, bound))
        self.dilation, self.function = dilation, function

    def forward(self, x: Tensor, context: None = None, hop: int = 1) -> Tensor:
        """Outputs ``(T, N, channels)`` of inputs of this shape."""
        past = F.pad(x, (0, 0, 0, 0, self.dilation, 0))[: len(x)]
        return self.function(F.linear(torch.cat([past, x], dim=2), self.weight, self.bias))


def network(
    seed: int, function: Callable[[Tensor], Tensor] | None = None, channels: int = CHANNELS, **parts: bool
) -> armod.WaveNet:
    """A WaveNet, its gated units replaced where there is a ``function``."""
    model = armod.WaveNet((1000,), channels, dilations=DILATIONS, likelihood=LEVELS, seed=seed, **parts)
    if function:
        with torch.random.fork_rng(devices=()):
            torch.manual_seed(seed)
            model.convolutions = nn.ModuleList(Ungated(channels, d, function) for d in DILATIONS)
    return model


def num_weights(model: nn.Module) -> int:
    """How many numbers are learnt."""
    return sum(weight.numel() for weight in model.parameters())


def as_large(function: Callable[[Tensor], Tensor]) -> int:
    """The channels of an ungated network that has the most weights, but not fewer than the gated one has."""
    due = num_weights(network(0))
    return next(c for c in range(CHANNELS, 4 * CHANNELS) if num_weights(network(0, function, c)) >= due)


def variants() -> dict[str, Callable[[int], armod.WaveNet]]:
    """The whole network, and what is left of it."""
    wide = as_large(torch.relu)
    return {
        "whole": network,
        "tanh": lambda seed: network(seed, torch.tanh),
        "ReLU": lambda seed: network(seed, torch.relu),
        "tanh, as many weights": lambda seed: network(seed, torch.tanh, wide),
        "ReLU, as many weights": lambda seed: network(seed, torch.relu, wide),
        "no skip": lambda seed: network(seed, skip=False),
        "no residual": lambda seed: network(seed, residual=False),
        "no residual, no skip": lambda seed: network(seed, residual=False, skip=False),
    }


def trained(make: Callable[[int], armod.WaveNet], seed: int) -> dict[str, float]:
    """Bits of the test split, and by which learning rate; chosen by the bits of the valid split."""
    speech, found = armod.data.load("speech"), []
    splits = {name: getattr(speech, name).view(-1, 1000) for name in ("train", "valid", "test")}
    for rate in LEARNING_RATES:
        model = make(seed)
        options = {"epochs": EPOCHS, "batch_size": BATCH, "learning_rate": rate, "seed": seed}
        history = armod.fit(model, splits["train"], valid=splits["valid"], progress=False, **options)
        with torch.no_grad():
            test = model.bits_per_dim(splits["test"]).mean().item()
        valid = history.valid_bits_per_dim[history.best_epoch]
        found.append({"valid": round(valid, 4), "test": round(test, 4), "learning_rate": rate})
    return min(found, key=lambda each: each["valid"]) | {"weights": num_weights(make(seed))}


def main(seed: int, *names: str) -> None:
    """Train all variants from one seed, or those of these names."""
    torch.set_num_threads(1)
    for name, make in variants().items():
        if names and name not in names:
            continue
        line = {"variant": name, "seed": seed, **trained(make, seed)}
        print(line, flush=True)
        lines = json.loads(RESULTS.read_text()) if RESULTS.exists() else []
        lines = [each for each in lines if (each["variant"], each["seed"]) != (name, seed)] + [line]
        RESULTS.write_text("[\n" + ",\n".join(f" {json.dumps(each)}" for each in lines) + "\n]\n")


if __name__ == "__main__":
    main(int(sys.argv[1]), *sys.argv[2:])

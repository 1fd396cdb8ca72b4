"""What does independence inside a group lose? The correlation that is left between its pixels, and what a coupling would win.

``python -m benchmarks.strategies.group_independence`` looks at the three groups of the finest grid of multi-scale-digits28, given the true
pixels of all earlier groups. If the pixels of a group were independent, the residuals ``x - p`` of neighbours would not be
correlated. The coupling is one number a group and direction: ``p(x, y)`` of two neighbours becomes ``p(x) p(y) exp(theta (x - p(1)) (y - q(1))) / Z``.
Pairs do not overlap, so this is a model with an exact likelihood. It is fitted on the valid split and judged on the test split:
what it wins is a lower bound of what independence costs.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch
from torch import Tensor

import armod
from armod import AutoregressiveModel

RESULTS = Path(__file__).with_suffix(".json")
DIRECTIONS = {"beside": (0, 1), "below": (1, 0)}


def measure(model: AutoregressiveModel, valid: Tensor, test: Tensor) -> list[dict[str, object]]:
    """Correlation left and nats won for each group of the finest grid and each direction, ``(N, 1, H, W)`` bits."""
    found = []
    with torch.no_grad():
        probs = [
            torch.cat([model.conditionals(part).probs for part in bits.split(100)]).double()
            for bits in (valid, test)
        ]
    for number in range(int(model.groups.max()) - 2, int(model.groups.max()) + 1):
        for direction, step in DIRECTIONS.items():
            splits = [
                _pairs(model, bits, of_bits, number, step)
                for bits, of_bits in zip((valid, test), probs, strict=True)
            ]
            theta = _fitted(*splits[0])
            (x, y), (p, q) = splits[1]
            spread = (p * (1 - p) * q * (1 - q)).sqrt().sum()
            won = _gain(theta, (x, y), (p, q)).flatten(1).sum(1)
            found.append(
                {
                    "group": number,
                    "neighbours": direction,
                    "correlation": round((((x - p) * (y - q)).sum() / spread).item(), 4),
                    "theta": round(theta.item(), 3),
                    "nats_won": round(won.mean().item(), 3),
                    "standard_error": round((won.std() / len(won) ** 0.5).item(), 3),
                    "nats_of_group": round(_nats(model, test, probs[1], number), 2),
                }
            )
    return found


def _pairs(
    model: AutoregressiveModel, bits: Tensor, probs: Tensor, number: int, step: tuple[int, int]
) -> tuple[tuple[Tensor, Tensor], ...]:
    """Pixels of a group and their neighbours in it, as bits and as probabilities, in pairs that do not overlap."""
    inside = model.groups.view(model.event_shape[1:]) == number
    rows, columns = inside.any(1).nonzero().flatten(), inside.any(0).nonzero().flatten()
    pixels, probs = (each[:, 0][:, rows][:, :, columns] for each in (bits.double(), probs))
    if step[0]:
        pixels, probs = pixels.mT, probs.mT
    pairs = pixels.shape[2] // 2 * 2
    return tuple((each[:, :, 0:pairs:2], each[:, :, 1:pairs:2]) for each in (pixels, probs))


def _gain(theta: Tensor, bits: tuple[Tensor, Tensor], probs: tuple[Tensor, Tensor]) -> Tensor:
    """What the coupling adds to the log-probability of each pair."""
    (x, y), (p, q) = bits, probs
    states = [
        (p if one else 1 - p) * (q if other else 1 - q) * (theta * (one - p) * (other - q)).exp()
        for one in (0, 1)
        for other in (0, 1)
    ]
    return theta * (x - p) * (y - q) - sum(states).log()


def _fitted(bits: tuple[Tensor, Tensor], probs: tuple[Tensor, Tensor]) -> Tensor:
    theta = torch.zeros((), dtype=torch.float64, requires_grad=True)
    climb = torch.optim.LBFGS([theta], max_iter=50, line_search_fn="strong_wolfe")

    def loss() -> Tensor:
        climb.zero_grad()
        total = -_gain(theta, bits, probs).mean()
        total.backward()
        return total

    climb.step(loss)
    return theta.detach()


def _nats(model: AutoregressiveModel, bits: Tensor, probs: Tensor, number: int) -> float:
    surprise = -torch.where(bits.bool(), probs, 1 - probs).log()
    return surprise.flatten(1)[:, model.groups == number].sum(1).mean().item()


def main() -> None:
    """Measure the shipped weights, and keep the result."""
    data = armod.data.load("digits28").binarize(128)
    model = armod.load_pretrained("multi-scale-digits28")
    results = measure(model, *(torch.as_tensor(split) for split in (data.valid, data.test)))
    RESULTS.write_text(json.dumps(results, indent=1) + "\n")
    for result in results:
        print(json.dumps(result))


if __name__ == "__main__":
    main()

"""Lesson 4.5.4: when does a mixture of logistics beat a table of levels, and when does it lose?

Both learn the distribution of one green level of the photographs from N of them, with three seeds, and say what a test level costs.
The table counts, and adds 0.3 to each count; the mixture has five components, which Adam fits to the same counts. The same
once more with even levels only, as a file has them that was stretched to twice its contrast: no smooth curve can say "even".

``python -m benchmarks.controls.levels`` writes `levels.json`, on one thread (about one minute).
"""

from __future__ import annotations

import json
from itertools import product
from pathlib import Path

import torch
from torch import Tensor

import armod

RESULTS = Path(__file__).with_suffix(".json")
SIZES, SEEDS, COMPONENTS, UPDATES = (100, 1_000, 10_000, 100_000, 1_000_000), range(3), 5, 300
FAMILY = armod.likelihoods.LogisticMixture(256, COMPONENTS)


def table(counts: Tensor) -> Tensor:
    """What each level costs by its count, in bits: ``(256,)``."""
    smoothed = counts + 0.3
    return -(smoothed / smoothed.sum()).log2()


def mixture(counts: Tensor, seed: int) -> Tensor:
    """What each level costs by the five logistics that fit the counts, in bits: ``(256,)``."""
    generator, levels = torch.Generator().manual_seed(seed), torch.arange(256)
    means = 1.6 * torch.rand(COMPONENTS, generator=generator) - 0.8
    numbers = torch.cat([torch.zeros(COMPONENTS), means, torch.full((COMPONENTS,), -1.5)]).requires_grad_()
    optimizer = torch.optim.Adam([numbers], 0.05)

    def costs() -> Tensor:
        return -FAMILY.distribution(numbers.expand(256, -1)).log_prob(levels)

    for _ in range(UPDATES):
        optimizer.zero_grad()
        (costs() @ (counts / counts.sum())).backward()
        optimizer.step()
    return costs().detach() / torch.tensor(2.0).log()


def main() -> None:
    """Write bits per test level of both, for all levels and for even ones."""
    torch.set_num_threads(1)
    photos, found = armod.data.load("photos16"), []
    train, test = (x[:, 1].flatten().long() for x in (photos.train, photos.test))
    for only_even, size, seed in product((False, True), SIZES, SEEDS):
        chosen = torch.randint(len(train), (size,), generator=torch.Generator().manual_seed(seed))
        seen, asked = (x // 2 * 2 if only_even else x for x in (train[chosen], test))
        counts, shares = (x.bincount(minlength=256).float() for x in (seen, asked))
        bits = {"table": table(counts), "mixture": mixture(counts, seed)}
        means = {name: round(float(cost @ shares / shares.sum()), 3) for name, cost in bits.items()}
        found.append({"only_even": only_even, "levels": size, "seed": seed, **means})
    RESULTS.write_text("[\n" + ",\n".join(f" {json.dumps(each)}" for each in found) + "\n]\n")


if __name__ == "__main__":
    main()

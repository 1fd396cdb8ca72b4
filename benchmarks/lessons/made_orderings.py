"""What do orderings cost and buy? MADEs of the same size, trained out, for lesson 4.5.1.

``python -m benchmarks.lessons.made_orderings DIGITS NAME SEED`` trains one model on one thread and keeps its curve in
`armod/course/measured/made_orderings.json`: the mean nats for the digits of a split after so many updates, and for an ensemble
the mean over its members beside that of the mixture.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn
from torch.distributions import Bernoulli

import armod
from armod import orderings
from armod.models.base import AutoregressiveModel

RESULTS = Path(armod.__file__).parent / "course" / "measured" / "made_orderings.json"
BITS = armod.likelihoods.Bernoulli()
SETTINGS = {"digits8": (300, 3e-3, 12_800), "digits28": (500, 1e-3, 1600)}  # hidden units, rate, updates
FEW = 3200  # updates after which a single model of the small digits has long begun to forget
OUT = 12_800  # updates after which logistic regressions of the large digits have begun to forget
BATCH = 100


class NADE(AutoregressiveModel):
    """The network of Larochelle and Murray 2011: hidden units for each variable, whose weights all variables share."""

    likelihood = BITS

    def __init__(self, event_shape: tuple[int, ...], hidden_size: int, seed: int) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.event_shape = torch.Size(event_shape)
        self.ordering = torch.arange(self.num_variables)
        W, V = (0.01 * torch.randn(self.num_variables, hidden_size, generator=generator) for _ in range(2))
        self.W, self.V = nn.Parameter(W), nn.Parameter(V)
        self.b, self.c = nn.Parameter(torch.zeros(self.num_variables)), nn.Parameter(torch.zeros(hidden_size))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Bernoulli:
        """Every ``p(x_d | x_<d)``."""
        seen = x.flatten(1)[:, :, None] * self.W
        units = (seen.cumsum(1) - seen + self.c).sigmoid()
        return Bernoulli(logits=((units * self.V).sum(2) + self.b).view(x.shape))


class Apart(NADE):
    """NADE without its sharing: each variable has first weights of its own."""

    def __init__(self, event_shape: tuple[int, ...], hidden_size: int, seed: int) -> None:
        super().__init__(event_shape, hidden_size, seed)
        D, generator = self.num_variables, torch.Generator().manual_seed(seed)
        self.W = nn.Parameter(0.01 * torch.randn(D, D, hidden_size, generator=generator))
        self.c = nn.Parameter(torch.zeros(D, hidden_size))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> Bernoulli:
        """Every ``p(x_d | x_<d)``."""
        earlier = self.ordering < self.ordering[:, None]  # of each variable
        units = (
            torch.einsum("nj,djh->ndh", x.flatten(1).float(), self.W * earlier[..., None]) + self.c
        ).sigmoid()
        return Bernoulli(logits=((units * self.V).sum(2) + self.b).view(x.shape))


class Averaged(nn.Module):
    """Models with weights of their own, trained in turn; the average of their probabilities."""

    def __init__(self, members: list[AutoregressiveModel]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    def log_prob(self, x: Tensor) -> Tensor:
        """The log-likelihood of the mixture."""
        each = torch.stack([member.log_prob(x) for member in self.members])
        return each.logsumexp(0) - math.log(len(each))

    def training_log_prob(self, x: Tensor, *, step: int) -> Tensor:
        """The log-likelihood of the member whose turn it is."""
        return self.members[step % len(self.members)](x)


def _rows(first: Tensor, second: Tensor) -> Tensor:
    return torch.cat([first.flatten(), second.flatten()])


def model_of(name: str, data: armod.data.Dataset, hidden: int, seed: int) -> Any:
    """A new model of this name."""
    if name == "8 rasters":
        return Averaged([model_of("raster", data, hidden, 8 * seed + each) for each in range(8)])
    shape = data.event_shape
    grid = torch.arange(math.prod(shape)).view(shape[1:])
    mixed = torch.Generator().manual_seed(seed)
    by_name: dict[str, Any] = {
        "raster": {"ordering": orderings.raster(shape)},
        "random": {"ordering": orderings.random(shape, seed)},
        "subscale": {"ordering": orderings.subscale(shape, 2)},
        "coarse to fine": {"ordering": orderings.coarse_to_fine(shape)},
        "every second row": {"ordering": _rows(grid[::2], grid[1::2])},
        "rows at random": {"ordering": grid[torch.randperm(len(grid), generator=mixed)].flatten()},
        "8 orderings": {"num_masks": 8},
        "one ordering, 8 masks": {"num_masks": 8, "ordering": orderings.raster(shape)},
    }
    if name in ("NADE", "NADE, weights apart"):
        return (NADE if name == "NADE" else Apart)(tuple(shape), 128 if len(grid) == 8 else 64, seed)
    sizes = {"FVSBN": [], "raster, 2,400 units": [2400]}.get(name, [hidden])
    options = by_name.get(name, by_name["raster"])
    return armod.MADE(shape, sizes, likelihood=BITS, seed=seed, **options).start_from_marginals(data.train)


def train(digits: str, name: str, seed: int, *, updates: int | None = None) -> dict[str, Any]:
    """Train a model, and measure it on its way."""
    data = armod.data.load(digits).binarize()
    hidden, rate, most = SETTINGS[digits]
    most = OUT if (digits, name) == ("digits28", "FVSBN") else most
    updates = updates or (most if digits == "digits28" or "8" in name else FEW)
    model = model_of(name, data, hidden, seed)
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    generator, order = torch.Generator().manual_seed(seed), torch.empty(0, dtype=torch.int64)
    marks = {round(25 * 2 ** (k / 2)) for k in range(30)}
    run: dict[str, Any] = {
        "digits": digits,
        "model": name,
        "seed": seed,
        "updates": [],
        "valid": [],
        "test": [],
    }
    if "8" in name:
        run["members"] = []
    for update in range(1, updates + 1):
        if len(order) < BATCH:
            order = torch.randperm(len(data.train), generator=generator)
        rows, order = order[:BATCH], order[BATCH:]
        loss = -model.training_log_prob(data.train[rows], step=update - 1).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        if update in marks or update == updates:
            run["updates"].append(update)
            for split in ("valid", "test"):
                run[split].append(_nats(model, getattr(data, split)))
            if "members" in run:
                nats = [_nats(member, data.test) for member in model.members]
                run["members"].append(round(sum(nats) / len(nats), 3))
    return run


def _nats(model: Any, x: Tensor) -> float:
    with torch.no_grad():
        return round(-model.log_prob(x).mean().item(), 3)


def best(run: dict[str, Any]) -> float:
    """The test nats of a run where its validation nats are least."""
    return float(run["test"][min(range(len(run["valid"])), key=run["valid"].__getitem__)])


def main() -> None:
    """Train what the command line names, and keep its curve."""
    torch.set_num_threads(1)
    digits, name, seed = sys.argv[1], sys.argv[2], int(sys.argv[3])
    run = train(digits, name, seed)
    print(digits, name, seed, best(run))
    runs = (
        json.loads(RESULTS.read_text()) if RESULTS.exists() else []
    )  # what others have added meanwhile, too
    key = ("digits", "model", "seed")
    runs = [one for one in runs if any(one[each] != run[each] for each in key)] + [run]
    RESULTS.write_text("[\n" + ",\n".join(json.dumps(one) for one in runs) + "\n]\n")


if __name__ == "__main__":
    main()

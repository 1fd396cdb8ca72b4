"""MADE's two speed promises, at 784 variables and hidden layers of 500 and 500."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod import MADE, likelihoods
from benchmarks.measure import Result, interleaved

SHAPE, HIDDEN, BATCH, IMAGES = (1, 28, 28), (500, 500), 100, 16


def training_step(repeats: int = 30) -> list[Result]:
    """One step of Adam, against the same network without masks."""
    model = _model()
    first, second, last = (nn.Linear(layer.in_features, layer.out_features) for layer in model.linear_layers)
    network = nn.Sequential(first, nn.ReLU(), second, nn.ReLU(), last)
    x = torch.randint(2, (BATCH, *SHAPE), generator=_seeded())

    def masked() -> None:
        optimizer.zero_grad(set_to_none=True)
        (-model(x).mean()).backward()
        optimizer.step()

    def unmasked() -> None:
        plain_optimizer.zero_grad(set_to_none=True)
        bits = x.flatten(1).to(torch.float32)
        loss = F.binary_cross_entropy_with_logits(network(bits), bits, reduction="none").sum(1)
        loss.mean().backward()
        plain_optimizer.step()

    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    plain_optimizer = torch.optim.Adam(network.parameters(), fused=True)
    ours, reference = interleaved([masked, unmasked], repeats)
    return [Result("MADE training step, against the network unmasked", ours, reference, at_most=1.15)]


def sampling(repeats: int = 3) -> list[Result]:
    """Sixteen images, cached against naive: once as it stands, once with masks folded into the weights beforehand."""
    model = _model()
    cached, naive, folded = interleaved(
        [
            lambda: _sample(model, "cached"),
            lambda: _sample(model, "naive"),
            lambda: _sample(model, _without_masks(model)),
        ],
        repeats,
        often=[10, 1, 1],
    )
    agreement = difference(model, _sample(model, "cached"), _sample(model, "naive"))
    return [
        Result("cached sampling of 16 images, against naive", cached, naive, at_least=80, note=agreement),
        Result("the same, against naive without the cost of masks", cached, folded),
    ]


def difference(model: MADE, ours: Tensor, reference: Tensor) -> str:
    """Says that two samples from one noise are identical, or how close to its threshold the first difference lies.

    Raises:
        AssertionError: where that is further than rounding explains.
    """
    differs = (ours != reference).flatten(1)
    if not differs.any():
        return "identical samples"
    noise = torch.rand(len(ours), differs.shape[1], dtype=torch.float64, generator=_seeded())
    distances = []
    for row in differs.any(1).nonzero().flatten().tolist():
        k = int(differs[row][model.ordering].nonzero()[0])
        logit = model.conditionals(reference[row : row + 1]).logits.flatten()[model.ordering[k]]
        distances.append(abs(1 - torch.sigmoid(logit.double()) - noise[row, k]).item())
    assert max(distances) < 1e-5, f"samples differ {max(distances):.1e} away from a threshold"
    return f"{len(distances)} rows differ, from a draw within {max(distances):.0e} of its threshold on"


def _model() -> MADE:
    return MADE(SHAPE, HIDDEN, likelihood=likelihoods.Bernoulli())


def _sample(model: MADE, method: object) -> Tensor:
    return model.sample(IMAGES, generator=_seeded(), method=method)  # type: ignore[arg-type]


def _without_masks(model: MADE):
    """A sampler: the naive loop over bare matrix products, the strictest reference that still computes everything."""
    weights = [layer.weight * model._weight_mask(n) for n, layer in enumerate(model.linear_layers)]
    biases = [layer.bias for layer in model.linear_layers]

    def sampler(model: MADE, uniform: Tensor, *_: object) -> Tensor:
        noise = -torch.logit(uniform).float()
        x = torch.zeros(uniform.shape)
        for k, d in enumerate(model.ordering.tolist()):
            hidden = F.relu(F.linear(x, weights[0], biases[0]))
            hidden = F.relu(F.linear(hidden, weights[1], biases[1]))
            x[:, d] = (F.linear(hidden, weights[2], biases[2])[:, d] >= noise[:, k]).float()
        return x.long().view(-1, *SHAPE)

    return sampler


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)

"""MADE's speed promises, at 784 variables and hidden layers of 500 and 500."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor
from torch.nn import functional as F

from armod import MADE, likelihoods
from benchmarks.measure import NO_BFLOAT16, Result, interleaved

SHAPE, HIDDEN, BATCH, IMAGES = (1, 28, 28), (500, 500), 100, 16


def training_step(repeats: int = 30) -> list[Result]:
    """One step of Adam: against the same network without masks, and against a MADE as it is mostly written."""
    model = _model()
    x = torch.randint(2, (BATCH, *SHAPE), generator=_seeded())
    bits = x.flatten(1).to(torch.float32)
    weights = [layer.weight.detach().clone() for layer in model.linear_layers]
    biases = [layer.bias.detach().clone() for layer in model.linear_layers]
    masks = [model._weight_mask(number).clone() for number in range(len(weights))]
    plain_weights, plain_biases = _parameters(weights), _parameters(biases)
    peer_weights, peer_biases = _parameters(weights), _parameters(biases)

    def ours() -> Tensor:
        return -model(x).mean()

    def ours_in_bfloat16() -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            return -model(x).mean()

    def unmasked() -> Tensor:
        return _negative_log_likelihood(bits, plain_weights, plain_biases)

    def peer() -> Tensor:
        masked = [mask * weight for mask, weight in zip(masks, peer_weights, strict=True)]
        return _negative_log_likelihood(bits, masked, peer_biases)

    torch.testing.assert_close(ours(), peer())
    fused = torch.optim.Adam(model.parameters(), fused=True)
    seconds = interleaved(
        [
            _step(ours, fused),
            _step(ours_in_bfloat16, fused),
            _step(unmasked, torch.optim.Adam([*plain_weights, *plain_biases], fused=True)),
            _step(peer, torch.optim.Adam([*peer_weights, *peer_biases])),
        ],
        repeats,
    )
    multiply_adds = 3 * BATCH * sum(weight.numel() for weight in weights)
    name = "MADE training step, 784-500-500, batch 100, against"
    return [
        Result(
            f"{name} the network unmasked", seconds[0], seconds[2], at_most=1.15, multiply_adds=multiply_adds
        ),
        Result(f"{name} a peer's", seconds[0], seconds[3], at_least=1.5),
        Result(
            f"the same in bfloat16{NO_BFLOAT16}", seconds[1], seconds[3], at_least=None if NO_BFLOAT16 else 2
        ),
    ]


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
    multiply_adds = IMAGES * sum(layer.weight.numel() for layer in model.linear_layers)
    agreement = difference(model, _sample(model, "cached"), _sample(model, "naive"))
    return [
        Result(
            "MADE 784-500-500, 16 images, cached against naive",
            cached,
            naive,
            at_least=80,
            note=agreement,
            multiply_adds=multiply_adds,
        ),
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


def _parameters(values: Sequence[Tensor]) -> list[Tensor]:
    return [value.clone().requires_grad_() for value in values]


def _negative_log_likelihood(bits: Tensor, weights: Sequence[Tensor], biases: Sequence[Tensor]) -> Tensor:
    """The loss of a network of these weights as it is usually written."""
    hidden = bits
    for weight, bias in zip(weights[:-1], biases[:-1], strict=True):
        hidden = F.relu(F.linear(hidden, weight, bias))
    logits = F.linear(hidden, weights[-1], biases[-1])
    return F.binary_cross_entropy_with_logits(logits, bits, reduction="none").sum(1).mean()


def _step(loss: Callable[[], Tensor], optimizer: torch.optim.Optimizer) -> Callable[[], None]:
    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        loss().backward()
        optimizer.step()

    return step


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

"""Text of 255 characters from a Transformer of 4 blocks and width 128, cached against computing the past again."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from armod import Transformer, likelihoods
from benchmarks.measure import Result, interleaved

LENGTH, CHARACTERS, WIDTH, BLOCKS, HEADS = 255, 60, 128, 4, 4


def sampling(repeats: int = 5) -> list[Result]:
    """One text, against a loop as peers write it, which runs the network over all characters so far at every step."""
    model = lively_gpt()
    cached, recomputing, naive = interleaved(
        [
            lambda: _sample(model, "cached"),
            lambda: _sample(model, _recomputing),
            lambda: _sample(model, "naive"),
        ],
        repeats,
        often=[5, 1, 1],
    )
    ours, theirs, textbook = (_sample(model, method) for method in ("cached", _recomputing, "naive"))
    is_same = torch.equal(ours, theirs) and torch.equal(ours, textbook)
    note = "identical samples" if is_same else "samples differ by rounding"
    work = _multiply_adds(model)
    return [
        Result(
            f"cached sampling of {LENGTH} characters, against recomputing the past",
            cached,
            recomputing,
            at_least=4,
            note=note,
            multiply_adds=work,
        ),
        Result("the same, against naive, which computes the future too", cached, naive, multiply_adds=work),
    ]


def lively_gpt(length: int = LENGTH) -> Transformer:
    """Weights large enough that the text matters."""
    likelihood = likelihoods.Categorical(CHARACTERS)
    model = Transformer((length,), WIDTH, num_layers=BLOCKS, num_heads=HEADS, likelihood=likelihood)
    generator = _seeded()
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.dim() > 1:
                parameter.normal_(std=0.1, generator=generator)
    return model


def _sample(model: Transformer, method: object) -> Tensor:
    return model.sample(1, generator=_seeded(), method=method)  # type: ignore[arg-type]


def _recomputing(model: Transformer, uniform: Tensor, *_: object) -> Tensor:
    """The loop of minGPT and nanoGPT: a pass over the past, the logits of its last step, softmax, one draw.

    It is given the equal weights, torch's fused attention, and the cheaper draw from explicit noise, where they call
    `torch.multinomial`.
    """
    weights, noise = model.state_dict(), uniform.float()
    table = torch.cat([weights["inputs.levels.weight"], weights["inputs.start"][None]])
    tokens = torch.full((len(uniform), 1), CHARACTERS)
    for step in range(uniform.shape[1]):
        states = F.embedding(tokens, table) + weights["inputs.positions"][: step + 1]
        for block in range(BLOCKS):
            states = _block(states, weights, f"blocks.{block}")
        last = F.layer_norm(states[:, -1], (WIDTH,), weights["norm.weight"], weights["norm.bias"])
        logits = F.linear(last, weights["head.weight"], weights["head.bias"])
        cumulative = F.softmax(logits, dim=-1).cumsum(-1)
        token = (cumulative[:, :-1] <= noise[:, step, None]).sum(-1, keepdim=True)
        tokens = torch.cat([tokens, token], dim=1)
    return tokens[:, 1:]


def _block(states: Tensor, weights: dict[str, Tensor], name: str) -> Tensor:
    """A block of GPT-2 over all steps."""

    def linear(layer: str, inputs: Tensor) -> Tensor:
        return F.linear(inputs, weights[f"{name}.{layer}.weight"], weights[f"{name}.{layer}.bias"])

    def norm(layer: str, inputs: Tensor) -> Tensor:
        return F.layer_norm(
            inputs, (WIDTH,), weights[f"{name}.{layer}.weight"], weights[f"{name}.{layer}.bias"]
        )

    num, length, _ = states.shape
    queries, keys, values = (
        part.view(num, length, HEADS, -1).transpose(1, 2)
        for part in linear("attention_in", norm("attention_norm", states)).split(WIDTH, dim=2)
    )
    means = F.scaled_dot_product_attention(queries, keys, values, is_causal=True)
    states = states + linear("attention_out", means.transpose(1, 2).reshape(num, length, WIDTH))
    hidden = F.gelu(linear("network_in", norm("network_norm", states)), approximate="tanh")
    return states + linear("network_out", hidden)


def _multiply_adds(model: Transformer) -> float:
    """Every matrix once a step, and attention over the steps so far."""
    matrices = sum(layer.weight.numel() for layer in model.modules() if isinstance(layer, torch.nn.Linear))
    attention = BLOCKS * 2 * WIDTH * (LENGTH + 1) / 2
    return LENGTH * (matrices + attention)


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)

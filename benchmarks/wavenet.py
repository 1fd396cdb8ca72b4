"""WaveNet's speed promises: 1,000 samples by ring buffers, cost flat in the receptive field, a training step.

Peers stand here as two plain implementations with our weights: the network of `nn.Conv1d` as it is usually written
(`_Plain`), and the usual way to sample from it fast, a queue of inputs for each layer (`_sample_by_queues`).
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod import WaveNet, likelihoods
from benchmarks.measure import Result, exponent, interleaved

LEVELS, SAMPLES, TRAINING_SAMPLES = 256, 1_000, 16_000
NAIVE_STEPS = 8  # measured of SAMPLES; each costs the same, one pass over the receptive field
CONSTANT_DILATIONS = (1, 8, 64, 512)  # of fields that grow while the number of layers does not


@dataclass(frozen=True)
class Size:
    """A network, and how many times faster than its peers it must be."""

    dilations: tuple[int, ...]
    channels: int
    than_queues: float
    than_naive: float

    @property
    def name(self) -> str:
        return f"WaveNet {len(self.dilations)} x {self.channels}"

    def model(self) -> WaveNet:
        return _model(self.dilations, self.channels)


SIZES = (
    Size(tuple(2**k for k in range(10)), 32, than_queues=8, than_naive=130),
    Size(tuple(2**k for k in range(10)) * 3, 64, than_queues=6, than_naive=200),
)


def sampling(repeats: int = 3) -> list[Result]:
    """Batch 1: against the queues, and against one pass over the receptive field for each sample."""
    return [result for size in SIZES for result in _sampling(size, repeats)]


def flat_cost(repeats: int = 7) -> list[Result]:
    """Seconds against the receptive field, for one number of layers: an exponent of 0."""
    models = [_model((dilation,) * 10, 32) for dilation in CONSTANT_DILATIONS]
    seconds = interleaved([lambda model=model: _sample(model, SAMPLES) for model in models], repeats)
    fields = [model.receptive_field for model in models]
    name = f"{SAMPLES:,} samples, receptive field {fields[-1]:,}, against {fields[0]}; 10 layers"
    note = f"seconds ~ field^{exponent(fields, seconds):.3f}"
    return [Result(name, seconds[-1], seconds[0], at_most=1.25, note=note)]


def training_step(repeats: int = 10) -> list[Result]:
    """One step of Adam on one sequence, against the plain network with torch's default Adam; and in bfloat16."""
    size = SIZES[0]
    x = torch.randint(LEVELS, (1, TRAINING_SAMPLES), generator=_seeded())
    plain = _Plain(size.model())
    optimizer = torch.optim.Adam(plain.parameters())

    def plain_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(plain(plain.shifted(x)), x).backward()
        optimizer.step()

    works = [plain_step, _step(size.model(), x, is_half=False)]
    if torch.cpu._is_avx512_bf16_supported():
        works.append(_step(size.model(), x, is_half=True))
    reference, ours, *half = interleaved(works, repeats)
    name = f"{size.name}, training step, {TRAINING_SAMPLES:,} samples"
    results = [Result(name, ours, reference, at_least=1.3)]
    return results + [Result(f"{name}, bfloat16", seconds, reference, at_least=1.5) for seconds in half]


def _sampling(size: Size, repeats: int) -> list[Result]:
    model = size.model()
    plain, noise = _Plain(model), _noise(SAMPLES)
    ours, queues = interleaved(
        [lambda: _sample(model, SAMPLES), lambda: _sample_by_queues(plain, noise)], repeats, often=[3, 1]
    )
    agreement = _difference(model, _sample(model, SAMPLES), _sample_by_queues(plain, noise))
    multiply_adds = SAMPLES * _multiply_adds(model)
    name = f"{SAMPLES:,} samples, {size.name}"
    return [
        Result(f"{name}, against queues", ours, queues, None, size.than_queues, agreement, multiply_adds),
        Result(
            f"{name}, against naive",
            ours,
            _naive_seconds(model, plain) * SAMPLES,
            at_least=size.than_naive,
            note=f"naive measured on {NAIVE_STEPS} steps",
        ),
    ]


@torch.no_grad()
def _naive_seconds(model: WaveNet, plain: _Plain) -> float:
    """CPU seconds of one pass over as many samples as a conditional sees, of which the last output is used."""
    field = model.receptive_field
    sample = _sample(model, field + NAIVE_STEPS)
    noise = _noise(field + NAIVE_STEPS)
    seconds = []
    for step in range(field, field + NAIVE_STEPS):
        begin = time.process_time()
        level = _draw(plain(sample[:, step - field : step])[..., -1], noise[:, step])
        seconds.append(time.process_time() - begin)
        if level != sample[:, step]:
            _check_threshold(model, sample, step)
    return statistics.median(seconds)


class _Plain(nn.Module):
    """The network as peers write it: one-hot inputs, one convolution each for filter, gate, residual and skip."""

    def __init__(self, model: WaveNet) -> None:
        super().__init__()
        assert model.skip is not None and model.kernel_size == 2
        channels, self.start_level = model.channels, LEVELS
        self.entry = _convolution(model.inputs.table().detach().T)
        self.filters, self.gates, self.residuals, self.skips = (nn.ModuleList() for _ in range(4))
        for number, layer in enumerate(model.convolutions):
            to_filter, to_gate = layer.weight.detach().permute(1, 2, 0).chunk(2)
            filter_bias, gate_bias = layer.bias.detach().chunk(2)
            self.filters.append(_convolution(to_filter, filter_bias, layer.dilation))
            self.gates.append(_convolution(to_gate, gate_bias, layer.dilation))
            share = model.skip.weight.detach()[:, number * channels : (number + 1) * channels]
            self.skips.append(_convolution(share, model.skip.bias.detach() if number == 0 else None))
        for layer in model.residuals:
            self.residuals.append(_convolution(layer.weight.detach()))
        self.hidden = _convolution(model.hidden.weight.detach(), model.hidden.bias.detach())
        self.head = _convolution(model.head.weight.detach(), model.head.bias.detach())

    def shifted(self, x: Tensor) -> Tensor:
        """What the network reads to give the conditionals of x: the level before each."""
        return F.pad(x[:, :-1], (1, 0), value=self.start_level)

    def forward(self, levels: Tensor) -> Tensor:
        """Levels ``(N, T)``, each the one before -> logits ``(N, K, T)``."""
        stream = self.entry(F.one_hot(levels, LEVELS + 1).float().transpose(1, 2))
        skips = 0
        for number, (to_filter, to_gate) in enumerate(zip(self.filters, self.gates, strict=True)):
            padded = F.pad(stream, (to_filter.dilation[0], 0))
            gated = torch.tanh(to_filter(padded)) * torch.sigmoid(to_gate(padded))
            skips = skips + self.skips[number](gated)
            if number < len(self.residuals):
                stream = stream + self.residuals[number](gated)
        return self.head(F.relu(self.hidden(F.relu(skips))))


@torch.no_grad()
def _sample_by_queues(plain: _Plain, noise: Tensor) -> Tensor:
    """One sample after the other: a queue for each layer remembers what it read `dilation` steps ago."""
    channels = plain.hidden.in_channels
    queues = [deque([torch.zeros(1, channels, 1)] * layer.dilation[0]) for layer in plain.filters]
    level, levels = torch.tensor([plain.start_level]), []
    for k in range(noise.shape[1]):
        stream = plain.entry(F.one_hot(level, LEVELS + 1).float().unsqueeze(2))
        skips = 0
        for number, (to_filter, to_gate, queue) in enumerate(
            zip(plain.filters, plain.gates, queues, strict=True)
        ):
            pair = torch.cat([queue.popleft(), stream], dim=2)
            queue.append(stream)
            gated = torch.tanh(F.conv1d(pair, to_filter.weight, to_filter.bias)) * torch.sigmoid(
                F.conv1d(pair, to_gate.weight, to_gate.bias)
            )
            skips = skips + plain.skips[number](gated)
            if number < len(plain.residuals):
                stream = stream + plain.residuals[number](gated)
        level = _draw(plain.head(F.relu(plain.hidden(F.relu(skips))))[..., 0], noise[:, k])
        levels.append(level)
    return torch.stack(levels, dim=1)


def _convolution(weight: Tensor, bias: Tensor | None = None, dilation: int = 1) -> nn.Conv1d:
    """``nn.Conv1d`` with these weights, ``(out, in)`` or ``(out, in, taps)``."""
    weight = weight.unsqueeze(2) if weight.dim() == 2 else weight
    layer = nn.Conv1d(*weight.shape[1::-1], weight.shape[2], dilation=dilation, bias=bias is not None)
    layer.weight = nn.Parameter(weight.clone(memory_format=torch.contiguous_format))
    if bias is not None:
        layer.bias = nn.Parameter(bias.clone())
    return layer


def _step(model: WaveNet, x: Tensor, is_half: bool) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=is_half):
            loss = -model(x).mean() / x.shape[1]
        loss.backward()
        optimizer.step()

    return step


def _difference(model: WaveNet, ours: Tensor, reference: Tensor) -> str:
    """Says that two samples from one noise are identical, or differ first where rounding explains it."""
    differs = (ours != reference)[0].nonzero().flatten().tolist()
    if not differs:
        return "identical samples"
    _check_threshold(model, ours, differs[0])
    return f"identical up to sample {differs[0]}, whose draw lies on its threshold"


@torch.no_grad()
def _check_threshold(model: WaveNet, sample: Tensor, step: int) -> None:
    """AssertionError unless the draw at `step` lies within 1e-5 of a level's end."""
    ends = model.conditionals(sample[:, : step + 1]).probs[0, -1].double().cumsum(0)
    distance = (ends - _noise(sample.shape[1])[0, step]).abs().min().item()
    assert distance < 1e-5, f"samples differ {distance:.1e} away from a threshold"


def _draw(logits: Tensor, uniform: Tensor) -> Tensor:
    return likelihoods.inverse_cdf(torch.distributions.Categorical(logits=logits), uniform)


def _multiply_adds(model: WaveNet) -> int:
    """Of one sample: 2 outputs a tap and a skip in each layer, residuals between layers, two layers at the output."""
    layers, channels = len(model.dilations), model.channels
    in_squares = (2 * model.kernel_size + 1) * layers + layers - 1 + 1
    return in_squares * channels**2 + channels * LEVELS


def _model(dilations: tuple[int, ...], channels: int) -> WaveNet:
    return WaveNet(
        (SAMPLES,), channels, dilations=dilations, likelihood=likelihoods.Categorical(LEVELS), seed=1
    )


def _sample(model: WaveNet, length: int) -> Tensor:
    return model.sample(1, length=length, generator=_seeded())


def _noise(length: int) -> Tensor:
    return torch.rand(1, length, dtype=torch.float64, generator=_seeded())


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)

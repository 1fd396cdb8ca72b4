"""Gated PixelCNN's speed promises at 7 layers of 64 channels: sampling, its growth with the image, a training step."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod import GatedPixelCNN, likelihoods
from armod.models.raster.masked_convolution import MaskedConvolution
from benchmarks.measure import Result, exponent, interleaved
from benchmarks.pixels import IMAGES, SHAPE, sample, sampled

CHANNELS, LAYERS, LEVELS, BATCH = 64, 7, 256, 64
WIDTHS = (14, 28, 42, 56)


def sampling(repeats: int = 5) -> list[Result]:
    """Cached against naive, which is measured on some of its steps."""
    pixels = IMAGES * SHAPE[1] * SHAPE[2]
    name = f"Gated PixelCNN {LAYERS} x {CHANNELS}, {IMAGES} images, against naive"
    return [sampled(_model(SHAPE), name, 300, pixels * _multiply_adds(), repeats)]


def pixels(repeats: int = 3) -> list[Result]:
    """Seconds against the number of pixels: an exponent of 1."""
    models = [_model((1, width, width)) for width in WIDTHS]
    seconds = interleaved([lambda model=model: sample(model) for model in models], repeats)
    numbers = [width * width for width in WIDTHS]
    note = f"seconds ~ pixels^{exponent(numbers, seconds):.2f} for widths {', '.join(map(str, WIDTHS))}"
    name = f"{WIDTHS[-1]} x {WIDTHS[-1]} pixels against {WIDTHS[0]} x {WIDTHS[0]}, each"
    return [Result(name, seconds[-1] / numbers[-1], seconds[0] / numbers[0], at_most=1.25, note=note)]


def training_step(repeats: int = 3) -> list[Result]:
    """One step of Adam on 64 images of 256 levels, against the plain network with torch's default Adam; and bfloat16."""
    model = _model(SHAPE, likelihoods.Categorical(LEVELS))
    plain = _Plain(model)
    optimizer = torch.optim.Adam(plain.parameters())
    x = torch.randint(LEVELS, (BATCH, *SHAPE), generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(
        plain(x[:2]).log_softmax(1).permute(0, 2, 3, 1), model.conditionals(x[:2]).logits[:, 0]
    )

    def plain_step() -> None:
        optimizer.zero_grad(set_to_none=True)
        F.cross_entropy(plain(x), x[:, 0]).backward()
        optimizer.step()

    works = [plain_step, _step(model, x, is_half=False)]
    if torch.cpu._is_avx512_bf16_supported():
        works.append(_step(_model(SHAPE, likelihoods.Categorical(LEVELS)), x, is_half=True))
    reference, ours, *half = interleaved(works, repeats)
    name = f"Gated PixelCNN {LAYERS} x {CHANNELS}, training step, {LEVELS} levels"
    results = [Result(name, ours, reference, at_least=1.2)]
    return results + [Result(f"{name}, bfloat16", seconds, reference, at_least=2.8) for seconds in half]


class _Plain(nn.Module):
    """The network as peers write it: channels first, kernels of full size under masks, a convolution for each arrow."""

    def __init__(self, model: GatedPixelCNN) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            nn.ModuleList(map(_Masked, (layer.vertical, layer.horizontal, layer.link, layer.mix)))
            for layer in model.gated_layers
        )
        self.hidden, self.output = _Masked(model.hidden), _Masked(model.output)

    def forward(self, x: Tensor) -> Tensor:
        """Levels ``(N, 1, H, W)`` -> logits ``(N, K, H, W)``."""
        v = h = 2 * x.float() / (LEVELS - 1) - 1
        for number, (vertical, horizontal, link, mix) in enumerate(self.layers):
            above = vertical(v)
            mixed = mix(_gate(horizontal(h) + link(above)))
            v, h = _gate(above), mixed if number == 0 else h + mixed
        return self.output(F.relu(self.hidden(F.relu(h))))


class _Masked(nn.Conv2d):
    """A convolution whose odd kernel is multiplied with its mask in each pass."""

    def __init__(self, layer: MaskedConvolution) -> None:
        above, below, rows, columns = layer.weight.shape
        is_square, is_row = rows > 1, rows == 1 < columns
        padding = (0, columns - 1 if is_row else 0, 0, rows - 1 if is_square else 0)
        weight, mask = (F.pad(values.detach(), padding) for values in (layer.weight, layer.mask))
        kernel = (weight.shape[2], weight.shape[3])
        super().__init__(below, above, kernel, padding=(kernel[0] // 2, kernel[1] // 2))
        self.register_buffer("mask", mask)
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(layer.bias.detach().clone())

    def forward(self, x: Tensor) -> Tensor:
        return F.conv2d(x, self.weight * self.mask, self.bias, padding=self.padding)


def _gate(features: Tensor) -> Tensor:
    filters, gates = features.chunk(2, dim=1)
    return torch.tanh(filters) * torch.sigmoid(gates)


def _model(shape: tuple[int, ...], likelihood: likelihoods.Likelihood | None = None) -> GatedPixelCNN:
    return GatedPixelCNN(shape, CHANNELS, LAYERS, likelihood=likelihood or likelihoods.Bernoulli())


def _multiply_adds() -> int:
    """Of one pixel of a grey image: six taps up, two to the left, the link, the 1x1 after the gate, the last layers."""
    p = CHANNELS
    first = 2 * p * 3 + 2 * p * 1 + 2 * p * 2 * p + p * p
    later = 2 * p * 6 * p + 2 * p * 2 * p + 2 * p * 2 * p + p * p
    return first + (LAYERS - 1) * later + p * p + p


def _step(model: GatedPixelCNN, x: Tensor, is_half: bool) -> Callable[[], None]:
    optimizer = torch.optim.Adam(model.parameters(), fused=True)

    def step() -> None:
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cpu", torch.bfloat16, enabled=is_half):
            loss = -model(x).mean()
        loss.backward()
        optimizer.step()

    return step

"""Whispered speech as a process whose density is known: linear prediction with logistic innovations.

Speech is a source that the mouth filters. Linear prediction (Atal and Hanauer 1971) finds the filter of each moment: it says
the next sample by a weighted sum of the last ten. What it can't say is the source, and if that is white noise, the same
mouth whispers. With logistic noise such a whisper is an autoregressive model with a density, an entropy and a spectrum that
are known exactly, so a student of it can be measured against the truth.

A filter is described by its reflection coefficients, one for each sample of the past. Any numbers between -1 and 1 make a
stable filter, so they can be interpolated in time; their inverse hyperbolic tangents are free of bounds.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor
from torch.nn import functional as F

from armod.data.sets.speech import UTTERANCES, utterances
from armod.inputs import tensor_of
from armod.likelihoods import Logistic
from armod.likelihoods.logistic import LogisticDensity
from armod.models.base import AutoregressiveModel
from armod.mu_law import mu_law_decode
from armod.sampling.walk import Steps, Walk
from armod.settings import check_event_shape, check_sizes

ORDER = 10
_FRAME, _HOP = 240, 80  # 30 ms and 10 ms at 8 kHz
_LARGEST_REFLECTION = 0.999
# a logistic variable has the standard deviation pi / sqrt(3) in units of its scale
_LOG_SCALE_OF_UNIT_VARIANCE = math.log(math.sqrt(3) / math.pi)


class LinearPrediction(AutoregressiveModel):
    """Each sample is a weighted sum of the last few plus logistic noise, ``x_t = sum_j a_j x_{t-j} + s e_t``.

    Before the beginning there are zeros. A filter is given by its features: the inverse hyperbolic tangents of its reflection
    coefficients, and the logarithm of the scale s. `analyse` finds those of a sound.

    Args:
        features: ``(order + 1,)`` of a filter that stays the same; None for a process that is told the features of each
            moment as its context, ``(N, order + 1, T)``.
        order: how many samples back the filter sees.
        event_shape: ``(T,)``; observations may have any other length at run time.

    Raises:
        ValueError: if the features have another shape or are not finite.

    White noise of scale 1, which has the entropy log 1 + 2 nats:

    >>> white = LinearPrediction(torch.zeros(3), order=2)
    >>> white.log_prob(torch.zeros(1, 4)).exp(), white.entropy_rate()
    (tensor([0.0039]), 2.0)
    """

    likelihood: Logistic
    any_length = True
    features: Tensor | None
    _unit: Tensor

    def __init__(
        self, features: Tensor | None = None, *, order: int = ORDER, event_shape: tuple[int, ...] = (500,)
    ) -> None:
        super().__init__()
        (self.order,) = check_sizes(order=order)
        self.event_shape = check_event_shape(event_shape, "(T,)")
        self.likelihood = Logistic()
        self.context_size = 0 if features is not None else order + 1
        self.register_buffer("ordering", torch.arange(self.num_variables))
        if features is not None:
            features = tensor_of(features, "features", f"shape ({order + 1},)")
            if features.shape != (order + 1,) or not bool(features.isfinite().all()):
                raise ValueError(
                    f"features are {order + 1} finite numbers, a filter and its log scale, not {tuple(features.shape)}."
                )
        self.register_buffer("features", features)
        like = features if features is not None else torch.zeros(())
        self.register_buffer("_unit", torch.ones((), dtype=like.dtype), persistent=False)  # says the dtype

    @classmethod
    def vowel(cls) -> LinearPrediction:
        """Make the whispered vowel: the filter of the loudest 30 ms of the training utterances of "speech"."""
        sounds = utterances()
        analysed = [analyse(mu_law_decode(sounds[name])) for name in UTTERANCES["train"]]
        features, gain = max(analysed, key=lambda each: float(each[1].max()))
        return cls(features[:, int(gain.argmax())])

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> LogisticDensity:
        """Compute every ``p(x_t | x_<t)`` in one pass, for any T; differentiable in x."""
        x = self.check_levels(x)
        x = x.to(self._unit.dtype)
        weights, log_scales = self._filters(self.check_context(context, len(x), x.shape[1:]))
        length, padded = x.shape[1], F.pad(x, (self.order, 0))
        past = [padded[:, self.order - lag :][:, :length] for lag in range(1, self.order + 1)]
        means = (torch.stack(past, dim=-1) * weights).sum(-1, keepdim=True)
        return LogisticDensity(
            torch.zeros_like(means), means, log_scales.expand_as(means), validate_args=False
        )

    def cached_view(self, num_samples: int, context: Tensor | None) -> Walk:
        """Generate one sample at a time from the last few."""
        length = context.shape[2] if context is not None and context.dim() == 3 else None
        return _FilterWalk(self.likelihood, *self._filters(context), num_samples, length)

    def reach(self) -> Tensor:
        """Tell which samples the filter sees, the last few, as `AutoregressiveModel.reach`."""
        step = torch.arange(self.num_variables)
        back = step[:, None] - step[None, :]
        return (back > 0) & (back <= self.order)

    def entropy_rate(self, context: Tensor | None = None) -> float:
        """Compute the entropy in nats per sample, which is exact: the mean of the log scale, + 2.

        Args:
            context: features ``(N, order + 1, T)``, for a process that needs them.

        Returns:
            The entropy.
        """
        return self._filters(context)[1].mean().item() + 2

    def spectrum(self, num_frequencies: int = 129, context: Tensor | None = None) -> Tensor:
        """Compute the power density of the filtered noise.

        Args:
            num_frequencies: how many frequencies, evenly from 0 to half the sample rate.
            context: features ``(N, order + 1)`` or ``(N, order + 1, T)``, for a process that needs them.

        Returns:
            Power per sample, ``(num_frequencies,)``, or ``(N, T or 1, num_frequencies)`` with a context; its mean over all
            frequencies is the variance.
        """
        weights, log_scales = self._filters(context)
        angles = torch.linspace(0, math.pi, num_frequencies, dtype=torch.float64)
        lags = torch.arange(1, self.order + 1, dtype=torch.float64)
        response = 1 - weights.to(torch.complex128) @ torch.exp(-1j * lags[:, None] * angles)
        density = math.pi**2 / 3 * (2 * log_scales.double()).exp() / response.abs().square()
        return density.squeeze(0).squeeze(0) if context is None else density

    def _filters(self, context: Tensor | None) -> tuple[Tensor, Tensor]:
        """Weights ``(N or 1, T or 1, order)``, newest sample first, and log scales ``(N or 1, T or 1, 1)``."""
        features = self.features[None] if context is None and self.features is not None else context
        if features is None:
            raise ValueError("This process needs features of each moment as its context, but there are none.")
        features = features.to(self._unit)
        by_step = features.unsqueeze(1) if features.dim() == 2 else features.transpose(1, 2)
        return _weights(by_step[..., :-1].tanh()), by_step[..., -1:]


class _FilterWalk(Walk):
    """The incremental view: it remembers as many samples as the filter sees.

    Args:
        likelihood: the logistic likelihood.
        weights: as `LinearPrediction._filters`.
        log_scales: of the same.
        num_samples: N.
        num_variables: T, or None for a walk without end.
    """

    def __init__(
        self,
        likelihood: Logistic,
        weights: Tensor,
        log_scales: Tensor,
        num_samples: int,
        num_variables: int | None,
    ) -> None:
        features = torch.cat([weights, log_scales], dim=-1)
        super().__init__(likelihood, weights, num_samples, num_variables, features)

    def allocate(self) -> None:
        """Make the memory of the last samples, newest first."""
        assert self.context is not None
        order = self.context.shape[2] - 1
        self._past = self.context.new_zeros(self.num_samples, order)
        by_step = self.context.transpose(0, 1).expand(-1, self.num_samples, -1)
        self._weights, self._log_scales = by_step.split([order, 1], dim=-1)

    def state(self) -> dict[str, tuple[Tensor, int]]:
        """Name the last samples, as `Walk.state`."""
        return {"past": (self._past, 0)}

    def steps(self) -> Steps:
        """Predict, receive the sample, and remember it."""
        is_same = len(self._weights) == 1
        while True:
            if self.parameters is None:
                step = 0 if is_same else self.step
                mean = (self._past * self._weights[step]).sum(-1, keepdim=True)
                self.parameters = torch.cat([torch.zeros_like(mean), mean, self._log_scales[step]], dim=1)
            values = yield self.parameters
            self.parameters = None
            self._past.copy_(torch.cat([values.unsqueeze(1), self._past[:, :-1]], dim=1))
            self.step += 1


def analyse(wave: Tensor, order: int = ORDER) -> tuple[Tensor, Tensor]:
    """Find the filter and the loudness of each moment of a sound.

    Every 10 ms the autocorrelations of 30 ms give reflection coefficients (Levinson's recursion). The loudness is taken out:
    a process with these features has about variance 1, and times the gain it is as loud as the sound.

    Args:
        wave: a sound ``(T,)`` at 8 kHz.
        order: how many samples back the filter sees.

    Returns:
        Features ``(order + 1, T)``, as `LinearPrediction` reads them, and the gain ``(T,)``.

    Raises:
        ValueError: if it is no sound of one dimension.

    >>> features, gain = analyse(torch.sin(0.3 * torch.arange(800.0)))
    >>> features.shape, gain[400].mul(100).round()
    (torch.Size([11, 800]), tensor(71.))
    """
    (order,) = check_sizes(order=order)
    wave = tensor_of(wave, "wave", "shape (T,)")
    if wave.dim() != 1 or not len(wave) or not wave.is_floating_point():
        raise ValueError(f"wave is a sound of floats (T,), not {wave.dtype} {tuple(wave.shape)}.")
    length = len(wave)
    num_frames = -(-length // _HOP) + 1
    padded = F.pad(wave.double(), (_FRAME // 2, num_frames * _HOP + _FRAME - length))
    frames = padded.unfold(0, _FRAME, _HOP)[:num_frames] * torch.hann_window(_FRAME, dtype=torch.float64)
    lagged = [(frames[:, lag:] * frames[:, : _FRAME - lag]).sum(1) for lag in range(order + 1)]
    correlations = torch.stack(lagged, dim=1)
    energy = correlations[:, 0] / torch.hann_window(_FRAME, dtype=torch.float64).square().sum()
    correlations[:, 0] = correlations[:, 0] * (1 + 1e-4) + 1e-9  # a floor of white noise, for silence
    reflections = _reflections(correlations)
    # the innovations of a process of variance 1 have the variance prod (1 - k^2)
    log_scale = (1 - reflections.square()).log().sum(1, keepdim=True) / 2 + _LOG_SCALE_OF_UNIT_VARIANCE
    of_frames = torch.cat([reflections.atanh(), log_scale, (energy + 1e-9).log().unsqueeze(1) / 2], dim=1)
    moments = F.interpolate(
        of_frames.T[None], size=(num_frames - 1) * _HOP + 1, mode="linear", align_corners=True
    )
    features, log_gain = moments[0, :-1, :length], moments[0, -1, :length]
    return features.to(wave.dtype), log_gain.exp().to(wave.dtype)


def utterance_context(name: str) -> tuple[Tensor, Tensor]:
    """Analyse an utterance of the data set "speech", whose test split is "0930".

    Args:
        name: "0870", "0880", "0890", "0920" or "0930".

    Returns:
        The context ``(1, 11, T)`` of a `LinearPrediction` that whispers it, and the gain ``(1, T)``.

    Raises:
        ValueError: if there is no such utterance.

    >>> context, gain = utterance_context("0930")
    >>> context.shape, gain.shape
    (torch.Size([1, 11, 26320]), torch.Size([1, 26320]))
    """
    sounds = utterances()
    if name not in sounds:
        raise ValueError(f"name is one of {', '.join(sounds)}, not {name!r}.")
    features, gain = analyse(mu_law_decode(sounds[name]))
    return features[None], gain[None]


def _reflections(correlations: Tensor) -> Tensor:
    """Reflection coefficients ``(frames, order)`` of autocorrelations ``(frames, order + 1)``, by Levinson's recursion."""
    error, weights = correlations[:, 0], correlations[:, :0]
    reflections = []
    for lag in range(1, correlations.shape[1]):
        predicted = (weights * correlations[:, 1:lag].flip(1)).sum(1)
        reflection = (correlations[:, lag] - predicted) / error
        reflection = reflection.clamp(-_LARGEST_REFLECTION, _LARGEST_REFLECTION)
        reflections.append(reflection)
        weights = _one_longer(weights, reflection.unsqueeze(1))
        error = error * (1 - reflection.square())
    return torch.stack(reflections, dim=1)


def _weights(reflections: Tensor) -> Tensor:
    """The weights of the last samples, newest first, ``(..., order)``, of reflection coefficients ``(..., order)``."""
    weights = reflections[..., :0]
    for reflection in reflections.split(1, dim=-1):
        weights = _one_longer(weights, reflection)
    return weights


def _one_longer(weights: Tensor, reflection: Tensor) -> Tensor:
    """A filter that sees one sample more, whose weight is the reflection coefficient ``(..., 1)``."""
    return torch.cat([weights - reflection * weights.flip(-1), reflection], dim=-1)

"""`Conditional`: an encoder in front of a model, which together are one model of p(x | input).

The chain rule does not change: every factor gets the input beside its past. A model of armod sees its context only at the place
of each variable, so that the encoder has to bring everything there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions, nn

from armod.encoders import normalised
from armod.inputs import count_of, described, tensor_of
from armod.models.base import AutoregressiveModel
from armod.models.checks import check_model
from armod.models.shortcuts import is_own
from armod.sampling.samplers import device_of
from armod.sampling.walk import Incremental
from armod.settings import check_switches


class Conditional(AutoregressiveModel):
    """A model of p(x | input): an encoder turns the raw input into the context of a model, and both learn together.

    The context of this model is what the encoder reads, a tensor with one row for each observation (or one row for all). The
    encoder's output is normalised over its channels (`armod.encoders.normalised`). Otherwise nothing holds its size: in 100
    steps of Adam it grew from 0.03 to 357, all gates of a GatedPixelCNN were saturated, and the model knew neither its input
    nor its past from then on, without an error.

    Everything else is the model's: observations, ordering, likelihood, and both views. The encoder runs once for each call of
    one of them. In training mode its dropout is active, as that of a model is.

    Args:
        encoder: a module from the raw input ``(N, ...)`` to the model's context, ``(N, C)``, ``(N, C, T)`` or
            ``(N, C, H, W)``. `armod.encoders` has ready ones.
        model: a model that was built with a context of C channels.
        normalise: False leaves the encoder's output as it is.

    Attributes:
        encoder: the encoder.
        model: the model behind it, whose contexts are what `encode` returns.

    Raises:
        ValueError: if the encoder is no module, or the model was built without a context.

    A 2 x 2 thumbnail decides what an image of 8 x 8 pixels looks like:

    >>> import armod
    >>> pixels = armod.GatedPixelCNN((1, 8, 8), 8, 2, likelihood=armod.likelihoods.Bernoulli(), context_channels=6)
    >>> model = Conditional(armod.encoders.images(1, 6, scale=4), pixels)
    >>> thumbnails = torch.rand(3, 1, 2, 2)
    >>> model.sample(context=thumbnails).shape, model.log_prob(torch.zeros(3, 1, 8, 8), thumbnails).shape
    (torch.Size([3, 1, 8, 8]), torch.Size([3]))
    """

    encoder: nn.Module
    model: AutoregressiveModel

    def __init__(self, encoder: nn.Module, model: AutoregressiveModel, *, normalise: bool = True) -> None:
        super().__init__()
        if not isinstance(encoder, nn.Module) or isinstance(encoder, AutoregressiveModel):
            raise ValueError(
                f"encoder is a module from the raw input to the model's context, such as armod.encoders.images(...), not "
                f"{described(encoder)}."
            )
        check_model(model)
        if model.context_size == 0:
            raise ValueError(
                f"model is a model with a context, but this {type(model).__name__} was built without one: build it with the "
                "number of channels that the encoder makes."
            )
        check_switches(normalise=normalise)
        self.encoder, self.model, self.normalise = encoder, model, normalise
        self.event_shape, self.likelihood = model.event_shape, model.likelihood
        self.any_length, self.max_length = model.any_length, model.max_length

    @property
    def ordering(self) -> Tensor:  # type: ignore[override]
        """The model's ordering, which a state dict may replace."""
        return self.model.ordering

    @property
    def receptive_field(self) -> Any:
        """The model's own `AutoregressiveModel.receptive_field`; the input is seen beyond it."""
        return self.model.receptive_field

    def encode(self, context: Tensor) -> Tensor:
        """Compute what the model gets as its context: the encoder's output, normalised.

        Args:
            context: the raw input ``(N, ...)``.

        Returns:
            The model's context, ``(N, C)`` or ``(N, C, ...)``.

        Raises:
            ValueError: if the encoder can't read the input, or gives no such tensor.
        """
        raw = self._raw(context)
        try:
            features = self.encoder(raw)
        except torch.cuda.OutOfMemoryError:
            raise
        except (RuntimeError, TypeError, IndexError) as error:
            reason = next(iter(str(error).strip().splitlines()), type(error).__name__).rstrip(".")
            raise ValueError(
                f"The encoder can't read a context of shape {tuple(raw.shape)} and dtype {raw.dtype}: {reason}."
            ) from error
        is_context = isinstance(features, Tensor) and features.is_floating_point() and features.dim() > 1
        if not is_context or len(features) != len(raw):
            what = (
                f"{features.dtype} {tuple(features.shape)}"
                if isinstance(features, Tensor)
                else described(features)
            )
            raise ValueError(
                f"The encoder gives a context of real numbers, ({len(raw)}, C) or ({len(raw)}, C, ...), but it gave {what}."
            )
        return normalised(features) if self.normalise else features

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d, context)`` in one pass, as `AutoregressiveModel.conditionals`."""
        x = self.check_levels(x)
        return self.model.conditionals(x, self._context_for(context, len(x), x.shape[1:]))

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """Start to generate observations one variable at a time, by the model's own view; the input is encoded once."""
        if not is_own(self, "conditionals", Conditional):
            return super().incremental(num_samples, context)
        num_samples = count_of(num_samples, None)
        with torch.no_grad(), torch.autocast(device_of(self).type, enabled=False):
            features = self._context_for(context, num_samples, None)
        return self.model.incremental(num_samples, features)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the exact log-likelihood of each observation given its input, as `AutoregressiveModel.log_prob`."""
        if not is_own(self, "conditionals", Conditional):
            return super().log_prob(x, context)
        x = self.check_levels(x)
        return self.model.log_prob(x, self._context_for(context, len(x), x.shape[1:]))

    def log_prob_per_variable(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute each factor of the chain rule, as `AutoregressiveModel.log_prob_per_variable`."""
        if not is_own(self, "conditionals", Conditional):
            return super().log_prob_per_variable(x, context)
        x = self.check_levels(x)
        return self.model.log_prob_per_variable(x, self._context_for(context, len(x), x.shape[1:]))

    def training_log_prob(self, x: Tensor, context: Tensor | None = None, *, step: int) -> Tensor:
        """Compute what the model itself maximises, as `AutoregressiveModel.training_log_prob`."""
        if is_own(self.model, "training_log_prob", AutoregressiveModel):
            return self(x, context)
        x = self.check_levels(x)
        return self.model.training_log_prob(x, self._context_for(context, len(x), x.shape[1:]), step=step)

    def sample(self, num_samples: int | None = None, context: Tensor | None = None, **options: Any) -> Tensor:
        """Draw observations for inputs, or complete partly known ones, as `AutoregressiveModel.sample`.

        Args:
            num_samples: N; None draws one for each row of the context.
            context: the raw input; a single row serves all samples.
            **options: all the other arguments of `AutoregressiveModel.sample`.

        Returns:
            Levels, int64 ``(num_samples, *event_shape)``.

        Raises:
            ValueError: as `AutoregressiveModel.sample`.
        """
        if getattr(self.model, "num_masks", 1) == 1:
            return super().sample(num_samples, context, **options)
        # an ensemble draws its members in a way of its own
        num_samples = count_of(num_samples, context)
        with torch.no_grad(), torch.autocast(device_of(self).type, enabled=False):
            features = self._context_for(context, num_samples, self.event_shape)
        return self.model.sample(num_samples, features, **options)

    def reach(self) -> Tensor:
        """Tell which earlier variables lie in the field of each variable of the model, as `AutoregressiveModel.reach`."""
        return self.model.reach()

    def ordering_for(self, num_variables: int) -> Tensor:
        """Return the model's ordering for observations of another length, as `AutoregressiveModel.ordering_for`."""
        return self.model.ordering_for(num_variables)

    def check_context(self, context: object, num: int, event_shape: Sequence[int]) -> Tensor:
        """Check a raw input of the encoder, whose shape is the encoder's affair.

        Args:
            context: what a user gave; a single row serves all observations.
            num: N, the number of observations.
            event_shape: shape of these observations.

        Returns:
            The raw input of every observation; real numbers in the dtype of the weights.

        Raises:
            ValueError: if it is missing, or has another number of rows.
        """
        raw = self._raw(context)
        if torch.compiler.is_compiling():
            return raw
        if len(raw) not in (1, num):
            raise ValueError(
                f"The context, which the encoder reads, has a row for each of the {num} observations, or one row for all, "
                f"but it has shape {tuple(raw.shape)}."
            )
        return raw.expand(num, *raw.shape[1:]) if len(raw) == 1 else raw

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return "" if self.normalise else "normalise=False"

    def _raw(self, context: object) -> Tensor:
        """A raw input as a tensor with rows."""
        if context is None:
            raise ValueError(
                "This model needs a context, which its encoder reads, with a row for each observation, but there is none."
            )
        raw = tensor_of(context, "context", "what the encoder reads, (N, ...)")
        if raw.dim() == 0:
            raise ValueError(
                "The context, which the encoder reads, has a row for each observation, not shape ()."
            )
        if raw.is_floating_point():
            dtypes = (weight.dtype for weight in self.parameters() if weight.is_floating_point())
            raw = raw.to(next(dtypes, raw.dtype))
        return raw

    def _context_for(self, context: object, num: int, event_shape: Sequence[int] | None) -> Tensor:
        """The model's context for `num` observations; without an `event_shape` it may decide their length."""
        raw = self.check_context(context, num, event_shape or self.event_shape)
        if len(raw) > 1 and raw.stride(0) == 0:  # the same for all observations
            raw = raw[:1]
        features = self.encode(raw)
        if torch.compiler.is_compiling():
            return features
        try:
            shape = self.model._shape_for(None, features) if event_shape is None else event_shape
            checked = self.model.check_context(features, num, shape)
        except ValueError as error:
            raise ValueError(
                f"The encoder's output, of shape {tuple(features.shape)}, does not fit its model: {str(error).rstrip('.')}."
            ) from None
        return features if checked is None else checked

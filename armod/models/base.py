"""The protocol of every model: two views of one chain rule, ``p(x) = prod_k p(x_k | x_<k)``.

`conditionals` gives all D factors at once when the observation is known: that is training and likelihood.
`incremental` gives them one at a time while the observation is being made: that is sampling. A model implements these
two; likelihoods, samples and completions are inherited. One test holds every model to their agreement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions, nn

from armod import likelihoods
from armod.likelihoods import Likelihood
from armod.sampling.samplers import Recomputing, Sampler, device_of, sampler_named
from armod.sampling.walk import Incremental


class AutoregressiveModel(nn.Module):
    """A distribution over observations of `event_shape`, factorised in the order `ordering`.

    event_shape: shape of one observation, ``(D,)``, ``(T,)`` or ``(C, H, W)``.
    ordering: permutation ``(D,)``; ``ordering[k]`` is the flat (row-major) index of the variable generated k-th.
    likelihood: the family of the conditionals, if the model has one for all.
    context_size: C of the context ``(N, C)``, or local ``(N, C, T)`` or ``(N, C, H, W)``, that the model was built
        with and then needs. 0: it ignores any, so that it can learn from a data set of (image, label) pairs. None: a
        model of your own that looks at its context itself.
    any_length: True for models of sequences ``(T,)`` that take any T at run time; that of `event_shape` is the default.
    max_length: the longest of these T, for a model that has one.

    Observations are tensors ``(N, *event_shape)`` of levels ``0..K-1``, of any dtype. Likelihoods are in nats.
    """

    event_shape: torch.Size
    ordering: Tensor
    likelihood: Likelihood | None = None
    context_size: int | None = None
    any_length: bool = False
    max_length: int | None = None

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Every ``p(x_d | x_<d)`` in one pass.

        x: levels ``(N, *event_shape)``. Returns a distribution with batch shape ``(N, *event_shape)`` and event
        shape ``()``: each entry is the conditional of one scalar variable.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its conditionals.")

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """The conditionals one at a time, for `num_samples` observations in the making.

        A model without a faster way falls back on one full pass of `conditionals` for each variable.
        """
        return Recomputing(self, num_samples, context)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Exact log-likelihood of each observation: ``(N,)``, in nats.

        Raises:
            ValueError: if `x` has another shape or holds anything but whole levels ``0..K-1``.
        """
        self.check_levels(x)
        context = self.check_context(context, len(x), x.shape[1:])
        conditionals = self.conditionals(x, context)
        if self.likelihood is None:
            _refuse_impossible(x, likelihoods.num_levels(conditionals))
        return likelihoods.log_prob(conditionals, x).flatten(1).sum(1)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """`log_prob`, so that wrappers around a module (DistributedDataParallel, compile) apply."""
        return self.log_prob(x, context)

    def training_log_prob(self, x: Tensor, context: Tensor | None = None, *, step: int) -> Tensor:
        """What `armod.fit` maximises in training step `step`: ``(N,)``, nats; here `log_prob` itself."""
        return self(x, context)

    def bits_per_dim(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Negative log-likelihood in bits, divided by the observation's number of variables: ``(N,)``."""
        return -self.log_prob(x, context) / (math.log(2) * math.prod(x.shape[1:]))

    def sample(
        self,
        num_samples: int,
        context: Tensor | None = None,
        *,
        known: Tensor | None = None,
        mask: Tensor | None = None,
        generator: torch.Generator | None = None,
        method: str | Sampler = "cached",
        length: int | None = None,
        **options: Any,
    ) -> Tensor:
        """New observations, or completions of partly known ones: ``(num_samples, *event_shape)``, int64 levels.

        The noise comes first: ``torch.rand(num_samples, D, dtype=torch.float64)`` from `generator`, column k for the
        variable generated k-th. Every method maps this same noise through the inverse CDFs, so that all methods give
        the same sample (but for float32 draws that lie on a threshold).

        known, mask: levels and booleans that broadcast to ``(num_samples, *event_shape)``. Where `mask` is True the
        level of `known` is kept; the rest is drawn in order. This is a draw from p(unknown | known) only if the
        known variables come first in `ordering`; else each drawn variable sees just the known ones before it.
        method: ``"cached"`` (each activation computed once), ``"naive"`` (one full pass per variable), or a sampler.
        length: T of sequences ``(num_samples, T)``, for models that take several; None is that of `event_shape`.
        options: ``temperature`` (default 1) divides the logits; it belongs to sampling, not to the likelihood.

        Raises:
            ValueError: for an unknown method, for `known` and `mask` that do not fit, or a length the model lacks.
        """
        sampler = sampler_named(method) if isinstance(method, str) else method
        shape = self._shape_of(length)
        known, mask = self._completion(num_samples, shape, known, mask)
        context = self.check_context(context, num_samples, shape)
        device = generator.device if generator is not None else None
        uniform = torch.rand(
            num_samples, math.prod(shape), dtype=torch.float64, generator=generator, device=device
        )
        with torch.no_grad():
            return sampler(self, uniform.to(device_of(self)), context, known, mask, **options)

    @property
    def num_variables(self) -> int:
        """D, the number of scalar variables in one observation."""
        return math.prod(self.event_shape)

    def reach(self) -> Tensor:
        """Boolean ``(D, D)``: [i, j] is True where variable j comes before i and lies inside i's field.

        For a model whose field has no geometric limit that is every earlier variable.
        """
        position = torch.argsort(self.ordering)
        return position[:, None] > position[None, :]

    def ordering_for(self, num_variables: int) -> Tensor:
        """The ordering of observations of this many variables: `ordering`, or for another length its continuation.

        A model of any length runs forward or backward; which, its own ordering says.
        """
        if num_variables == len(self.ordering):
            return self.ordering
        forward = torch.arange(num_variables, device=self.ordering.device)
        return forward if self.ordering[0] == 0 else forward.flip(0)

    def check_levels(self, x: Tensor) -> None:
        """Refuse observations of the wrong shape or with impossible levels, in one sentence (ValueError)."""
        if self.any_length:
            is_right = x.dim() == 2 and x.shape[1] >= 1
            is_right = is_right and (self.max_length is None or x.shape[1] <= self.max_length)
            sizes = "T" if self.max_length is None else f"1 to {self.max_length}"
        else:
            is_right = x.dim() > 0 and x.shape[1:] == self.event_shape
            sizes = ", ".join(map(str, self.event_shape))
        if not is_right:
            raise ValueError(
                f"Observations of this model have shape (N, {sizes}), but x has shape {tuple(x.shape)}."
            )
        if self.likelihood is not None:
            _refuse_impossible(x, self.likelihood.num_levels)

    def check_context(self, context: Tensor | None, num: int, event_shape: Sequence[int]) -> Tensor | None:
        """The context as this model reads it: None if it was built without one.

        event_shape: of the observations at hand, ``(T,)`` or ``(C, H, W)``.

        Raises:
            ValueError: if a context is missing, or is neither ``(num, context_size)`` nor has the observation's
                positions after that: ``(num, context_size, T)``, ``(num, context_size, H, W)``.
        """
        if self.context_size is None:
            return context
        if self.context_size == 0:
            return None
        # what a compiler makes of sizes that change from call to call cannot be compared
        if torch.compiler.is_compiling():
            return context
        positions = tuple(event_shape[1:]) if len(event_shape) == 3 else tuple(event_shape)
        everywhere = (num, self.context_size)
        if context is None or tuple(context.shape) not in (everywhere, everywhere + positions):
            given = "there is none" if context is None else f"it has shape {tuple(context.shape)}"
            raise ValueError(
                f"This model needs a context of shape {everywhere}, or {everywhere + positions} for one that differs "
                f"from position to position, but {given}."
            )
        return context

    def _shape_of(self, length: int | None) -> torch.Size:
        """Event shape of samples of this length."""
        if length is None:
            return self.event_shape
        if not self.any_length and tuple(self.event_shape) != (length,):
            raise ValueError(
                f"This model makes observations of shape {tuple(self.event_shape)} only, not of length {length}."
            )
        if length < 1:
            raise ValueError(f"A length is 1 or more, not {length}.")
        if self.max_length is not None and length > self.max_length:
            raise ValueError(f"This model makes sequences of length {self.max_length} at most, not {length}.")
        return torch.Size([length])

    def _completion(
        self, num_samples: int, event_shape: torch.Size, known: Tensor | None, mask: Tensor | None
    ) -> tuple[Tensor | None, Tensor | None]:
        """`known` and `mask` at full shape, or two Nones; refuses what cannot be sampled."""
        if num_samples < 0:
            raise ValueError(f"num_samples must be 0 or more, not {num_samples}.")
        if known is None and mask is None:
            return None, None
        if known is None or mask is None:
            raise ValueError(
                "A completion needs both known (the levels) and mask (True where they are kept)."
            )
        if mask.dtype != torch.bool:
            raise ValueError(f"mask must be boolean (True where `known` is kept), not {mask.dtype}.")
        shape = (num_samples, *event_shape)
        try:
            known, mask = known.expand(shape).to(device_of(self)), mask.expand(shape).to(device_of(self))
        except RuntimeError:
            raise ValueError(
                f"known {tuple(known.shape)} and mask {tuple(mask.shape)} must broadcast to {shape}."
            ) from None
        known = torch.where(mask, known, torch.zeros_like(known))
        self.check_levels(known)
        return known.long(), mask


def _refuse_impossible(x: Tensor, num_levels: int | None) -> None:
    """ValueError unless all of x are whole numbers ``0..num_levels-1``; None: nobody knows how many levels there are."""
    # torch.compile cannot trace a decision that depends on data
    if num_levels is None or x.numel() == 0 or torch.compiler.is_compiling():
        return
    is_whole = not x.is_floating_point() or bool((x == x.floor()).all())
    # min() takes a tenth of amin()'s time on int64. As Python numbers: a uint8 tensor would be compared with the
    # last byte of num_levels.
    lowest, highest = x.min().item(), x.max().item()
    if not is_whole or lowest < 0 or highest >= num_levels:
        raise ValueError(
            f"Levels must be whole numbers from 0 to {num_levels - 1}, but x lies between "
            f"{lowest:g} and {highest:g}{'' if is_whole else ' with fractions'}."
        )

"""The protocol of every model: two views of one chain rule, ``p(x) = prod_k p(x_k | x_<k)``.

`conditionals` computes all D factors at once from a known observation, for training and likelihoods. `incremental`
computes one factor at a time while an observation is being generated, for sampling. A model implements these two and
inherits likelihoods, samples and completions. One test checks for every model that the two views agree.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions, nn

from armod import likelihoods
from armod.likelihoods import Likelihood
from armod.models.construction import Construction, Noted
from armod.sampling.samplers import Recomputing, Sampler, device_of, sampler_named
from armod.sampling.walk import Incremental


class AutoregressiveModel(nn.Module, metaclass=Noted):
    """A distribution over observations of `event_shape`, factorised in the order `ordering`.

    Observations are tensors ``(N, *event_shape)`` of levels ``0..K-1``, of any dtype. Likelihoods are in nats.

    Attributes:
        event_shape: shape of one observation, ``(D,)``, ``(T,)`` or ``(C, H, W)``.
        ordering: permutation ``(D,)``; ``ordering[k]`` is the flat (row-major) index of the variable generated k-th.
        likelihood: the family of the conditionals, if all have the same one.
        context_size: C of the context ``(N, C)``, or local ``(N, C, T)`` or ``(N, C, H, W)``, that the model needs. A model
            with 0 ignores every context, so that it can learn from pairs (image, label). None is for a model of your own
            that checks its context itself.
        any_length: True for models of sequences ``(T,)`` that take any T at run time; `event_shape` has the default T.
        max_length: the longest T of such a model, if there is one.
        construction: the constructor's arguments, and the parts that it built.

    A model of your own needs only `conditionals`:

    >>> class Coins(AutoregressiveModel):
    ...     event_shape, ordering = torch.Size([3]), torch.arange(3)
    ...     def conditionals(self, x, context=None):
    ...         return distributions.Bernoulli(probs=torch.full(x.shape, 0.25))
    >>> Coins().log_prob(torch.tensor([[0, 0, 1]])).exp()
    tensor([0.1406])
    """

    event_shape: torch.Size
    ordering: Tensor
    likelihood: Likelihood | None = None
    context_size: int | None = None
    any_length: bool = False
    max_length: int | None = None
    construction: Construction

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)`` in one pass.

        Args:
            x: levels ``(N, *event_shape)``.
            context: what the model needs beside the levels, as `check_context` describes it.

        Returns:
            A distribution of batch shape ``(N, *event_shape)`` and event shape ``()``: one conditional for each variable.
        """
        raise NotImplementedError(f"{type(self).__name__} must say how to compute its conditionals.")

    def incremental(self, num_samples: int, context: Tensor | None = None) -> Incremental:
        """Start to generate observations one variable at a time.

        A model without a faster way makes one full pass of `conditionals` for each variable.

        Args:
            num_samples: N, the number of observations.
            context: what the model needs beside the levels, as `check_context` describes it.

        Returns:
            The incremental view, which gives conditionals of batch shape ``(N,)``.
        """
        return Recomputing(self, num_samples, context)

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the exact log-likelihood of each observation.

        Args:
            x: levels ``(N, *event_shape)``.
            context: what the model needs beside the levels, as `check_context` describes it.

        Returns:
            Log-likelihoods in nats, ``(N,)``.

        Raises:
            ValueError: if `x` or the context has a wrong shape, or `x` has values other than whole levels ``0..K-1``.
        """
        self.check_levels(x)
        context = self.check_context(context, len(x), x.shape[1:])
        conditionals = self.conditionals(x, context)
        if self.likelihood is None:
            _refuse_impossible(x, likelihoods.num_levels(conditionals))
        return likelihoods.log_prob(conditionals, x).flatten(1).sum(1)

    def forward(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Call `log_prob`, so that wrappers of modules (DistributedDataParallel, compile) work."""
        return self.log_prob(x, context)

    def training_log_prob(self, x: Tensor, context: Tensor | None = None, *, step: int) -> Tensor:
        """Compute what `armod.fit` maximises, which is `log_prob` unless a model overrides this.

        Args:
            x: levels ``(N, *event_shape)``.
            context: as in `log_prob`.
            step: number of the training step.

        Returns:
            Log-likelihoods in nats, ``(N,)``.
        """
        return self(x, context)

    def bits_per_dim(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the negative log-likelihood in bits per variable.

        Args:
            x: levels ``(N, *event_shape)``.
            context: as in `log_prob`.

        Returns:
            Bits per variable of each observation, ``(N,)``.
        """
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
        """Draw new observations, or complete partly known ones.

        The noise is drawn first: ``torch.rand(num_samples, D, dtype=torch.float64)`` from `generator`, with column k for
        the variable generated k-th. Every method maps the same noise through the inverse CDFs, so all methods give the
        same sample (except for float32 draws that lie on a threshold).

        Args:
            num_samples: N, the number of observations.
            context: what the model needs beside the levels, as `check_context` describes it.
            known: levels that broadcast to ``(num_samples, *event_shape)``.
            mask: booleans that broadcast to the same shape. Where they are True, the level of `known` is kept; the rest is
                drawn in order. This is a draw from p(unknown | known) only if the known variables come first in
                `ordering`; otherwise each drawn variable sees only the known ones before it.
            generator: source of the noise; None is torch's global generator.
            method: "cached" (each activation is computed once), "naive" (one full pass per variable), or a sampler.
            length: T of the sequences, for models that take several lengths; None is that of `event_shape`.
            **options: ``temperature`` (default 1) divides the logits. It belongs to sampling, not to the likelihood.

        Returns:
            Levels, int64 ``(num_samples, *event_shape)``.

        Raises:
            ValueError: if the method is unknown, if `known` and `mask` do not fit, or if the model has no such length.
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
        """Tell which earlier variables lie in the field of each variable.

        For a model whose field has no geometric limit, these are all earlier variables.

        Returns:
            A boolean tensor ``(D, D)``: [i, j] is True where j comes before i and lies in the field of i.
        """
        position = torch.argsort(self.ordering)
        return position[:, None] > position[None, :]

    def ordering_for(self, num_variables: int) -> Tensor:
        """Return the ordering for observations of another length, which runs forward or backward like `ordering`.

        Args:
            num_variables: the length.

        Returns:
            A permutation ``(num_variables,)``.
        """
        if num_variables == len(self.ordering):
            return self.ordering
        forward = torch.arange(num_variables, device=self.ordering.device)
        return forward if self.ordering[0] == 0 else forward.flip(0)

    def check_levels(self, x: Tensor) -> None:
        """Check observations.

        Args:
            x: levels ``(N, *event_shape)``.

        Raises:
            ValueError: if `x` has another shape, or values other than whole levels ``0..K-1``.
        """
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
        """Check a context, which is ``(N, C)``, or ``(N, C, T)`` or ``(N, C, H, W)`` if it differs between positions.

        Args:
            context: what a user gave.
            num: N, the number of observations.
            event_shape: shape of these observations, ``(T,)`` or ``(C, H, W)``.

        Returns:
            The context, or None if the model was built without one.

        Raises:
            ValueError: if the context is missing or has another shape.
        """
        if self.context_size is None:
            return context
        if self.context_size == 0:
            return None
        # a compiler replaces sizes that change from call to call by symbols, which cannot be compared
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
        """Check `known` and `mask`, and expand them to full shape; two Nones stay."""
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


def in_own_precision(outputs: Tensor, weight: Tensor) -> Tensor:
    """Return a network's outputs in the dtype of its weights, and in float32 at least.

    That of autocast, or of weights in half precision, is too coarse for likelihoods.
    """
    return outputs.to(likelihoods.at_least_single(weight.dtype))


def _refuse_impossible(x: Tensor, num_levels: int | None) -> None:
    """Raise a ValueError unless x has only whole numbers ``0..num_levels-1``; None means that num_levels is unknown."""
    # torch.compile cannot trace a decision that depends on data
    if num_levels is None or x.numel() == 0 or torch.compiler.is_compiling():
        return
    is_whole = not x.is_floating_point() or bool((x == x.floor()).all())
    # On int64, min() takes a tenth of the time of amin(). item() makes Python numbers, because a uint8 tensor would be
    # compared with the last byte of num_levels only.
    lowest, highest = x.min().item(), x.max().item()
    if not is_whole or lowest < 0 or highest >= num_levels:
        raise ValueError(
            f"Levels must be whole numbers from 0 to {num_levels - 1}, but x lies between "
            f"{lowest:g} and {highest:g}{'' if is_whole else ' with fractions'}."
        )

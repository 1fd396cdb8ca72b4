"""The protocol of every model: two views of one chain rule, ``p(x) = prod_k p(x_k | x_<k)``.

`conditionals` computes all D factors at once from a known observation, for training and likelihoods. `incremental`
computes one factor at a time while an observation is being generated, for sampling. A model implements these two and
inherits likelihoods, samples and completions. One test checks for every model that the two views agree.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, distributions, nn

from armod import likelihoods
from armod.finite import check_finite
from armod.inputs import (
    check_possible,
    check_real,
    completion_of,
    conditionals_of,
    context_of,
    count_of,
    noise_of,
)
from armod.likelihoods import Likelihood
from armod.models.construction import Construction, Noted
from armod.models.field import field_at
from armod.models.shortcuts import why_not_cached
from armod.models.streams import Streaming
from armod.observations import observations_of, shape_of_length
from armod.sampling.samplers import Recomputing, Sampler, device_of, sampler_named, value_dtype_of
from armod.sampling.walk import Incremental


class AutoregressiveModel(Streaming, nn.Module, metaclass=Noted):
    """A distribution over observations of `event_shape`, factorised in the order `ordering`.

    Observations are tensors ``(N, *event_shape)`` of levels ``0..K-1``, of any dtype, or of real numbers if the likelihood is a
    `armod.likelihoods.Logistic`. Likelihoods are in nats.

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

        A model without a faster way makes one full pass of `conditionals` for each variable. So does a model whose
        conditionals were changed in a way that its `cached_view` would not notice, with a warning that says why.

        Args:
            num_samples: N, the number of observations.
            context: what the model needs beside the levels, as `check_context` describes it.

        Returns:
            The incremental view, which gives conditionals of batch shape ``(N,)``.

        Raises:
            ValueError: if the context has a wrong shape, or `num_samples` is no whole number from 0 on.
        """
        num_samples = count_of(num_samples, None)
        context = self.check_context(context, num_samples, self._shape_for(None, context))
        if type(self).cached_view is not AutoregressiveModel.cached_view:
            reason = why_not_cached(self)
            if reason is None:
                with torch.autocast(device_of(self).type, enabled=False):
                    return self.cached_view(num_samples, context)
            warnings.warn(
                f"{type(self).__name__} samples by one full pass per variable, because {reason}.",
                stacklevel=2,
            )
        return Recomputing(self, num_samples, context)

    def cached_view(self, num_samples: int, context: Tensor | None) -> Incremental:
        """Make the family's own incremental view, which computes each activation once.

        `incremental` uses it only while the model still computes what the family defines (`armod.models.shortcuts`).

        Args:
            num_samples: N, the number of observations.
            context: a checked context, or None.

        Returns:
            The incremental view, usually a `Walk`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no faster way than its conditionals.")

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
        return likelihoods.total(self.log_prob_per_variable(x, context))

    def log_prob_per_variable(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute each factor of the chain rule, ``log p(x_d | x_<d)``; `log_prob` is their sum.

        Args:
            x: levels ``(N, *event_shape)``.
            context: as in `log_prob`.

        Returns:
            Log-probabilities in nats, ``(N, *event_shape)``.

        Raises:
            ValueError: as `log_prob`, or if `conditionals` returns anything but one distribution for each variable.
        """
        x = self.check_levels(x)
        context = self.check_context(context, len(x), x.shape[1:])
        conditionals = conditionals_of(self.conditionals(x, context), x.shape, self)
        if self.likelihood is None:
            check_possible(x, likelihoods.num_levels(conditionals))
        return likelihoods.log_prob(conditionals, x)

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
        num_samples: int | None = None,
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
        same sample (except for float32 draws that lie on a threshold). Autocast is off meanwhile: a sample is computed in
        the dtype of the weights.

        Args:
            num_samples: N, the number of observations; None draws one for each row of the context.
            context: what the model needs beside the levels, as `check_context` describes it. A local context of another
                length than `event_shape` needs `length`.
            known: levels that broadcast to ``(num_samples, *event_shape)``.
            mask: booleans that broadcast to the same shape. Where they are True, the level of `known` is kept; the rest is
                drawn in order. This is a draw from p(unknown | known) only if the known variables come first in
                `ordering`; otherwise each drawn variable sees only the known ones before it.
            generator: source of the noise; None is torch's global generator.
            method: "cached" (each activation is computed once), "naive" (one full pass per variable), or a sampler.
            length: T of the sequences, for models that take several lengths; None is that of `event_shape`.
            **options: what sampling changes in the conditionals, which belongs to sampling, not to the likelihood:
                ``temperature``, ``top_k``, ``top_p``, ``greedy`` and ``filter``, a rule of your own
                (`armod.sampling.adjust.Adjustment`). ``stop`` is the level that ends a row
                (`armod.sampling.drawing.draw_all`). ``callback`` is called with the flat index of a variable and its
                levels ``(N,)`` as soon as they are made.

        Returns:
            Levels, int64 ``(num_samples, *event_shape)``; real numbers in the weights' dtype for a
            `armod.likelihoods.Logistic`.

        Raises:
            ValueError: if an argument does not fit, the model has no such length, the method or an option is unknown, or
                weights or context are not finite.

        >>> from armod import RecurrentModel, likelihoods
        >>> model = RecurrentModel((5,), 8, likelihood=likelihoods.Categorical(4))
        >>> model.sample(2, temperature=0.8, top_k=3, stop=0).shape
        torch.Size([2, 5])
        """
        sampler = method if callable(method) else sampler_named(method)
        num_samples = count_of(num_samples, context)
        shape = self._shape_for(length)
        known, mask = completion_of(known, mask, (num_samples, *shape), device_of(self))
        if known is not None:
            known = self.check_levels(known, "known").to(value_dtype_of(self))
        context = self.check_context(context, num_samples, shape)
        check_finite(self, context)
        uniform = noise_of(num_samples, math.prod(shape), generator).to(device_of(self))
        with torch.no_grad(), torch.autocast(uniform.device.type, enabled=False):
            return sampler(self, uniform, context, known, mask, **options).contiguous()

    def sample_and_log_prob(
        self,
        num_samples: int | None = None,
        context: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> tuple[Tensor, Tensor]:
        """Draw observations, and compute their exact log-likelihoods with one more pass.

        Options such as a temperature or a filter are not taken, because with them the samples are not the model's; see
        `armod.sampling.adjusted_log_prob`.

        Args:
            num_samples: as in `sample`.
            context: as in `sample`.
            generator: as in `sample`.

        Returns:
            Levels, int64 ``(N, *event_shape)``, and log-likelihoods in nats, ``(N,)``, which have a gradient.
        """
        x = self.sample(num_samples, context, generator=generator)
        return x, self.log_prob(x, context)

    def entropy(
        self,
        num_samples: int | None = None,
        context: Tensor | None = None,
        *,
        generator: torch.Generator | None = None,
    ) -> tuple[float, float]:
        """Estimate the entropy, the mean of -log p(x) over samples of the model itself.

        Args:
            num_samples: as in `sample`, at least 2.
            context: as in `sample`; the estimate is then a mean over its rows.
            generator: as in `sample`.

        Returns:
            The estimate in nats per observation, and its standard error.

        Raises:
            ValueError: if there are fewer than 2 samples.

        >>> from armod import MADE, likelihoods
        >>> len(MADE((3,), [4], likelihood=likelihoods.Bernoulli()).entropy(100))
        2
        """
        if count_of(num_samples, context) < 2:
            raise ValueError("An entropy with a standard error needs num_samples of at least 2.")
        with torch.no_grad():
            surprise = -self.sample_and_log_prob(num_samples, context, generator=generator)[1].double()
        return surprise.mean().item(), surprise.std().item() / math.sqrt(len(surprise))

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

    def receptive_field(self, *place: int) -> Tensor:
        """Find the variables in the field of one variable, a row of `reach` in the shape of an observation.

        Args:
            *place: the position in a sequence, or row and column of an image (of an observation with more dimensions its
                frame first), and then the channel; without one it is the last channel, which sees most.

        Returns:
            A boolean tensor of the shape `event_shape`.

        Raises:
            IndexError: if there is no such place.

        >>> from armod import MADE, likelihoods
        >>> MADE((2, 3), [4], likelihood=likelihoods.Bernoulli()).receptive_field(1, 0).int().tolist()
        [[1, 1, 1], [0, 0, 0]]
        """
        return field_at(self.reach(), place, self.event_shape)

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

    def check_levels(self, x: object, name: str = "x") -> Tensor:
        """Check observations.

        Args:
            x: what a user gave as levels ``(N, *event_shape)``, a tensor or a NumPy array.
            name: name of the argument, for the message.

        Returns:
            The levels, of a dtype that torch can compute with.

        Raises:
            ValueError: if `x` has another shape, or values other than whole levels ``0..K-1`` (or finite real numbers, if
                that is what the model's likelihood describes).
        """
        levels = observations_of(x, name, self.event_shape, self.any_length, self.max_length)
        if self.likelihood is not None:
            check_possible(levels, self.likelihood.num_levels, name)
            if self.likelihood.num_levels is None:
                check_real(levels, name)
        return levels

    def check_context(self, context: object, num: int, event_shape: Sequence[int]) -> Tensor | None:
        """Check a context, which is ``(N, C)``, or ``(N, C, T)`` or ``(N, C, H, W)`` if it differs between positions.

        Args:
            context: what a user gave; a single row serves all observations.
            num: N, the number of observations.
            event_shape: shape of these observations, ``(T,)`` or ``(C, H, W)``.

        Returns:
            The context of every observation, or None for a model without one.

        Raises:
            ValueError: if the context is missing, has another shape, or the model was built without one.
        """
        if self.context_size is None:
            return context  # type: ignore[return-value]
        return context_of(context, self.context_size, num, event_shape[len(event_shape) >= 3 :])

    def _shape_for(self, length: int | None, context: Any = None) -> torch.Size:
        """Event shape of observations of this length, or of those that are begun with this local context."""
        if length is None and self.any_length and getattr(context, "ndim", 0) == 3:
            length = context.shape[2]
        return shape_of_length(length, self.event_shape, self.any_length, self.max_length)

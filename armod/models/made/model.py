"""MADE: an autoencoder whose masked weights make it autoregressive (Germain, Gregor, Murray, Larochelle 2015).

One pass of one network computes all D conditionals. The masks come from `armod.models.made.masks`. Each pass applies them
to the weights without changing these, so one set of weights can serve many masks and orderings (`num_masks`).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, distributions, nn
from torch.nn import functional as F

from armod import orderings
from armod.inputs import completion_of, count_of, noise_of
from armod.likelihoods import Likelihood, in_own_precision
from armod.likelihoods.base import check_likelihood
from armod.models.base import AutoregressiveModel, Incremental
from armod.models.made.context import from_context, next_variables
from armod.models.made.initial_layers import layers_for_context, linear_layers
from armod.models.made.masked_linear import Band, bands, masked_linear
from armod.models.made.masks import hidden_degrees, stacked_masks
from armod.models.made.mixture import MixtureIncremental, mixture_conditionals, sample_members
from armod.models.made.walk import MADEWalk
from armod.models.shortcuts import check_read, is_own
from armod.sampling.particles import Particles
from armod.settings import check_event_shape, check_several_sizes, check_sizes, check_switches, generator_of


class MADE(AutoregressiveModel):
    """Masked autoencoder for distribution estimation.

    Args:
        event_shape: shape of one observation.
        hidden_sizes: units of each hidden layer, from the input up; it may be empty.
        likelihood: family of the conditionals, such as `armod.likelihoods.Bernoulli()`.
        ordering: permutation ``(D,)``, which all members share. None is raster, or a random ordering for each member.
        degrees: "random" or "sequential" degrees of the hidden units (`armod.models.made.masks.hidden_degrees`).
        num_masks: M > 1 makes an ensemble of M members that share their weights but not their masks. Its likelihood is the
            average of the members' *probabilities*.
        order_agnostic: whether `armod.fit` draws a new random ordering for each step, so that one set of weights learns all of
            them ("Order-agnostic training" in the paper, section 4.2, without its list of orderings). The likelihood is that of
            `ordering`; `with_ordering` gives any other.
        context_size: C of a context ``(N, C)``, of which every unit sees everything; or of a local one, ``(N, C, T)`` or
            ``(N, C, H, W)``, which a unit reads at the variable that it helps to make next (`armod.models.made.context`).
            Flatten a local context to ``(N, C * T)`` if every unit shall see all of it. 0 is no context.
        seed: seed of degrees, random orderings and initial weights.

    Raises:
        ValueError: if a size is not a whole number from 1 on, the ordering is not a permutation, or `degrees` is another
            word.

    >>> from armod.likelihoods import Bernoulli
    >>> model = MADE((3,), [8], likelihood=Bernoulli())
    >>> model.log_prob(torch.tensor([[0, 1, 1]])).shape
    torch.Size([1])

    With a context it estimates p(x | context), here for 10 classes:

    >>> digits = MADE((1, 4, 4), [32], likelihood=Bernoulli(), context_size=10)
    >>> digits.sample(2, torch.eye(10)[[3, 5]]).shape
    torch.Size([2, 1, 4, 4])
    """

    likelihood: Likelihood
    context_size: int
    _order_agnostic: bool
    layers: nn.ModuleList
    context_layers: nn.ModuleList
    orderings: Tensor

    def __init__(
        self,
        event_shape: Sequence[int],
        hidden_sizes: Sequence[int],
        *,
        likelihood: Likelihood,
        ordering: Tensor | Sequence[int] | None = None,
        degrees: str = "random",
        num_masks: int = 1,
        order_agnostic: bool = False,
        context_size: int = 0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        check_switches(order_agnostic=order_agnostic)
        self._order_agnostic = order_agnostic
        check_likelihood(likelihood)
        event_shape = check_event_shape(event_shape)
        hidden_sizes = check_several_sizes(hidden_sizes=hidden_sizes)
        (num_masks,) = check_sizes(num_masks=num_masks)
        (context_size,) = check_sizes(0, context_size=context_size)
        generator = generator_of(seed)
        shared = orderings.as_permutation(ordering, event_shape)
        # 7919 keeps ensembles of neighbouring seeds apart; member 0 is the single model of this seed
        seeds = [int(seed) + 7919 * member for member in range(num_masks)]
        member_orderings = [shared] * num_masks
        if ordering is None and num_masks > 1:
            member_orderings = [orderings.random(event_shape, each) for each in seeds]
        has_context = context_size > 0
        member_degrees = [
            hidden_degrees(len(shared), hidden_sizes, degrees=degrees, seed=each, has_context=has_context)
            for each in seeds
        ]
        # Units of a layer may be permuted, and sorted by degree they are computed fastest. But if all members of an
        # ensemble were sorted, they would have nearly the same masks.
        member_degrees[0] = [layer.sort().values for layer in member_degrees[0]]
        features, parameters = likelihood.num_features, likelihood.num_parameters
        sizes = [len(shared) * features, *hidden_sizes, len(shared) * parameters]
        layers = linear_layers(sizes, generator)
        # drawn last, so that a context leaves all other weights of a seed as they are
        context_layers = layers_for_context(context_size, sizes, generator)
        stacked_degrees = [torch.stack(layer) for layer in zip(*member_degrees, strict=True)]
        parts = event_shape, likelihood, context_size, layers, context_layers
        self._assemble(*parts, torch.stack(member_orderings), stacked_degrees)

    def _assemble(
        self,
        event_shape: Sequence[int],
        likelihood: Likelihood,
        context_size: int,
        layers: nn.ModuleList,
        context_layers: nn.ModuleList,
        member_orderings: Tensor,
        degrees: Sequence[Tensor],
        weight_masks: Sequence[Tensor] | None = None,
        mask_bands: Sequence[tuple[tuple[Band, ...], ...]] | None = None,
    ) -> None:
        """Assemble a model of M members from orderings ``(M, D)`` and degrees ``(M, size)`` of each hidden layer."""
        self.event_shape = torch.Size(event_shape)
        self.likelihood = likelihood
        self.layers, self.context_layers = layers, context_layers
        self.context_size = context_size
        self.register_buffer("orderings", member_orderings)
        for number, layer in enumerate(degrees):
            self.register_buffer(f"degrees_{number}", layer)
        derived = self._derive_masks() if weight_masks is None else weight_masks
        for number, mask in enumerate(derived):
            self.register_buffer(f"mask_{number}", mask, persistent=False)
        self._bands = [tuple(map(bands, layer)) for layer in derived] if mask_bands is None else mask_bands
        self.register_load_state_dict_post_hook(_refresh_masks)

    @property
    def num_masks(self) -> int:
        """M, the number of members."""
        return len(self.orderings)

    @property
    def ordering(self) -> Tensor:  # type: ignore[override]
        """The ordering ``(D,)`` that all members share; a ValueError if they have different ones."""
        if not (self.orderings == self.orderings[0]).all():
            raise ValueError(
                f"This MADE is an ensemble of {self.num_masks} different orderings, so it has no conditionals of "
                "its own; use one of its `members`, each an ordinary MADE with one ordering."
            )
        return self.orderings[0]

    @property
    def linear_layers(self) -> list[nn.Linear]:
        """The layers from the input up, with unmasked weights."""
        return cast(list[nn.Linear], list(self.layers))

    @property
    def degrees(self) -> list[Tensor]:
        """The degrees of the hidden units, one int64 tensor ``(M, size)`` for each hidden layer."""
        return [getattr(self, f"degrees_{number}") for number in range(len(self.layers) - 1)]

    @property
    def members(self) -> tuple[MADE, ...]:
        """The members of the ensemble, which are ordinary MADEs with the same weights."""
        return (self,) if self.num_masks == 1 else tuple(map(self._member, range(self.num_masks)))

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every ``p(x_d | x_<d)``, as `AutoregressiveModel.conditionals`; those of the mixture for an ensemble.

        Raises:
            ValueError: if `x` or the context is not as `log_prob` needs it, or if the ensemble has several orderings; use its
                `members` instead.
        """
        x = self.check_levels(x)
        context = self.check_context(context, len(x), self.event_shape)
        if self.num_masks > 1:
            return mixture_conditionals(self.members, x, self.ordering, context)
        parameters = in_own_precision(self._network(x, context), self.linear_layers[0].weight)
        shape = (len(x), *self.event_shape, self.likelihood.num_parameters)
        return self.likelihood.distribution(parameters.view(shape))

    def cached_view(self, num_samples: int, context: Tensor | None) -> Incremental:
        """Generate one variable at a time; each hidden unit is computed once, when its degree is reached.

        Raises:
            ValueError: if the ensemble has several orderings; use its `members` instead.
        """
        if self.num_masks > 1:
            views = [member.incremental(num_samples, context) for member in self.members]
            return MixtureIncremental(views, self.ordering.device)
        self._check_layers()
        degrees = [layer[0] for layer in self.degrees]
        return MADEWalk(
            self.likelihood,
            self.ordering,
            degrees,
            self.linear_layers,
            num_samples,
            context,
            self._context_weights,
        )

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the exact log-likelihood; for an ensemble it is logsumexp over the members minus log M."""
        if self._is_one:
            return super().log_prob(x, context)
        members = torch.stack([member.log_prob(x, context) for member in self.members])
        return members.logsumexp(0) - math.log(self.num_masks)

    def training_log_prob(self, x: Tensor, context: Tensor | None = None, *, step: int) -> Tensor:
        """Train the members in turn, one in each step ("Order-agnostic Training" in the paper).

        With `order_agnostic` each step has a new ordering, drawn from `step` and the seed of torch's global generator, which `fit`
        seeds for each epoch and process.
        """
        member = self._member(step % self.num_masks) if self.num_masks > 1 else self
        if self._order_agnostic:
            seed = (torch.initial_seed() * 7919 + step) % 2**63
            member = member.with_ordering(orderings.random(self.event_shape, seed))
        return member(x, context)

    def with_ordering(self, ordering: Tensor | Sequence[int]) -> MADE:
        """Make a MADE with the same weights, which both share from then on, for another ordering.

        A hidden unit of degree m then sees the first m variables of this one. Only weights that were trained for many orderings
        (`order_agnostic`) say anything about it.

        Args:
            ordering: permutation ``(D,)``, which all members of an ensemble then share;
                `armod.orderings.known_first` fits a mask.

        Returns:
            A MADE without weights of its own; train and save this one.

        Raises:
            ValueError: if it is no permutation of all variables.

        >>> from armod.likelihoods import Bernoulli
        >>> model = MADE((3,), [8], likelihood=Bernoulli(), order_agnostic=True)
        >>> model.with_ordering(orderings.known_first(torch.tensor([False, False, True]))).ordering
        tensor([2, 0, 1])
        """
        shared = orderings.as_permutation(ordering, self.event_shape).to(self.orderings.device)
        other = self._sharing(shared.expand(self.num_masks, -1).clone(), self.degrees)
        other._order_agnostic = self._order_agnostic
        return other

    def sample(
        self,
        num_samples: int | None = None,
        context: Tensor | None = None,
        *,
        known: Tensor | None = None,
        mask: Tensor | None = None,
        generator: torch.Generator | None = None,
        **rest: Any,
    ) -> Tensor:
        """Sample as `AutoregressiveModel.sample`; an ensemble first draws a member for each row.

        The members are equally likely. Only in a completion whose known variables come first, each has its posterior
        probability p(member | known, context). One uniform number per row draws the member, and then each member in turn
        draws the noise of its rows. `armod.sampling.Particles` weighs the members itself, if they have one ordering.
        """
        if self._is_one or isinstance(rest.get("method"), Particles):
            return super().sample(num_samples, context, known=known, mask=mask, generator=generator, **rest)
        if rest.get("callback") is not None:
            raise ValueError(
                "An ensemble draws member by member, so it has no callback; call one of its `members`."
            )
        num_samples = count_of(num_samples, context)
        context = self.check_context(context, num_samples, self.event_shape)
        shape, device = (num_samples, *self.event_shape), self.orderings.device
        known, mask = completion_of(known, mask, shape, device)
        if known is not None:
            self.check_levels(known, "known")
        uniform = noise_of(num_samples, 1, generator).squeeze(1).to(device)
        return sample_members(self.members, uniform, known, mask, context, generator=generator, **rest)

    @torch.no_grad()
    def start_from_marginals(self, x: Tensor) -> MADE:
        """Set the output biases to the frequencies in `x`, so that learning starts from independent variables.

        Without this a model needs many small steps to learn that a pixel is always blank. The frequencies are those over all
        contexts; what a context changes is left to learning.

        Args:
            x: levels ``(N, *event_shape)``.

        Returns:
            The model itself.

        Raises:
            ValueError: as `log_prob`, or if there is no observation.

        >>> from armod.likelihoods import Bernoulli
        >>> model = MADE((2,), [], likelihood=Bernoulli()).start_from_marginals(torch.tensor([[0, 1], [0, 1]]))
        >>> model.conditionals(torch.tensor([[0, 1]])).probs[0, 0].item() < 0.2
        True
        """
        x = self.check_levels(x)
        if not len(x):
            raise ValueError("x holds no observation to start from.")
        output = self.linear_layers[-1]
        output.bias.copy_(self.likelihood.marginal(x.flatten(1)).flatten())
        return self

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return (
            f"event_shape={tuple(self.event_shape)}, likelihood={self.likelihood}, num_masks={self.num_masks}, "
            f"context_size={self.context_size}"
        )

    @property
    def _is_one(self) -> bool:
        """Whether the conditionals say all: there is one member, or somebody has defined the ensemble's conditionals."""
        return self.num_masks == 1 or not is_own(self, "conditionals", MADE)

    def _network(self, x: Tensor, context: Tensor | None) -> Tensor:
        """The parameters ``(N, D * num_parameters)``, from levels ``(N, *event_shape)``: masked layers and ReLUs."""
        dtype = self.linear_layers[0].weight.dtype
        activations = self.likelihood.encode(x.flatten(1), dtype).flatten(1)
        last = len(self.layers) - 1
        from_contexts = None if context is None else self._from_context(context.to(dtype))
        self._check_layers()
        for number, layer in enumerate(self.linear_layers):
            activations = masked_linear(
                activations, layer.weight, self._weight_mask(number), layer.bias, self._bands[number][0]
            )
            if from_contexts is not None:
                activations = activations + from_contexts[number]
            if number < last:
                activations = F.relu(activations)
        return activations

    def _check_layers(self) -> None:
        """Raise a ValueError if a layer, whose weights are read without a call, was replaced."""
        check_read("layers", self.layers, nn.Linear)
        check_read("context_layers", self.context_layers, nn.Linear)

    @property
    def _context_weights(self) -> list[Tensor]:
        """The weights of the context ``(units, C)`` in each layer, from the input up; empty without a context."""
        return [cast(Tensor, layer.weight) for layer in self.context_layers]

    def _from_context(self, context: Tensor) -> list[Tensor]:
        """What a context adds to the units of each layer of a single model."""
        variables = next_variables(self.orderings[0], [layer[0] for layer in self.degrees])
        return [
            from_context(context, weight, read_at)
            for weight, read_at in zip(self._context_weights, variables, strict=True)
        ]

    def _weight_mask(self, number: int) -> Tensor:
        """The mask of one layer of a single model, in the shape of its weight."""
        return getattr(self, f"mask_{number}")[0]

    def _derive_masks(self) -> list[Tensor]:
        """The masks that follow from orderings and degrees, ``(M, *weight.shape)`` for each layer, 0 or 1."""
        features, parameters = self.likelihood.num_features, self.likelihood.num_parameters
        stacked = stacked_masks(self.orderings, self.degrees, features, parameters)
        # multiplying by floats is several times faster than by booleans
        return [mask.to(layer.weight) for mask, layer in zip(stacked, self.linear_layers, strict=True)]

    def _member(self, number: int) -> MADE:
        """Member `number` as an ordinary MADE with the same layers."""
        only = slice(number, number + 1)
        return self._sharing(
            self.orderings[only],
            [layer[only] for layer in self.degrees],
            [getattr(self, f"mask_{layer}")[only] for layer in range(len(self.layers))],
            [layer[only] for layer in self._bands],
        )

    def _sharing(self, member_orderings: Tensor, degrees: Sequence[Tensor], *masks_and_bands: Any) -> MADE:
        """A MADE of these orderings and degrees with the same layers."""
        made = MADE.__new__(MADE)
        nn.Module.__init__(made)
        made._order_agnostic = False
        parts = self.event_shape, self.likelihood, self.context_size, self.layers, self.context_layers
        made._assemble(*parts, member_orderings, degrees, *masks_and_bands)
        return made.train(self.training)


def _refresh_masks(model: MADE, _: object = None) -> None:
    """Compute the masks again, because a state dict may contain other orderings and degrees."""
    derived = model._derive_masks()
    for number, mask in enumerate(derived):
        setattr(model, f"mask_{number}", mask)
    model._bands = [tuple(map(bands, layer)) for layer in derived]

"""A mixture of products: a student of discrete observations that makes all variables at once.

Each component is a product, so its variables are independent and all of them are drawn in one pass. Whatever depends on
whatever has to be said by the choice of the component. A student learns from a teacher by what the teacher samples (distillation
of whole sequences, Kim and Rush 2016, section 3.2), and an autoregressive teacher makes as many samples as one likes.

The student's own likelihood is exact. So is the difference between the two likelihoods of each sample of the teacher, and the
mean of these differences is KL(teacher || student). A single component can't do better than to copy each variable's own
distribution. Then the KL is the sum of the entropies of the variables minus the entropy of the teacher.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from armod.inputs import check_possible, count_of, noise_of, tensor_of
from armod.settings import check_number, check_sizes, generator_of

_ROWS = 1000  # observations that are compared with all components at a time


class MixtureOfProducts(nn.Module):
    """A mixture of M distributions with independent variables of K levels, fitted by expectation-maximisation.

    It generates in one pass and has an exact likelihood, in float64. It is a latent variable model (the component is hidden)
    and no `AutoregressiveModel`. Before `fit` it has no probabilities.

    Args:
        num_components: M; 1 makes all variables independent.

    Attributes:
        weights: probabilities of the components ``(M,)``, float64.
        probs: probabilities of the levels in each component ``(M, *event_shape, K)``, float64.

    Raises:
        ValueError: if M is no whole number from 1 on.

    >>> import armod
    >>> teacher = armod.load_pretrained("made-digits28")
    >>> x, held_out = teacher.sample(3000, generator=torch.Generator().manual_seed(0)).split([2000, 1000])
    >>> independent, student = MixtureOfProducts(1).fit(x), MixtureOfProducts(20).fit(x)
    >>> kl = [(teacher.log_prob(held_out) - each.log_prob(held_out)).mean() for each in (independent, student)]
    >>> bool(kl[1] < kl[0] - 20)
    True
    >>> student.sample(2, generator=torch.Generator().manual_seed(0)).shape
    torch.Size([2, 1, 28, 28])
    """

    weights: Tensor
    probs: Tensor

    def __init__(self, num_components: int) -> None:
        super().__init__()
        (self.num_components,) = check_sizes(num_components=num_components)
        self.register_buffer("weights", torch.zeros(0, dtype=torch.float64))
        self.register_buffer("probs", torch.zeros(0, 0, 0, dtype=torch.float64))

    @property
    def event_shape(self) -> torch.Size:
        """Shape of one observation."""
        return self.probs.shape[1:-1]

    @property
    def num_levels(self) -> int:
        """K, the number of levels of each variable."""
        return self.probs.shape[-1]

    @torch.no_grad()
    def fit(
        self,
        levels: Tensor,
        *,
        num_levels: int | None = None,
        steps: int = 30,
        smoothing: float = 0.1,
        seed: int = 0,
    ) -> MixtureOfProducts:
        """Fit the mixture to observations, such as a teacher's samples; an earlier fit is forgotten.

        Every step computes how probably each component made each observation, and then counts the levels of each component
        with these probabilities as weights. No step makes the observations less likely (up to the smoothing). The first
        components are observations taken at random, each mixed with the shares of all.

        Args:
            levels: levels ``(N, *event_shape)``.
            num_levels: K; None is one more than the highest level in `levels`, and 2 at least.
            steps: how many steps of expectation-maximisation.
            smoothing: pseudo-observations of each level in each component, above 0, so that no level is impossible.
            seed: of the choice of the first components.

        Returns:
            The model itself.

        Raises:
            ValueError: if there are no observations, or an argument makes no sense.
        """
        x = tensor_of(levels, "levels", "levels (N, *event_shape)").to(self.probs.device)
        if x.dim() < 2 or x.numel() == 0:
            raise ValueError(
                f"levels has shape (N, *event_shape) and at least one observation, but it is of shape {tuple(x.shape)}."
            )
        if num_levels is None:
            check_possible(x, 2**31, "levels")
            num_levels = max(int(x.max()) + 1, 2)
        num_levels, steps = check_sizes(num_levels=num_levels, steps=steps)
        check_possible(x, num_levels, "levels")
        due = "a finite number of observations above 0"
        smoothing = check_number("smoothing", smoothing, lambda number: number > 0, due)
        generator = generator_of(seed)
        # each step reads all levels twice: small numbers are read in a fraction of the time
        event_shape, x = x.shape[1:], x.flatten(1).to(torch.uint8 if num_levels <= 256 else torch.int64)

        shares = torch.stack([(x == level).double().mean(0) for level in range(num_levels)], -1)
        chance = torch.rand(2, self.num_components, generator=generator, dtype=torch.float64).to(x.device)
        first = nn.functional.one_hot(x[(chance[0] * len(x)).long()].long(), num_levels)
        # no two components begin alike, because they would stay so for ever
        part = 0.25 + 0.5 * chance[1, :, None, None]
        mixed = part * first + (1 - part) * shares
        self.weights = torch.full_like(chance[0], 1 / self.num_components)
        self.probs = _normalised(mixed + smoothing / len(x))
        for _ in range(steps):
            before = self.weights, self.probs
            self._step(x, smoothing)
            if torch.equal(before[0], self.weights) and torch.equal(before[1], self.probs):
                break  # no further step would change them; a single component needs no second one
        self.probs = self.probs.view(self.num_components, *event_shape, num_levels)
        return self

    def log_prob(self, x: Tensor) -> Tensor:
        """Compute exact log-likelihoods.

        Args:
            x: levels ``(N, *event_shape)``.

        Returns:
            Nats, float64 ``(N,)``.

        Raises:
            ValueError: if `x` has another shape, or values other than whole levels ``0..K-1``, or before `fit`.
        """
        self._check_fitted()
        levels = tensor_of(x, "x", f"levels (N, {', '.join(map(str, self.event_shape))})")
        if levels.dim() == 0 or levels.shape[1:] != self.event_shape:
            raise ValueError(
                f"Observations of this mixture have shape (N, {', '.join(map(str, self.event_shape))}), "
                f"but x has shape {tuple(levels.shape)}."
            )
        check_possible(levels, self.num_levels)
        rows = levels.flatten(1).to(self.probs.device).split(_ROWS)
        return torch.cat([self._joint(some, torch.float64).logsumexp(1) for some in rows])

    @torch.no_grad()
    def sample(self, num_samples: int, *, generator: torch.Generator | None = None) -> Tensor:
        """Draw a component for each observation, and then all its variables at once.

        Args:
            num_samples: N.
            generator: torch's generator, or None for the global one.

        Returns:
            Levels, int64 ``(N, *event_shape)``.

        Raises:
            ValueError: if N is no whole number from 0 on, for another kind of generator, or before `fit`.
        """
        self._check_fitted()
        num, device = count_of(num_samples, None), self.probs.device
        noise = noise_of(num, 1, generator).to(device).flatten()
        which = torch.searchsorted(self.weights.cumsum(0)[:-1], noise, right=True)
        # The first 15 bits of a uniform number decide nearly every draw. Uniform numbers in double precision would take longer
        # than all else.
        bits = _random_15_bits((num, self.event_shape.numel()), generator).to(device)
        behind: Tensor | None = None  # minus the level, so far
        undecided = []
        for cumulative in self._cumulative():
            first_bits = (cumulative * 2**15).clamp_(max=2**15 - 1).short()
            ahead = first_bits.index_select(0, which).sub_(bits)
            is_higher = ahead >> 15  # -1 where the level is higher than this one
            behind = is_higher if behind is None else behind.add_(is_higher)
            rows = (ahead.abs_().amin(1) == 0).nonzero().flatten()
            row, column = (ahead[rows] == 0).nonzero(as_tuple=True)
            undecided.append((rows[row], column))
        levels = (torch.zeros_like(bits) if behind is None else behind.neg_()).long()
        # a draw that two levels leave open is made twice, and one of them counts
        for row, column in undecided:
            rest = noise_of(len(row), 1, generator).to(device).flatten()
            uniform = (bits[row, column] + rest) / 2**15
            levels[row, column] = sum(
                (uniform >= each[which[row], column]).long() for each in self._cumulative()
            )
        return levels.view(num, *self.event_shape)

    def forward(self, x: Tensor) -> Tensor:
        """The same as `log_prob`."""
        return self.log_prob(x)

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return f"num_components={self.num_components}"

    def _step(self, x: Tensor, smoothing: float) -> None:
        """One step of expectation-maximisation on levels ``(N, D)``, in float32."""
        num_levels, num = self.num_levels, torch.zeros_like(self.weights)
        counts = self.probs.new_zeros(num_levels, *self.probs.shape[:2])
        for some in x.split(_ROWS):
            shares = self._joint(some, torch.float32).softmax(1)
            num += shares.sum(0)
            for level in range(1, num_levels):
                counts[level] += shares.T @ (some == level).to(shares)
        counts[0] = (num[:, None] - counts.sum(0)).clamp(min=0)  # the rest, which saves a product
        self.probs = _normalised(counts.movedim(0, -1) + smoothing)
        self.weights = _normalised(num)

    def _joint(self, x: Tensor, dtype: torch.dtype) -> Tensor:
        """Log-probabilities ``(N, M)`` of levels ``(N, D)`` together with each component, by matrix products."""
        log_probs = self.probs.flatten(1, -2).movedim(-1, 0).log().to(dtype)
        joint = (self.weights.log() + log_probs[0].sum(1)).to(dtype).expand(len(x), -1)
        for level in range(1, len(log_probs)):
            joint = joint + (x == level).to(dtype) @ (log_probs[level] - log_probs[0]).T
        return joint

    def _cumulative(self) -> Iterator[Tensor]:
        """For each level but the last, the probabilities ``(M, D)`` of it and all lower ones."""
        total: Tensor | None = None
        for probs in self.probs.flatten(1, -2).unbind(-1)[:-1]:
            total = probs if total is None else total + probs
            yield total

    def _check_fitted(self) -> None:
        if self.weights.numel() == 0:
            raise ValueError(
                "This mixture has seen nothing yet and so has no probabilities: call fit(levels) first."
            )

    def _load_from_state_dict(self, state_dict: dict[str, Any], prefix: str, *rest: Any) -> None:
        """Make room for the levels of the state dict, whose number and shape depend on what was fitted."""
        weights = state_dict.get(prefix + "weights")
        if weights is not None and len(weights) in (0, self.num_components):
            for name in ("weights", "probs"):
                setattr(self, name, getattr(self, name).new_empty(state_dict[prefix + name].shape))
        super()._load_from_state_dict(state_dict, prefix, *rest)


def _normalised(counts: Tensor) -> Tensor:
    """Probabilities from counts ``(..., K)``."""
    return counts / counts.sum(-1, keepdim=True)


def _random_15_bits(shape: tuple[int, int], generator: torch.Generator | None) -> Tensor:
    """Uniform whole numbers from 0 to 2^15 - 1, int16.

    The generator only makes a seed: NumPy's SFC64 takes half the time of torch's Mersenne Twister.
    """
    device = generator.device if generator is not None else None
    seed = torch.empty(4, dtype=torch.int64, device=device).random_(2**32, generator=generator)
    words = np.random.Generator(np.random.SFC64(seed.tolist())).integers(
        0, 2**64, -(-math.prod(shape) // 4), dtype=np.uint64
    )
    bits = torch.from_numpy(words.view(np.int16)).bitwise_and_(2**15 - 1)
    return bits[: math.prod(shape)].view(shape)

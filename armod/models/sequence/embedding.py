"""How levels and context enter a network of vectors: `LevelEmbedding`, and `context_in_order`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from armod.likelihoods import Categorical, Likelihood


class LevelEmbedding(nn.Module):
    """A learned vector for each level, or a linear map of the features of a level that is a quantity.

    For a `Categorical` this is the product of a one-hot vector with a matrix, computed by looking up a row.

    Args:
        likelihood: says how levels are encoded.
        width: size of the vectors.

    >>> LevelEmbedding(Categorical(5), 8)(torch.tensor([[0, 4, 1]])).shape
    torch.Size([1, 3, 8])
    """

    def __init__(self, likelihood: Likelihood, width: int) -> None:
        super().__init__()
        self._likelihood = likelihood
        self.weight = nn.Parameter(torch.randn(likelihood.num_features, width))

    def forward(self, levels: Tensor) -> Tensor:
        """Map levels ``(...)`` of any dtype to vectors ``(..., width)``."""
        if isinstance(self._likelihood, Categorical):
            return F.embedding(levels.long(), self.weight)
        return self._likelihood.encode(levels, self.weight.dtype) @ self.weight


def context_in_order(context: Tensor, ordering: Tensor, event_shape: Sequence[int]) -> Tensor:
    """Arrange a context by variable in the order of generation; all channels of a pixel have the context of the pixel.

    Args:
        context: ``(N, C)``, or local, ``(N, C, T)`` or ``(N, C, H, W)``.
        ordering: permutation ``(D,)``.
        event_shape: shape of one observation.

    Returns:
        The context of each variable, ``(N, D, C)``.

    >>> local = torch.tensor([[[10.0, 20.0, 30.0]]])
    >>> context_in_order(local, torch.tensor([2, 1, 0]), (3,))[0, :, 0].tolist()
    [30.0, 20.0, 10.0]
    """
    if context.dim() == 2:
        return context.unsqueeze(1).expand(-1, len(ordering), -1)
    positions = context.flatten(2).transpose(1, 2)
    return positions[:, ordering % positions.shape[1]]

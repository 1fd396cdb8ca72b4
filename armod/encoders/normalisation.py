"""The normalisation of contexts: no position is loud and none is silent.

Without it nothing holds the size of a context. In a hundred steps of Adam it can grow ten thousand times, and then every gate
that adds it is shut for good: the model neither sees its input nor its own past any more.
"""

from __future__ import annotations

from torch import Tensor

from armod.likelihoods.precision import in_single

_EPSILON = 1e-4


def normalised(features: Tensor) -> Tensor:
    """Divide the channels at each position by their root mean square (Zhang, Sennrich 2019, "Root Mean Square Layer Normalization", section 3).

    The norm is taken over the channels of one position alone, for three reasons. No observation learns of the others in its batch.
    A context of one position, or of none, ``(N, C)``, is no special case. And what is far away changes nothing: a sequence may be
    cut, continued or streamed. Norms over positions (instance or group norms) fail the second or the third. The mean is not
    subtracted, because of two channels that would leave only the sign of their difference. There are no weights, because the
    model multiplies its context by its own. Zeros stay zeros.

    A position keeps the direction of its channels and loses their common size. So of a single channel hardly more than the sign
    remains: a context takes two channels or more.

    Args:
        features: ``(N, C)``, or ``(N, C, T)`` or ``(N, C, H, W)``.

    Returns:
        The same shape and dtype, with a mean square of 1 over the channels of each position (less where all are below about
        0.01, and 0 where all are 0).

    >>> import torch
    >>> normalised(torch.tensor([[3.0, -4.0], [3000.0, -4000.0], [0.0, 0.0]]))
    tensor([[ 0.8485, -1.1314],
            [ 0.8485, -1.1314],
            [ 0.0000,  0.0000]])
    """
    precise = in_single(features)  # in half precision a square overflows from 256 on
    size = (precise.square().mean(1, keepdim=True) + _EPSILON).rsqrt()
    return (precise * size).to(features.dtype)

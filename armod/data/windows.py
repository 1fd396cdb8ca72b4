"""Cut long sequences into observations of one length."""

from __future__ import annotations

from torch import Tensor


def cut(sequence: Tensor, length: int) -> Tensor:
    """Cut a sequence into windows, one after the other; a shorter remainder at the end is left out.

    Args:
        sequence: tensor ``(..., T)``.
        length: the length of a window.

    Returns:
        The windows ``(T // length, ..., length)``.

    >>> cut(Tensor([0, 1, 2, 3, 4]), 2)
    tensor([[0., 1.],
            [2., 3.]])
    """
    num_windows = sequence.shape[-1] // length
    whole = sequence[..., : num_windows * length].unflatten(-1, (num_windows, length))
    return whole.movedim(-2, 0).contiguous()

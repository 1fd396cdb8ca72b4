"""The IDX format of the MNIST files: a four-byte magic number, the sizes, then the values in row-major order.

The magic number is two zero bytes, the type (8 = unsigned byte, the only type that is read here) and the number of
dimensions. Every size is a big-endian 32-bit integer. (The MNIST database's page describes the format at its foot.)
"""

from __future__ import annotations

import math
import struct

import numpy as np
import torch
from torch import Tensor

UNSIGNED_BYTE = 8


def parse_idx(content: bytes, name: str = "this file") -> Tensor:
    """Read the bytes of an IDX file.

    Args:
        content: the whole file, unpacked.
        name: what error messages call the file.

    Returns:
        A uint8 tensor of the shape that the file states.

    Raises:
        ValueError: if the bytes are not an IDX file, hold a type other than unsigned bytes, or are too few or too many.

    >>> parse_idx(bytes([0, 0, 8, 1, 0, 0, 0, 3, 5, 6, 7])).tolist()
    [5, 6, 7]
    """
    if len(content) < 4 or content[:2] != b"\0\0":
        raise ValueError(
            f"{name} is no IDX file: it begins with {content[:4].hex(' ') or 'nothing'}, not with 00 00."
        )
    value_type, num_dimensions = content[2], content[3]
    if value_type != UNSIGNED_BYTE:
        raise ValueError(
            f"{name} holds IDX values of type 0x{value_type:02x}; only 0x08, unsigned bytes, is read here."
        )
    start = 4 + 4 * num_dimensions
    if len(content) < start:
        raise ValueError(
            f"{name} is truncated: its header needs {start} bytes for {num_dimensions} dimensions, {len(content)} are there."
        )
    shape = struct.unpack(f">{num_dimensions}I", content[4:start])
    expected, found = math.prod(shape), len(content) - start
    if found != expected:
        what = "truncated" if found < expected else "too long"
        raise ValueError(
            f"{name} is {what}: {shape} values need {expected:,} bytes after its header, {found:,} are there."
        )
    values = np.frombuffer(content, np.uint8, offset=start)
    return torch.from_numpy(values.reshape(shape).copy())

import base64
import gzip

import numpy as np
import pytest
import torch

from armod.course.labs.mask.lab import _table, settings
from armod.models.made.masks import hidden_degrees, masks


def unpacked(name):
    return np.frombuffer(gzip.decompress(base64.b64decode(_table()[name])), dtype=np.uint8)


def test_the_table_holds_the_degrees_and_masks_of_every_setting():
    degrees, below, above = (unpacked(name) for name in ("degrees", "hiddenMasks", "outputMasks"))
    found = {}
    for size, draw, sizes in settings():
        (layer, degrees), last = np.split(degrees, [sizes[-1]]), sizes[-1]
        widths = (size, *sizes)
        (first, below) = np.split(below, [-(-last * widths[-2] // 8)])
        (second, above) = np.split(above, [-(-last * size // 8)])
        found[size, draw, sizes] = (
            layer,
            np.unpackbits(first, count=last * widths[-2]).reshape(last, widths[-2]),
            np.unpackbits(second, count=last * size).reshape(size, last),
        )
    assert not len(degrees) and not len(below) and not len(above)
    for (size, draw, sizes), (_, _, output_mask) in found.items():
        kind, seed = ("sequential", 0) if draw == "sequential" else ("random", draw)
        layers = hidden_degrees(size, sizes, degrees=kind, seed=seed)
        *hidden_masks, last_mask = masks(torch.arange(size), layers)
        assert np.array_equal(output_mask, last_mask)
        # The page takes what lies below from the same setting with fewer layers.
        for depth, (layer, mask) in enumerate(zip(layers, hidden_masks, strict=True), start=1):
            tabled_layer, tabled_mask, _ = found[size, draw, sizes[:depth]]
            assert np.array_equal(tabled_layer, layer) and np.array_equal(tabled_mask, mask)


@pytest.mark.parametrize("ordering", [[2, 0, 3, 1], [3, 2, 1, 0]])
def test_another_ordering_only_permutes_inputs_and_outputs(ordering):
    degrees = hidden_degrees(4, [5, 6], seed=1)
    natural, other = (masks(torch.tensor(order), degrees) for order in ([0, 1, 2, 3], ordering))
    assert torch.equal(other[0][:, ordering], natural[0])
    assert torch.equal(other[1], natural[1])
    assert torch.equal(other[2][ordering], natural[2])

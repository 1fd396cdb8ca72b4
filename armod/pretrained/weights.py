"""Weights on disk, as safetensors, which can contain numbers and text but no code."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from armod.models.base import AutoregressiveModel
from armod.models.saving import read_tensors, write_model
from armod.training import Receipt


def write_weights(path: Path, model: AutoregressiveModel, receipt: Receipt) -> None:
    """Write a model as `armod.save` does, with its receipt.

    Args:
        path: the .safetensors file.
        model: the model.
        receipt: its likelihood, which goes into the header.
    """
    write_model(path, model, {"receipt": json.dumps(asdict(receipt), sort_keys=True)})


def read_weights(path: Path) -> tuple[dict[str, Tensor], Receipt]:
    """Read the state dict and the receipt that `write_weights` wrote."""
    tensors, metadata = read_tensors(path)
    return tensors, Receipt(**json.loads(metadata["receipt"]))

"""Weights on disk, as safetensors, which can contain numbers and text but no code."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

from safetensors import safe_open
from safetensors.torch import save
from torch import Tensor

from armod.files import write_whole
from armod.models.base import AutoregressiveModel
from armod.training import Receipt


def write_weights(path: Path, model: AutoregressiveModel, receipt: Receipt) -> None:
    """Write the state of a model with its receipt, and replace an older file in one step.

    Args:
        path: the .safetensors file.
        model: the model whose state dict is written.
        receipt: its likelihood, which goes into the header.
    """
    tensors = {name: tensor.contiguous().cpu() for name, tensor in model.state_dict().items()}
    write_whole(path, save(tensors, metadata={"receipt": json.dumps(asdict(receipt), sort_keys=True)}))


def read_weights(path: Path) -> tuple[dict[str, Tensor], Receipt]:
    """Read the state dict and the receipt that `write_weights` wrote."""
    with safe_open(path, framework="pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        return tensors, Receipt(**json.loads(file.metadata()["receipt"]))

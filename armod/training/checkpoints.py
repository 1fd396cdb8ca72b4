"""Checkpoints: the whole state of a run in one file, which is never half-written and belongs to that run only."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from armod.files import whole_file


def write(path: Path, state: Mapping[str, Any]) -> None:
    """Write the state in one step: whenever the process dies, the old file or the new one is whole."""
    with whole_file(path) as file:
        torch.save(dict(state), file)


def read(path: Path, settings: Mapping[str, Any], weights: Mapping[str, Tensor]) -> dict[str, Any] | None:
    """Read the state that an earlier part of this run wrote.

    Args:
        path: the checkpoint.
        settings: the settings of this run, which the checkpoint must have too.
        weights: the model's state dict, whose shapes the checkpoint must have too.

    Returns:
        The state, or None if there is no file.

    Raises:
        ValueError: if the file cannot be read or comes from another run or model.
    """
    if not path.exists():
        return None
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
        if state["settings"] != settings:
            theirs, ours = (dict(sorted(one.items())) for one in (state["settings"], settings))
            reason = f"it was made with {theirs}, this run has {ours}"
        elif _shapes(state["model"]) != _shapes(weights):
            reason = "it holds the weights of another model"
        else:
            return state
    except Exception as error:
        reason = next(iter(str(error).strip().splitlines()), "it cannot be read")
    raise ValueError(
        f"The checkpoint {path} does not belong to this run ({reason}); remove it to start afresh."
    )


def _shapes(weights: Mapping[str, Tensor]) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in weights.items()}

"""Training and evaluation: `fit`, one of its steps, `evaluate`, checkpoints, compilation and several processes."""

from armod.training.evaluation import Receipt, evaluate
from armod.training.fit import History, fit

__all__ = ["History", "Receipt", "evaluate", "fit"]

"""Training and its measure: `fit`, one step of it, evaluation, checkpoints, and several processes."""

from armod.training.evaluation import Receipt, evaluate
from armod.training.fit import History, fit

__all__ = ["History", "Receipt", "evaluate", "fit"]

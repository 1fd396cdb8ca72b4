"""Training and evaluation: `fit`, its data, schedules and callbacks, one of its steps, `evaluate`, and several processes."""

from armod.training.callbacks import Callback, CSVLogger, Progress, TensorBoardLogger
from armod.training.evaluation import Receipt, evaluate
from armod.training.finite import NotFiniteError
from armod.training.fit import fit
from armod.training.history import History
from armod.training.schedules import Cosine, WarmUp

__all__ = [
    "CSVLogger",
    "Callback",
    "Cosine",
    "History",
    "NotFiniteError",
    "Progress",
    "Receipt",
    "TensorBoardLogger",
    "WarmUp",
    "evaluate",
    "fit",
]

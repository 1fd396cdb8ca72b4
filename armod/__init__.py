"""armod: autoregressive models with exact likelihoods and fast sampling.

>>> import torch
>>> model = MADE((4,), [16], likelihood=likelihoods.Bernoulli())
>>> model.sample(2, generator=torch.Generator().manual_seed(0)).shape
torch.Size([2, 4])
"""

from armod import data, likelihoods, orderings
from armod.dependency import check_autoregressive, dependency_matrix, total_probability
from armod.exercises import check
from armod.models.base import AutoregressiveModel, Incremental
from armod.models.gated_pixelcnn import GatedPixelCNN
from armod.models.histogram import Histogram
from armod.models.made import MADE
from armod.models.pixelcnn import PixelCNN
from armod.models.pixelcnn_plus_plus import PixelCNNPlusPlus
from armod.models.recurrent import RecurrentModel
from armod.models.transformer import Transformer
from armod.models.wavenet import WaveNet
from armod.pretrained import load_pretrained
from armod.training import History, Receipt, evaluate, fit

__all__ = [
    "MADE",
    "AutoregressiveModel",
    "GatedPixelCNN",
    "Histogram",
    "History",
    "Incremental",
    "PixelCNN",
    "PixelCNNPlusPlus",
    "Receipt",
    "RecurrentModel",
    "Transformer",
    "WaveNet",
    "check",
    "check_autoregressive",
    "data",
    "dependency_matrix",
    "evaluate",
    "fit",
    "likelihoods",
    "load_pretrained",
    "orderings",
    "total_probability",
]

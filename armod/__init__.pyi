from . import data, distillation, encoders, likelihoods, orderings, sampling, training
from .course.exercises import check
from .measures.completion import completion_log_prob
from .measures.dependency import check_autoregressive, dependency_matrix, total_probability
from .measures.waves import waves
from .models.base import AutoregressiveModel, Incremental
from .models.conditional import Conditional
from .models.histogram import Histogram
from .models.made import MADE
from .models.ngram import NGram
from .models.plus_plus import PixelCNNPlusPlus
from .models.raster.gated_pixelcnn import GatedPixelCNN
from .models.raster.pixelcnn import PixelCNN
from .models.saving import load, save
from .models.scales.multi_scale import MultiScale
from .models.scales.subscale import Subscale
from .models.sequence.recurrent import RecurrentModel
from .models.sequence.transformer import Transformer
from .models.sequence.wavenet import WaveNet
from .pretrained import load_pretrained
from .training import History, Receipt, evaluate, fit

__version__: str

__all__ = [
    "MADE",
    "AutoregressiveModel",
    "Conditional",
    "GatedPixelCNN",
    "Histogram",
    "History",
    "Incremental",
    "MultiScale",
    "NGram",
    "PixelCNN",
    "PixelCNNPlusPlus",
    "Receipt",
    "RecurrentModel",
    "Subscale",
    "Transformer",
    "WaveNet",
    "check",
    "check_autoregressive",
    "completion_log_prob",
    "data",
    "dependency_matrix",
    "distillation",
    "encoders",
    "evaluate",
    "fit",
    "likelihoods",
    "load",
    "load_pretrained",
    "orderings",
    "sampling",
    "save",
    "total_probability",
    "training",
    "waves",
]

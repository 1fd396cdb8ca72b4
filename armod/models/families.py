"""The families of models that come with armod, and all that files may name, by the names that files use."""

from __future__ import annotations

from collections.abc import Mapping

from torch import nn

from armod.encoders import ImageEncoder, SequenceEncoder
from armod.models.base import AutoregressiveModel
from armod.models.conditional import Conditional
from armod.models.histogram import Histogram
from armod.models.made import MADE
from armod.models.ngram import NGram
from armod.models.plus_plus import PixelCNNPlusPlus
from armod.models.raster.gated_pixelcnn import GatedPixelCNN
from armod.models.raster.pixelcnn import PixelCNN
from armod.models.scales.multi_scale import MultiScale
from armod.models.scales.subscale import Subscale
from armod.models.sequence.recurrent import RecurrentModel
from armod.models.sequence.transformer import Transformer
from armod.models.sequence.wavenet import WaveNet

FAMILIES: Mapping[str, type[AutoregressiveModel]] = {
    family.__name__: family
    for family in (
        Histogram,
        NGram,
        MADE,
        RecurrentModel,
        WaveNet,
        PixelCNN,
        GatedPixelCNN,
        PixelCNNPlusPlus,
        MultiScale,
        Subscale,
        Transformer,
    )
}
ENCODERS: Mapping[str, type[nn.Module]] = {each.__name__: each for each in (ImageEncoder, SequenceEncoder)}
IN_FILES: Mapping[str, type[nn.Module]] = {**FAMILIES, "Conditional": Conditional, **ENCODERS}

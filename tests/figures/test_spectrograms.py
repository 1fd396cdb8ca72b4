import io

import numpy as np
import pytest
import torch
from PIL import Image

from armod.figures.sound import spectrograms


def beep(frequency: float, loudness: float = 1.0) -> torch.Tensor:
    return loudness * torch.sin(torch.arange(4000) * 2 * torch.pi * frequency / 8000)


def test_the_table_says_how_loud_and_how_high():
    picture = spectrograms({"low": beep(500), "high": beep(3000, 0.1)}, 8000, title="Two tones")
    assert picture.table["median frequency"] == [500, 3000]
    assert picture.table["decibels"] == [-3.0, -23.0] and picture.table["seconds"] == [0.5, 0.5]
    assert "high: 0.5 seconds, -23.0 decibels, half of the power below 3000 hertz" in str(picture)


def test_the_loud_band_is_dark_at_its_height():
    pixels = np.asarray(
        Image.open(io.BytesIO(spectrograms({"high": beep(3000)}, 8000, title="A").png(100))).convert("L")
    )
    column = pixels[80:180, 450].astype(int)
    assert abs(int(column.argmin()) / len(column) - (1 - 3000 / 4000)) < 0.15


def test_silence_can_be_drawn_and_a_click_is_refused():
    spectrograms({"silence": torch.zeros(300)}, 8000, title="Nothing").png()
    with pytest.raises(ValueError, match="256 samples"):
        spectrograms({"click": torch.zeros(255)}, 8000, title="No")

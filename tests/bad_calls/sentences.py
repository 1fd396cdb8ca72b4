"""What every refusal looks like: one sentence that names what is wrong."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


def refused(call: Callable[[], Any], words: str, kind: type[Exception] = ValueError) -> None:
    """Check that a call raises `kind` with one sentence that matches `words`."""
    with pytest.raises(kind, match=words) as error:
        call()
    sentence = str(error.value)
    assert error.type is kind or issubclass(kind, ValueError)
    assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence, sentence
    assert "Tensor.__" not in sentence and "argument 'self'" not in sentence  # torch's own

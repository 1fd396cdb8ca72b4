"""What every refusal looks like: one sentence that names what is wrong."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

import pytest

Bad = tuple[Callable[[], Any], str]


def refused(call: Callable[[], Any], words: str, kind: type[Exception] = ValueError) -> None:
    """Check that a call raises `kind` with one sentence that matches `words`."""
    with pytest.raises(kind, match=words) as error:
        call()
    sentence = str(error.value)
    assert sentence.endswith(".") and "\n" not in sentence and ". " not in sentence, sentence


def all_refused(calls: Iterable[Bad], kind: type[Exception] = ValueError) -> None:
    """Check many calls in one test, which are too quick to be tests of their own, and report every wrong one."""
    wrong = []
    for number, (call, words) in enumerate(calls):
        try:
            refused(call, words, kind)
        except (Exception, pytest.fail.Exception) as error:
            wrong.append(f"{number}: {words!r}, but {type(error).__name__}: {error}")
    assert not wrong, "\n".join(wrong)


def named(value: Any) -> str:
    """A name for a test, without addresses, so that every process finds the same."""
    return value.__name__ if isinstance(value, type) else re.sub(r"\s+| at 0x\w+", " ", repr(value))[:30]

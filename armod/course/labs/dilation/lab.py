"""The dilation lab: the ancestry of one output of a stack of causal convolutions, lit frame by frame.

Python follows the ancestry and asks the oracle, for every state of the knobs, once; the page looks them up. What the page
works out itself is which of these places lie in the recording.
"""

from __future__ import annotations

from functools import cache
from itertools import product
from typing import TYPE_CHECKING, Any

from armod.course.labs.dilation.facts import KERNEL_SIZES, LENGTH, NUM_LAYERS, PATTERNS, DilationFacts
from armod.course.labs.dilation.own import dilation_lab_of
from armod.course.labs.dilation.picture import dilation_figure
from armod.course.labs.own import takes_models
from armod.course.labs.page import Widget, check_knobs, lab_page
from armod.likelihoods import Bernoulli
from armod.models.sequence.wavenet import WaveNet

if TYPE_CHECKING:
    from armod.course.labs.live.widget import LiveLab

LIVE_LENGTH = 32


@takes_models(dilation_lab_of)
def dilation_lab(
    pattern: str = "doubling",
    num_layers: int = 4,
    *,
    kernel_size: int = 2,
    output: int = LENGTH,
    frame: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, its knobs set to these values at first; ``dilation_lab.of(model)`` shows a model of yours.

    Args:
        pattern: how a name of `PATTERNS` begins, e.g. "doubling" or "always 4".
        num_layers: how many layers there are.
        kernel_size: taps of each layer.
        output: the sample above which the chosen output stands, from 1.
        frame: steps down that are lit already.
        live: whether to make an ipywidget of 32 samples, whose traits ``dilations``, ``kernel_size``, ``output`` (at most 31)
            and ``frame`` take any dilations.

    Returns:
        The output.

    Raises:
        ValueError: for a value that the lab's knobs do not have.
    """
    names = {name.split(":")[0]: name for name in PATTERNS}
    check_knobs(
        "dilation lab",
        pattern=(pattern, tuple(names)),
        num_layers=(num_layers, range(1, NUM_LAYERS + 1)),
        kernel_size=(kernel_size, KERNEL_SIZES),
        output=(output, range(1, LENGTH + 1)),
        frame=(frame, range(num_layers + 1)),
    )
    if live:
        options: dict[str, Any] = {
            "dilations": PATTERNS[names[pattern]][:num_layers],
            "kernel_size": kernel_size,
        }
        model = WaveNet((LIVE_LENGTH,), 2, likelihood=Bernoulli(), **options)
        return dilation_lab_of(model, output=min(output, LIVE_LENGTH - 1), frame=frame, live=True)
    facts = dilation_state(names[pattern], num_layers, kernel_size)
    start = {"pattern": names[pattern], "layers": num_layers, "kernel": kernel_size}
    data = {
        "patterns": PATTERNS,
        "kernels": KERNEL_SIZES,
        "length": LENGTH,
        "states": _table(),
        "start": {**start, "output": output, "frame": frame},
    }
    return lab_page(__file__, data, dilation_figure(facts))


@cache
def dilation_state(pattern: str, num_layers: int, kernel_size: int) -> DilationFacts:
    """What the lab shows at one setting of its knobs; `pattern` is a whole name of `PATTERNS`."""
    return DilationFacts(PATTERNS[pattern][:num_layers], kernel_size)


@cache
def _table() -> dict[str, dict[str, object]]:
    """Under "pattern layers kernel" what is lit in each frame, and what is said."""
    table: dict[str, dict[str, object]] = {}
    for pattern, num_layers, kernel_size in product(PATTERNS, range(1, NUM_LAYERS + 1), KERNEL_SIZES):
        facts = dilation_state(pattern, num_layers, kernel_size)
        table[f"{pattern} {num_layers} {kernel_size}"] = {
            "ancestry": facts.ancestry,
            "field": facts.field,
            "formula": facts.formula,
            "oracle": facts.oracle,
            "finding": facts.finding,
        }
    return table

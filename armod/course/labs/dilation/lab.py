"""The dilation lab: the ancestry of one output of a stack of causal convolutions, lit frame by frame.

The page follows the ancestry through any dilations, as `DilationFacts` does; tests hold both against each other and against
the oracle.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from armod.course.labs.dilation.facts import KERNEL_SIZES, NUM_LAYERS, PATTERNS, DilationFacts
from armod.course.labs.dilation.own import KNOBS, dilation_lab_of
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
    output: int | None = None,
    frame: int = 0,
    live: bool = False,
) -> Widget | LiveLab:
    """The lab as one notebook output, its knobs set to these values at first; ``dilation_lab.of(model)`` shows a model of yours.

    Args:
        pattern: how a name of `PATTERNS` begins, e.g. "doubling" or "always 4".
        num_layers: how many layers there are.
        kernel_size: taps of each layer.
        output: the sample above which the chosen output stands, from 1; left out, the last.
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
        frame=(frame, range(num_layers + 1)),
    )
    if live:
        options: dict[str, Any] = {
            "dilations": PATTERNS[names[pattern]][:num_layers],
            "kernel_size": kernel_size,
        }
        model = WaveNet((LIVE_LENGTH,), 2, likelihood=Bernoulli(), **options)
        return dilation_lab_of(
            model, output=LIVE_LENGTH - 1 if output is None else output, frame=frame, live=True
        )
    facts = dilation_state(names[pattern], num_layers, kernel_size)
    at = facts.columns if output is None else output
    check_knobs("dilation lab", output=(at, range(1, facts.columns + 1)))
    start = {"pattern": names[pattern], "dilations": facts.dilations, "kernel": kernel_size}
    data = {
        **KNOBS,
        "patterns": PATTERNS,
        "kernels": KERNEL_SIZES,
        "start": {**start, "output": at, "frame": frame},
    }
    return lab_page(__file__, data, dilation_figure(facts, generation=True))


@cache
def dilation_state(pattern: str, num_layers: int, kernel_size: int) -> DilationFacts:
    """What the lab shows at one setting of its knobs; `pattern` is a whole name of `PATTERNS`."""
    return DilationFacts(PATTERNS[pattern][:num_layers], kernel_size)

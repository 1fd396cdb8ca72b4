"""The ancestry of one output of a stack of causal dilated convolutions: layer by layer, which places it depends on.

A layer with dilation d and k taps reads the layer below at 0, d, 2d ... (k - 1) d steps back. Followed from the output
down to the samples, that gives the *receptive field*, ``1 + sum of (k - 1) d`` samples (WaveNet, section 2.1), and says
which samples in it are seen. `armod.dependency_matrix`, the oracle, finds the same by trying.

The output at sample t has read samples up to t and predicts sample t + 1. Steps are counted back from t.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from armod.course.labs.words import Words
from armod.likelihoods import Bernoulli
from armod.measures.dependency import dependency_matrix
from armod.models.sequence.wavenet import WaveNet

say = Words.beside(__file__)
PATTERNS = {
    "doubling: 1, 2, 4, 8, 16": (1, 2, 4, 8, 16),
    "halving: 16, 8, 4, 2, 1": (16, 8, 4, 2, 1),
    "two stacks: 1, 2, 4, 1, 2": (1, 2, 4, 1, 2),
    "always 1": (1, 1, 1, 1, 1),
    "always 4": (4, 4, 4, 4, 4),
}
NUM_LAYERS, KERNEL_SIZES = 5, (2, 3)
# Samples in the pictures: as many as the largest field of these patterns, and one more.
LENGTH = 64


@dataclass(frozen=True)
class DilationFacts:
    """What the pictures of one stack draw and say.

    Args:
        dilations: of the layers, from the samples up.
        kernel_size: taps of each layer.

    >>> facts = DilationFacts((1, 2, 4), 2)
    >>> facts.ancestry
    ((0,), (0, 4), (0, 2, 4, 6), (0, 1, 2, 3, 4, 5, 6, 7))
    >>> facts.formula
    '1 + (2 − 1) × (1 + 2 + 4) = 8'
    """

    dilations: tuple[int, ...]
    kernel_size: int

    @property
    def num_layers(self) -> int:
        """Layers, and steps from the output down to the samples."""
        return len(self.dilations)

    @cached_property
    def ancestry(self) -> tuple[tuple[int, ...], ...]:
        """Steps back from the output that it depends on: in its own row, then in each row below, the samples last."""
        rows: list[tuple[int, ...]] = [(0,)]
        for dilation in reversed(self.dilations):
            rows.append(
                tuple(sorted({back + tap * dilation for back in rows[-1] for tap in range(self.kernel_size)}))
            )
        return tuple(rows)

    @property
    def field(self) -> int:
        """The receptive field by the formula, in samples."""
        return 1 + (self.kernel_size - 1) * sum(self.dilations)

    @property
    def formula(self) -> str:
        """The formula with its numbers."""
        return f"1 + ({self.kernel_size} − 1) × ({' + '.join(map(str, self.dilations))}) = {self.field}"

    @cached_property
    def oracle(self) -> tuple[int, ...]:
        """Steps back that the oracle finds in a small WaveNet, in a sequence that is longer than the field; ascending."""
        length = self.field + 2
        model = WaveNet(
            (length,), 2, dilations=self.dilations, kernel_size=self.kernel_size, likelihood=Bernoulli()
        )
        seen = dependency_matrix(model)[-1].nonzero().flatten()
        # the last conditional sees the sample before it, which is no step back from the output
        return tuple(sorted((length - 2 - seen).tolist()))

    @property
    def finding(self) -> str:
        """The title of the pictures."""
        seen = len(self.oracle)
        template = "finding" if seen == self.field else "finding_gaps"
        return say(template, layers=self.num_layers, kernel=self.kernel_size, field=self.field, seen=seen)

    def sentence(self, frame: int, output: int) -> str:
        """What is lit after `frame` steps down from the output at sample `output`, 1 or later."""
        if frame == 0:
            return say("frame_first", output=output, next=output + 1)
        return say(
            "frame",
            dilation=self.dilations[-frame],
            places=len(self.ancestry[frame]),
            below=self.num_layers - frame,
            before=sum(back >= output for back in self.ancestry[frame]),
        )

    def found(self, output: int) -> str:
        """What the oracle finds for the output at sample `output`, whose past begins with sample 1."""
        inside = sum(back < output for back in self.oracle)
        return say("oracle", seen=inside, before=len(self.oracle) - inside)

    @property
    def description(self) -> str:
        """The whole picture in words."""
        rows = (
            f"through dilation {dilation}, {len(places)}"
            for dilation, places in zip(reversed(self.dilations), self.ancestry[1:], strict=True)
        )
        values = {"formula": self.formula, "seen": len(self.oracle)}
        return say("description", finding=self.finding, rows="; ".join(rows), **values)

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
MOST_LAYERS, MOST_DILATION, MOST_TAPS = 12, 64, 5  # of those that the page takes
RATES = (8_000, 16_000, 24_000, 44_100)  # samples a second
FEWEST_COLUMNS, LENGTH = (
    24,
    64,
)  # samples on the page; LENGTH is one more than the largest field of these patterns
_NAMED = 6  # gaps, at most


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
    def columns(self) -> int:
        """Samples on the page: they grow with the field."""
        return min(max(8 * -(-(self.field + 4) // 8), FEWEST_COLUMNS), LENGTH)

    @property
    def missed(self) -> tuple[int, ...]:
        """Steps back inside the field that the output does not see: gaps."""
        return tuple(sorted(set(range(self.field)) - set(self.ancestry[-1])))

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
        seen = len(self.ancestry[-1])
        template = "finding" if seen == self.field else "finding_gaps"
        return say(template, layers=self.num_layers, kernel=self.kernel_size, field=self.field, seen=seen)

    def sentence(self, frame: int, output: int) -> str:
        """What is lit after `frame` steps down from the output at sample `output`, 1 or later."""
        if frame == 0:
            return say("frame_first", output=output, next=output + 1)
        places = self.ancestry[frame]
        inside = sum(back < output for back in places)
        template = "frame" if frame < self.num_layers else "frame_samples"
        return say(template, dilation=self.dilations[-frame], inside=inside, before=len(places) - inside)

    def reached(self, output: int) -> str:
        """How much of its field the output at sample `output` has, whose past begins with sample 1."""
        inside = sum(back < output for back in self.ancestry[-1])
        return say("reached", seen=inside, before=len(self.ancestry[-1]) - inside)

    def title(self, output: int) -> str:
        """The finding, and what of it is left near the beginning."""
        inside = sum(back < output for back in self.ancestry[-1])
        if inside == len(self.ancestry[-1]):
            return self.finding
        return say("title", finding=self.finding, output=output, inside=inside)

    def gaps(self, frame: int) -> str:
        """Which samples of the field are not seen; nothing while the lit rows have not come down to them."""
        if frame < self.num_layers or not self.missed:
            return ""
        return " " + say("gaps", missed=self.missed[:_NAMED], more=max(0, len(self.missed) - _NAMED))

    def milliseconds(self, rate: int) -> str:
        """How long the field lasts at a sampling rate."""
        return say("lasts", field=self.field, milliseconds=1000 * self.field / rate, rate=f"{rate:,}")

    def kept(self, output: int) -> int:
        """Units and samples before the sample `output` in the queues: every layer keeps those that it will read again."""
        return sum(min((self.kernel_size - 1) * dilation, output - 1) for dilation in self.dilations)

    def generation(self, output: int, *, is_naive: bool) -> tuple[str, str]:
        """Finding and detail of one step of generation, which computes hidden units for the output at sample `output`.

        With a cache every layer has a queue of the ``(k - 1) d`` units below that it will read again, and computes one unit a
        step. A naive loop computes all of the ancestry.

        Args:
            output: the sample, from 1 on.
            is_naive: whether nothing is kept.

        Returns:
            The two sentences.
        """
        units = [self.computed(at) for at in range(1, output + 1)]
        values: dict[str, int] = {
            "output": output,
            "next": output + 1,
            "layers": self.num_layers,
            "units": units[-1],
            "again": units[-1] - self.num_layers,
            "total": sum(units) if is_naive else self.num_layers * output,
            "cached": self.num_layers * output,
            "kept": self.kept(output),
        }
        kind = "naive" if is_naive else "cached"
        return say(f"{kind}_finding", **values), say(f"{kind}_detail", **values)

    def computed(self, output: int) -> int:
        """Hidden units inside the recording that the output at sample `output` depends on."""
        return sum(back < output for row in self.ancestry[:-1] for back in row)

    @property
    def both_ways(self) -> tuple[str, ...]:
        """What the next sample costs with queues and without, at the last output of the page."""
        return tuple(self.generation(self.columns, is_naive=is_naive)[0] for is_naive in (False, True))

    @property
    def description(self) -> str:
        """The whole picture in words."""
        rows = (
            f"through dilation {dilation}, {len(places)}"
            for dilation, places in zip(reversed(self.dilations), self.ancestry[1:], strict=True)
        )
        values = {"formula": self.formula, "seen": len(self.oracle)}
        return say("description", finding=self.finding, rows="; ".join(rows), **values)

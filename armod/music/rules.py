"""Rules of voice leading as filters of `AutoregressiveModel.sample`."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, distributions

from armod.data import notes
from armod.data.notes import LOWEST
from armod.music.judging import FIFTH, OCTAVE
from armod.sampling import without


class NoParallels:
    """A filter that forbids parallel fifths and octaves, while a score is made step by step.

    A pitch is forbidden if its voice would move to it in the same direction as another voice that is known at this step, from a
    fifth to a fifth or from an octave to an octave (`armod.music.VoiceLeading`). A voice may always stay where it is. So there
    is always a level left.

    Args:
        ordering: the model's, ``(voices * T,)``; all voices of a step come before the next step.
        length: T, the number of steps.
        melody: levels ``(N, T)`` of a highest voice that is given and not drawn, or one row ``(1, T)`` for all; None if the model
            draws all voices.

    >>> from armod import orderings
    >>> rule = NoParallels(orderings.column((1, 2)), 2, melody=notes.from_pitches(torch.tensor([[67, 69]]), torch.tensor([[True, True]])))
    >>> even = distributions.Categorical(logits=torch.zeros(1, notes.NUM_LEVELS))
    >>> after_c = rule(even, 1, torch.tensor([[49]]))  # a fifth below the melody's G
    >>> (after_c.probs == 0).nonzero()[:, 1].tolist()  # to D, below the melody's A; begun or held, in any octave above
    [53, 54, 77, 78]
    """

    def __init__(self, ordering: Tensor | Sequence[int], length: int, melody: Tensor | None = None) -> None:
        self.places = [divmod(int(variable), length) for variable in ordering]  # voice and time of each step
        self.steps = {place: step for step, place in enumerate(self.places)}
        self.melody = None if melody is None else notes.pitches(melody)

    def __call__(
        self, distribution: distributions.Distribution, step: int, values: Tensor
    ) -> distributions.Distribution:
        """Leave out the levels that would make a parallel, as every filter."""
        voice, time = self.places[step]
        if time == 0:
            return distribution
        own = self._pitch(voice, time - 1, values)
        every = torch.arange(notes.NUM_PITCHES) + LOWEST  # (pitches,)
        banned = torch.zeros(len(values), notes.NUM_PITCHES, dtype=torch.bool)
        others = {place[0] for place in self.places[:step] if place[1] == time}
        for other in [*([] if self.melody is None else [-1]), *sorted(others)]:
            before, now = self._pitch(other, time - 1, values), self._pitch(other, time, values)
            sign = 1 if other < voice else -1  # intervals go from the lower to the upper voice
            interval = sign * (before - own) % 12
            moves = (before >= 0) & (now >= 0) & (own >= 0) & (before != now)
            is_perfect = (interval == FIFTH) | (interval == OCTAVE)
            same_way = (every - own[:, None]).sign() == (now - before).sign()[:, None]
            same_interval = sign * (now[:, None] - every) % 12 == interval[:, None]
            banned |= (moves & is_perfect)[:, None] & same_way & same_interval
        rest = torch.zeros(len(values), 1, dtype=torch.bool)
        return without(distribution, torch.cat([rest, banned.repeat_interleave(2, 1)], 1))

    def _pitch(self, voice: int, time: int, values: Tensor) -> Tensor:
        """The pitches ``(N,)`` of a voice that is known; -1 is the melody."""
        if voice >= 0:
            return notes.pitches(values[:, self.steps[voice, time]])
        assert self.melody is not None
        return self.melody[:, time].expand(len(values))

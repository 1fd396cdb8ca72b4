"""One harmony in every key: a model that is not quite the same in all keys is averaged over them."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor, distributions

from armod.data import notes
from armod.models.base import AutoregressiveModel
from armod.settings import shown, whole_numbers


class InEveryKey(AutoregressiveModel):
    """The mean of a model's probabilities over keys: the score and its melody are transposed, and the model judges them there.

    Harmony is the same in every key, but a network that saw each key by chance knows some a little better. To move into a key that
    was chosen by chance, to draw there, and to move back is a mixture of as many models as there are keys. Its likelihood is the mean
    of theirs, and no training is needed. What a network believes of one key alone is worth less in the mean, as with every ensemble
    that averages *probabilities* (Germain et al. 2015, section 4.2, for orderings).

    In a key whose range is too small for a level, the model's other levels share its probability. Keys that have no room for the
    melody are left out. So the probabilities of all scores add up to 1.

    Args:
        model: a model of levels ``0..92`` (`armod.data.notes`) of event shape ``(voices, T)``; its context, if it has one, is a melody
            of such levels.
        semitones: how far a score is moved in each key; 0 is among them.

    Attributes:
        model: the model.
        semitones: the keys.

    Raises:
        ValueError: if the model has other levels, or the keys are no whole numbers with a 0.

    >>> import armod
    >>> likelihood = armod.likelihoods.Categorical(93)
    >>> own = armod.RecurrentModel((3, 4), 8, likelihood=likelihood, ordering=armod.orderings.column((3, 4)))
    >>> InEveryKey(own, [-1, 0, 1]).log_prob(torch.full((2, 3, 4), 49)).shape
    torch.Size([2])
    """

    def __init__(self, model: AutoregressiveModel, semitones: Sequence[int] = range(-6, 7)) -> None:
        super().__init__()
        if model.likelihood is None or model.likelihood.num_levels != notes.NUM_LEVELS:
            raise ValueError(f"model is a model of {notes.NUM_LEVELS} levels of notes, not {model}.")
        keys = whole_numbers(list(semitones))
        if keys is None or 0 not in keys or len(set(keys)) < len(keys):
            raise ValueError(
                f"semitones are whole numbers, each once and 0 among them, not {shown(list(semitones))}."
            )
        self.model, self.semitones = model, keys
        self.event_shape, self.likelihood = model.event_shape, model.likelihood
        self.context_size = model.context_size

    @property
    def ordering(self) -> Tensor:  # type: ignore[override]
        """The model's ordering."""
        return self.model.ordering

    def check_context(self, context: object, num: int, event_shape: Sequence[int]) -> Tensor | None:
        """Check a melody as the model does."""
        return self.model.check_context(context, num, event_shape)

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every conditional of the mixture, as `AutoregressiveModel.conditionals`.

        A key counts as much as it made the past probable, which is Bayes' rule.
        """
        x = self.check_levels(x).long()
        melody = self.check_context(context, len(x), x.shape[1:])
        mixed = None
        for key in self.semitones:
            found = self._in_key(key, x, melody)
            mixed = found if mixed is None else torch.logaddexp(mixed, found)
        return distributions.Categorical(logits=mixed, validate_args=False)

    def _in_key(self, key: int, x: Tensor, melody: Tensor | None) -> Tensor:
        """Log p(the past and each level) of one key, ``(N, voices, T, 93)``; minus infinity where there is no room for the past."""
        levels = torch.arange(notes.NUM_LEVELS, device=x.device)
        there, has_room = _moved(levels, key)
        moved, _ = _moved(x, key)
        moved_melody, fits = (None, None) if melody is None else _moved(melody, key)
        table = distributions.Categorical(
            logits=self.model.conditionals(moved, moved_melody)
            .logits[..., there]  # type: ignore[attr-defined]
            .masked_fill(~has_room, -math.inf),
            validate_args=False,
        ).logits
        own = table.gather(-1, x[..., None])[..., 0].flatten(1)[:, self.ordering]
        past = (own.cumsum(1).roll(1, 1)).index_fill(1, torch.tensor([0], device=x.device), 0.0)
        past = past[:, torch.argsort(self.ordering)].view(x.shape)
        if fits is not None:
            past = past.masked_fill(~fits.flatten(1).all(1).view(-1, *[1] * (x.dim() - 1)), -math.inf)
        return table + past[..., None]


def _moved(levels: Tensor, key: int) -> tuple[Tensor, Tensor]:
    """Levels in another key, and where there is room for them; a rest stands in where there is none."""
    moved = levels.long() + 2 * key
    is_rest = levels == notes.REST
    fits = is_rest | ((moved > notes.REST) & (moved < notes.NUM_LEVELS))
    return torch.where(fits & ~is_rest, moved, notes.REST), fits

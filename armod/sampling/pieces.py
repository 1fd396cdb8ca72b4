"""A walk that looks ahead piece by piece: a row of an image, or a chunk of a MADE, costs little more than one variable."""

from __future__ import annotations

from abc import abstractmethod

import torch
from torch import Tensor

from armod.sampling.walk import Walk


class PieceWalk(Walk):
    """A walk that computes the rest of a piece at once from guessed levels.

    A subclass says how much of the piece is left (`at_hand`), computes it (`_rest`), and keeps it (`_fix`, `_close_piece`).

    >>> from armod.likelihoods import Bernoulli
    >>> from armod.models.made import MADE
    >>> view = MADE((9,), [4], likelihood=Bernoulli()).incremental(2)
    >>> isinstance(view, PieceWalk), view.at_hand
    (True, 9)
    """

    looks_ahead = True

    @property
    @abstractmethod
    def at_hand(self) -> int:
        """The number of variables that are left of the piece."""

    def ahead(self, levels: Tensor) -> Tensor:
        """Compute the rest of the piece at once, and the pieces after it with a copy, as `Walk.ahead`."""
        rest = self.at_hand
        parameters = self._rest(levels[:rest])
        if len(levels) < rest or self.step + rest == self.num_variables:
            return parameters[: len(levels) + 1]
        if self._scout is None:
            self._scout = self.copy()
        self._scout.take_over(self, torch.arange(self.num_samples, device=self.device))
        self._scout.accept(levels[:rest])
        return torch.cat([parameters, self._scout.ahead(levels[rest:])])

    def accept(self, levels: Tensor) -> None:
        """Keep what `ahead` computed for these levels, as `Walk.accept`."""
        while len(levels):
            rest = self.at_hand
            here, levels = levels[:rest], levels[rest:]
            self._fix(here)
            self.step += len(here)
            self.parameters, self._steps = None, None
            if len(here) == rest:
                self._close_piece()
                if len(levels):
                    self.ahead(levels[:-1])

    @abstractmethod
    def _rest(self, levels: Tensor) -> Tensor:
        """The parameters ``(variables, N, num_parameters)`` of the rest of the piece, if its first levels are these."""

    @abstractmethod
    def _fix(self, levels: Tensor) -> None:
        """Write the levels ``(a, N)`` of the next variables of the piece, which `_rest` was given but for the last one."""

    @abstractmethod
    def _close_piece(self) -> None:
        """Keep what later pieces need of this one, all levels of which are known."""

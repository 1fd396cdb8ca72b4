"""Recurrent neural networks as autoregressive models, which summarise everything generated so far in one state vector.

At each step the network reads the value generated before, updates its state, and computes the next conditional from it
(Graves 2013, section 2). In training the true values are known, so all steps are one call (*teacher forcing*).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from armod.likelihoods import Likelihood
from armod.models.sequence.recurrence import CELLS, Recurrence
from armod.models.sequence.recurrent_walk import RecurrentWalk
from armod.models.sequence.sequence_model import SequenceModel
from armod.models.sequence.step_inputs import StepInputs, initial_weights
from armod.settings import check_sizes


class RecurrentModel(SequenceModel):
    """A recurrent network with simple, LSTM or GRU cells.

    `torch.compile` unrolls its loop over time.

    Args:
        event_shape: shape of one observation. A sequence ``(T,)`` in raster or reversed order may have any length at run
            time. With any other shape or ordering each step also reads a learned vector for the next variable.
        hidden_size: units of the state in each layer, and width of the inputs.
        cell: "rnn" (tanh; Elman 1990), "lstm" (Hochreiter and Schmidhuber 1997, with the forget gate of Gers, Schmidhuber
            and Cummins 2000) or "gru" (Cho et al. 2014).
        num_layers: layers of cells.
        likelihood: family of the conditionals, such as `armod.likelihoods.Categorical(256)`.
        ordering: any permutation ``(D,)``; None is raster.
        context_size: C of a context ``(N, C)``, or of a local one, which each step reads at the next variable. The first of
            three or more sizes of `event_shape` counts channels, and all channels of a position share its context. That of
            rows ``(R, T)`` may be ``(N, C, T)``, the same for all rows.
        lookback: how many of the values before a step it reads. All of them are in the state, too, but what a network need not
            remember is learnt sooner: with four voices that sing in turn, each reads its own last note three to four values back.
        seed: seed of the initial weights.

    Raises:
        ValueError: if a size is out of range, the ordering is not a permutation, or the cell is unknown.

    >>> import torch
    >>> from armod.likelihoods import Categorical
    >>> model = RecurrentModel((5,), 16, cell="gru", likelihood=Categorical(4))
    >>> model.log_prob(torch.tensor([[0, 3, 1, 2, 1], [3, 3, 0, 0, 1]])).shape
    torch.Size([2])
    >>> model.sample(2, length=7).shape
    torch.Size([2, 7])
    """

    def __init__(
        self,
        event_shape: Sequence[int],
        hidden_size: int,
        *,
        cell: str = "lstm",
        num_layers: int = 1,
        likelihood: Likelihood,
        ordering: Tensor | Sequence[int] | None = None,
        context_size: int = 0,
        lookback: int = 1,
        seed: int = 0,
    ) -> None:
        if not isinstance(cell, str) or cell not in CELLS:
            raise ValueError(f'cell is "rnn", "lstm" or "gru", not {cell!r}.')
        hidden_size, num_layers, lookback = check_sizes(
            hidden_size=hidden_size, num_layers=num_layers, lookback=lookback
        )
        super().__init__(event_shape, likelihood=likelihood, ordering=ordering, context_size=context_size)
        with initial_weights(seed):
            self.inputs = StepInputs(
                likelihood,
                hidden_size,
                num_positions=0 if self.any_length else self.num_variables,
                context_size=self.context_size,
                lookback=lookback,
            )
            self.recurrence = Recurrence(cell, hidden_size, num_layers)
            self.head = nn.Linear(hidden_size, likelihood.num_parameters)

    def cached_view(self, num_samples: int, context: Tensor | None) -> RecurrentWalk:
        """Generate one variable at a time, with one step of each cell."""
        return RecurrentWalk(self._beginning(num_samples, context), self.recurrence, self.head)

    def extra_repr(self) -> str:
        """Return the arguments that `print(model)` shows."""
        return f"event_shape={tuple(self.event_shape)}, likelihood={self.likelihood}"

    def _states(self, inputs: Tensor) -> Tensor:
        return self.recurrence(inputs)

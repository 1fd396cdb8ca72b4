"""Text of 255 characters from recurrent networks of 256 units, cached against naive; for information."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from armod import RecurrentModel, likelihoods
from armod.machine_code import is_wanted
from benchmarks.measure import Result, exponent, interleaved

LENGTH, CHARACTERS, UNITS = 255, 60, 256
CELLS = ("rnn", "lstm", "gru")


def sampling(repeats: int = 3) -> list[Result]:
    """One text: a step of each cell for each character, against the whole sequence anew for each."""
    results = []
    for cell in CELLS:
        model = _model(cell)
        cached, naive = interleaved(
            [lambda: _sample(model, "cached"), lambda: _sample(model, "naive")],  # noqa: B023
            repeats,
            often=[10, 1],
        )
        is_same = torch.equal(_sample(model, "cached"), _sample(model, "naive"))
        results.append(
            Result(
                f"cached sampling of {LENGTH} characters, {cell}, against naive",
                cached,
                naive,
                note="identical samples" if is_same else "samples differ by rounding",
                multiply_adds=LENGTH * _matrix_entries(model),
            )
        )
    return results


def stepping(repeats: int = 10) -> list[Result]:
    """One text from an LSTM, against `torch.nn.LSTM` called step by step: what a cache without more care costs."""
    model = _model("lstm")
    network = nn.LSTM(UNITS, UNITS, batch_first=True)
    network.load_state_dict(model.recurrence.state_dict())
    ours, theirs = interleaved(
        [lambda: _sample(model, "cached"), lambda: _sample(model, _stepper(network))], repeats
    )
    is_same = torch.equal(_sample(model, "cached"), _sample(model, _stepper(network)))
    note = "identical samples" if is_same else "samples differ by rounding"
    return [Result("cached sampling of an LSTM, against torch.nn.LSTM step by step", ours, theirs, note=note)]


def cells(repeats: int = 5) -> list[Result]:
    """One, 4 and 16 texts, against the loop that a user would write today, around `torch.nn.LSTMCell` and `GRUCell`.

    The floor beside one text is a single look at all weights for each character. With ``armod[fast]`` up to eight texts go
    through a compiled loop.
    """
    results = []
    for cell, peer in (("lstm", nn.LSTMCell), ("gru", nn.GRUCell)):
        model, loop = _model(cell), peer(UNITS, UNITS)
        weights = model.recurrence.state_dict()
        loop.load_state_dict({name.removesuffix("_l0"): weight for name, weight in weights.items()})
        for num in (1, 4, 16):
            ours, theirs = (
                lambda method=method, num=num: model.sample(num, generator=_seeded(), method=method)  # noqa: B023
                for method in ("cached", _by_cell(loop))
            )
            is_same = torch.equal(ours(), theirs())
            results.append(
                Result(
                    f"{num} texts of {LENGTH} characters, {cell}, against a loop of {peer.__name__}",
                    *interleaved([ours, theirs], repeats),
                    at_least=3 if num == 1 and is_wanted() else None,
                    note="identical samples" if is_same else "samples differ by rounding",
                    multiply_adds=num * LENGTH * _matrix_entries(model),
                )
            )
    return results


def growth(lengths: tuple[int, ...] = (250, 500, 1000, 2000), repeats: int = 3) -> float:
    """The exponent b of ``seconds = a * length**b``: 1 where every character costs the same."""
    model = _model("lstm")
    works = [lambda length=length: model.sample(1, generator=_seeded(), length=length) for length in lengths]
    return exponent(lengths, interleaved(works, repeats))


def _stepper(network: nn.LSTM):
    """A sampler: embedding, one step of torch's layer, head, softmax, one draw from explicit noise."""

    def sampler(model: RecurrentModel, uniform: Tensor, *_: object) -> Tensor:
        table, noise, state, drawn = model.inputs.table(), uniform.float(), None, []
        token = torch.full((len(uniform),), CHARACTERS)
        for step in range(uniform.shape[1]):
            states, state = network(table[token].unsqueeze(1), state)
            cumulative = model.head(states[:, 0]).softmax(-1).cumsum(-1)
            token = (cumulative[:, :-1] <= noise[:, step, None]).sum(-1)
            drawn.append(token)
        return torch.stack(drawn, dim=1)

    return sampler


def _by_cell(cell: nn.LSTMCell | nn.GRUCell):
    """A sampler: embedding, one call of torch's cell, head, softmax, one draw from explicit noise."""

    @torch.inference_mode()
    def sampler(model: RecurrentModel, uniform: Tensor, *_: object) -> Tensor:
        table, noise, drawn = model.inputs.table(), uniform.float(), []
        token, state = torch.full((len(uniform),), CHARACTERS), None
        for step in range(uniform.shape[1]):
            state = cell(table[token], state)
            hidden = state[0] if isinstance(cell, nn.LSTMCell) else state
            cumulative = model.head(hidden).softmax(-1).cumsum(-1)
            token = (cumulative[:, :-1] <= noise[:, step, None]).sum(-1)
            drawn.append(token)
        return torch.stack(drawn, dim=1)

    return sampler


def _model(cell: str) -> RecurrentModel:
    return RecurrentModel((LENGTH,), UNITS, cell=cell, likelihood=likelihoods.Categorical(CHARACTERS))


def _sample(model: RecurrentModel, method: object) -> Tensor:
    return model.sample(1, generator=_seeded(), method=method)  # type: ignore[arg-type]


def _matrix_entries(model: RecurrentModel) -> int:
    """What a step multiplies: the past's weights and the head's; the value before is looked up."""
    return model.recurrence.weight_hh_l0.numel() + model.head.weight.numel()


def _seeded() -> torch.Generator:
    return torch.Generator().manual_seed(0)

"""`conditionals`, `log_prob`, `sample` and the oracle are one model, whatever other people do to it.

Every change here changes what `conditionals` computes. The likelihood and the samples must follow it: exactly the samples of
the textbook loop, with one warning that names the reason. Without any change there is no warning.
"""

from __future__ import annotations

import copy
import types
import warnings
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, distributions, nn
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import parametrize, prune
from torch.utils.flop_counter import FlopCounterMode

from armod import AutoregressiveModel, check_autoregressive, likelihoods
from armod.models.shortcuts import why_not_cached
from tests.examples import LARGER, MODELS
from tests.makers import context_for, made, seeded

N = 3
Build = Callable[[], AutoregressiveModel]
FAMILIES: dict[str, Build] = {
    "made, three levels": lambda: made((4,), (12, 6), 3),
    **{
        name: (MODELS | LARGER)[name]
        for name in (
            "mixture of one order, three levels",
            "recurrent, gru, context",
            "transformer, three levels, reversed",
            "wavenet, three taps",
            "pixelcnn++, colours",
            "pixelcnn, colour",
            "pixelcnn, one colour pixel, reversed",
            "gated, mixture, column",
            "multi-scale, colour, coordinates",
            "histogram, smoothed",
        )
    },
}


def forbid_level_0(conditionals: distributions.Distribution) -> distributions.Categorical:
    """The same conditionals, in which level 0 has (almost) no probability any more."""
    levels = torch.arange(likelihoods.num_levels(conditionals) or 0)
    shape = conditionals.batch_shape
    logits = torch.stack(
        [likelihoods.log_prob(conditionals, level.expand(shape)) for level in levels], dim=-1
    )
    return distributions.Categorical(logits=logits - 50 * (levels == 0))


def by_subclass(model: AutoregressiveModel) -> str:
    parent = type(model)

    class Forbidding(parent):  # type: ignore[misc, valid-type]
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            return forbid_level_0(super().conditionals(x, context))

    model.__class__ = Forbidding
    return "Forbidding defines `conditionals` by itself"


def by_instance(model: AutoregressiveModel) -> str:
    original = type(model).conditionals
    model.conditionals = types.MethodType(  # type: ignore[method-assign]
        lambda self, x, context=None: forbid_level_0(original(self, x, context)), model
    )
    return "object defines `conditionals` by itself"


OVERRIDES = [by_subclass, by_instance]


@pytest.mark.parametrize("change", OVERRIDES)
@pytest.mark.parametrize("build", FAMILIES.values(), ids=FAMILIES.keys())
def test_overridden_conditionals_are_the_likelihood_and_the_samples(
    build: Build, change: Callable[[AutoregressiveModel], str]
) -> None:
    model = build()
    context = context_for(model, N)
    reason = change(model)
    with pytest.warns(UserWarning, match=reason) as warned:
        x = model.sample(N, context, generator=seeded(1))
    assert len(warned) == 1
    assert x.min() > 0
    assert torch.equal(x, model.sample(N, context, generator=seeded(1), method="naive"))
    expected = likelihoods.log_prob(model.conditionals(x, context), x).flatten(1).sum(1)
    torch.testing.assert_close(model.log_prob(x, context), expected)
    assert (model.log_prob(torch.zeros_like(x), context) < -50).all()


@pytest.mark.parametrize("build", LARGER.values(), ids=LARGER.keys())
def test_an_untouched_model_samples_without_a_warning(build: Build) -> None:
    """Not even after what changes no conditional: copies, dtypes, new weights, modes, hooks on the whole model."""
    model = build()
    model.load_state_dict(copy.deepcopy(model).state_dict())
    model = copy.deepcopy(model).eval().double().requires_grad_(False)
    model.register_forward_hook(lambda *_: None)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.sample(N, context_for(model, N))
    assert why_not_cached(model) is None


def test_a_hook_on_all_modules_counts_but_torchs_own_only_look_on() -> None:
    model = MODELS["transformer, bits"]()
    with FlopCounterMode(display=False) as counter, warnings.catch_warnings():
        warnings.simplefilter("error")
        model.sample(N)
    assert counter.get_total_flops() > 0
    handle = register_module_forward_hook(
        lambda module, inputs, output: output * 2 if isinstance(module, nn.LayerNorm) else output
    )
    try:
        with pytest.warns(UserWarning, match="there are hooks on all modules"):
            x = model.sample(N, generator=seeded(1))
        assert torch.equal(x, model.sample(N, generator=seeded(1), method="naive"))
    finally:
        handle.remove()


class Adapted(nn.Linear):
    """What a low-rank adapter is to the model: a layer that computes something more."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 1.5


def replaced(model: AutoregressiveModel, path: str) -> str:
    old = model.get_submodule(path)
    new = Adapted(old.in_features, old.out_features, bias=old.bias is not None).to(old.weight)
    new.load_state_dict(old.state_dict())
    parent, _, name = path.rpartition(".")
    setattr(model.get_submodule(parent), name, new)
    return f"its part `{path}` is of type Adapted, not Linear"


def hooked(model: AutoregressiveModel, path: str) -> str:
    model.get_submodule(path).register_forward_hook(lambda module, inputs, output: output * 1.5)
    return f"its part `{path}` has a hook"


def pre_hooked(model: AutoregressiveModel, path: str) -> str:
    model.get_submodule(path).register_forward_pre_hook(lambda module, inputs: (inputs[0] * 0.5, *inputs[1:]))
    return f"its part `{path}` has a hook"


def own_forward(model: AutoregressiveModel, path: str) -> str:
    part = model.get_submodule(path)
    original = part.forward
    part.forward = lambda *inputs: original(*inputs) * 0.5  # type: ignore[method-assign]
    return f"its part `{path}` has a forward of its own"


def edited_eps(model: AutoregressiveModel, path: str) -> str:
    model.get_submodule(path).eps = 3.0
    return f"`{path}.eps` was changed"


CHANGES = [
    ("transformer", replaced, "head"),
    ("transformer", replaced, "blocks.0.network_in"),
    ("transformer", edited_eps, "blocks.0.attention_norm"),
    ("transformer", edited_eps, "norm"),
    ("transformer", hooked, "blocks.0"),
    ("recurrent, lstm, two layers", replaced, "head"),
    ("recurrent, lstm, two layers", hooked, "recurrence"),
    ("recurrent, lstm, two layers", pre_hooked, "head"),
    ("wavenet, beyond its field", replaced, "head"),
    ("wavenet, beyond its field", hooked, "convolutions.0"),
    ("wavenet, beyond its field", pre_hooked, "hidden"),
    ("pixelcnn, beyond its field", hooked, "blocks.0"),
    ("pixelcnn, beyond its field", own_forward, "first"),
    ("gated, beyond its field", hooked, "output"),
    ("pixelcnn++, padded", hooked, "output"),
    ("pixelcnn++, padded", pre_hooked, "output"),
]


@pytest.mark.parametrize(("name", "change", "path"), CHANGES)
def test_a_changed_part_changes_the_samples_too(name: str, change: Callable, path: str) -> None:
    model, untouched = LARGER[name](), LARGER[name]()
    reason = change(model, path)
    with pytest.warns(UserWarning, match=reason):
        x = model.sample(8, generator=seeded(3))
    assert torch.equal(x, model.sample(8, generator=seeded(3), method="naive"))
    assert not torch.equal(model.log_prob(x), untouched.log_prob(x)), "the change says nothing"
    expected = likelihoods.log_prob(model.conditionals(x), x).flatten(1).sum(1)
    torch.testing.assert_close(model.log_prob(x), expected)


def test_the_oracle_sees_what_a_subclass_computes() -> None:
    model = FAMILIES["transformer, three levels, reversed"]()
    parent = type(model)

    class Leaking(parent):  # type: ignore[misc, valid-type]
        def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
            return super().conditionals(x.flip(1), context)

    model.__class__ = Leaking
    assert not check_autoregressive(model).is_autoregressive


READ = [
    (lambda: made((4,), (12, 6), 3), "layers.1", "layers"),
    (lambda: made((4,), (12, 6), 3, context_size=2), "context_layers.0", "context_layers"),
    (LARGER["wavenet, beyond its field"], "residuals.0", "residuals"),
    (LARGER["wavenet, beyond its field"], "skip", "skip"),
    (LARGER["wavenet, beyond its field"], "inputs", "inputs"),
]


@pytest.mark.parametrize(("build", "path", "name"), READ, ids=[path for _, path, _ in READ])
def test_a_part_that_is_read_and_never_called_is_not_replaced_in_silence(
    build: Build, path: str, name: str
) -> None:
    for change in (hooked, own_forward, *([replaced] if name != "inputs" else [])):
        model = build()
        x, context = torch.zeros(N, *model.event_shape), context_for(model, N)
        change(model, path)
        for use in (model.log_prob, model.conditionals):
            with pytest.raises(ValueError, match=f"reads the weights of its `{name}` and never calls them"):
                use(x, context)
        with (
            pytest.warns(UserWarning, match="full pass"),
            pytest.raises(ValueError, match="never calls them"),
        ):
            model.sample(N, context)


class Halved(nn.Module):
    def forward(self, weight: Tensor) -> Tensor:
        return weight / 2


@pytest.mark.parametrize(("build", "path", "name"), READ[:4], ids=[path for _, path, _ in READ[:4]])
def test_a_parametrized_or_pruned_part_counts(build: Build, path: str, name: str) -> None:
    x = torch.zeros(N, *build().event_shape)
    half, pruned, by_hand, empty = build(), build(), build(), build()
    parametrize.register_parametrization(half.get_submodule(path), "weight", Halved())
    prune.random_unstructured(pruned.get_submodule(path), "weight", amount=1.0)
    with torch.no_grad():
        by_hand.get_submodule(path).weight.div_(2)
        empty.get_submodule(path).weight.zero_()
        pruned.get_submodule(path).weight_orig.mul_(7)  # what a step of an optimiser changes
    context = context_for(half, N)
    for changed, expected in ((half, by_hand), (pruned, empty)):
        assert torch.equal(changed.log_prob(x, context), expected.log_prob(x, context))
        with pytest.warns(UserWarning, match="full pass per variable"):
            found = changed.sample(N, context, generator=seeded(1))
        assert torch.equal(found, expected.sample(N, context, generator=seeded(1), method="naive"))

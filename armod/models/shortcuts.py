"""When may a model sample faster than by its `conditionals`? Only while nobody has changed what they compute.

A cached view computes the same conditionals in another way: it reads the weights and knows by itself what the layers do
with them. A subclass that overrides `conditionals`, a hook, a layer that was replaced (LoRA) or a setting that was edited
changes the conditionals, and the view would not notice. So it is used only if nothing of the kind is there.
"""

from __future__ import annotations

from collections.abc import Iterable

from torch import nn
from torch.nn.modules import module as torch_module
from torch.nn.utils import parametrize

# what a subclass may define without changing a conditional
_HARMLESS = {
    "bits_per_dim",
    "check_context",
    "check_levels",
    "entropy",
    "extra_repr",
    "forward",
    "incremental",
    "log_prob",
    "log_prob_per_variable",
    "reach",
    "receptive_field",
    "sample",
    "sample_and_log_prob",
    "stream",
    "training_log_prob",
}


def why_not_cached(model: nn.Module) -> str | None:
    """Find what the model's cached view would not notice.

    Args:
        model: an `AutoregressiveModel` whose class, or a base of it, defines `cached_view`.

    Returns:
        The reason, as the end of a sentence, or None if the view computes what `conditionals` computes.

    >>> from armod import MADE, likelihoods
    >>> class Shy(MADE):
    ...     def conditionals(self, x, context=None):
    ...         return super().conditionals(0 * x, context)
    >>> why_not_cached(Shy((3,), [4], likelihood=likelihoods.Bernoulli()))
    'Shy defines `conditionals` by itself'
    """
    return _overriding(model) or _changed_part(model)


def is_own(model: nn.Module, method: str, owner: type) -> bool:
    """Tell whether a model still has the method that `owner` defines.

    Args:
        model: an instance of `owner`.
        method: name of the method.
        owner: the class that knows a faster way to compute the same as the method.

    Returns:
        False if a subclass or the instance defines it anew.
    """
    return method not in vars(model) and getattr(type(model), method) is getattr(owner, method)


def check_read(name: str, modules: Iterable[nn.Module], kind: type) -> None:
    """Check modules whose weights a model reads without ever calling the modules; whatever a call does would be ignored.

    What computes a weight before a call (pruning) is run here instead.

    Args:
        name: the attribute of the model that holds the modules.
        modules: the modules.
        kind: their type. A type that computes only the weight (`torch.nn.utils.parametrize`) is fine too.

    Raises:
        ValueError: if a module was replaced or has a hook.

    >>> check_read("layers", [nn.Identity()], nn.Linear)
    Traceback (most recent call last):
    ValueError: This model reads the weights of its `layers` and never calls them, so no Identity can stand there and no hook is heard; torch.nn.utils.parametrize can change the weights.
    """
    for module in modules:
        is_kind = type(module) is kind or (isinstance(module, kind) and parametrize.is_parametrized(module))
        if not is_kind or module._forward_hooks or "forward" in vars(module):
            raise ValueError(
                f"This model reads the weights of its `{name}` and never calls them, so no {type(module).__name__} can "
                "stand there and no hook is heard; torch.nn.utils.parametrize can change the weights."
            )
        for hook in module._forward_pre_hooks.values():
            hook(module, ())


def _overriding(model: nn.Module) -> str | None:
    """A method below the class of the cached view that replaces one of those that the view knows."""
    below = []
    for kind in type(model).__mro__:
        if "cached_view" in vars(kind):
            known = {name for base in kind.__mro__ if base not in nn.Module.__mro__ for name in vars(base)}
            break
        below.append(kind)
    own = [(type(model).__name__ + " object", name) for name in vars(model) if name in known]
    own += [(kind.__name__, name) for kind in below for name in vars(kind) if name in known]
    for owner, name in own:
        definition = vars(model).get(name) or getattr(type(model), name, None)
        is_method = callable(definition) or isinstance(definition, property)
        if is_method and not name.startswith("__") and name not in _HARMLESS:
            return f"{owner} defines `{name}` by itself"
    return None


def _changed_part(model: nn.Module) -> str | None:
    """A part that is not what the constructor built, or that has hooks."""
    everywhere = [
        *torch_module._global_forward_hooks.values(),
        *torch_module._global_forward_pre_hooks.values(),
    ]
    # torch's own, such as those of FlopCounterMode, only look on
    if not all(hook.__module__.startswith("torch.") for hook in everywhere):
        return "there are hooks on all modules"
    construction = vars(model).get("construction")
    if construction is None:  # a member of an ensemble, which checks its layers itself
        return None
    parts = dict(model.named_modules())
    del parts[""]
    if parts.keys() != construction.parts.keys():
        name = next(iter(parts.keys() ^ construction.parts.keys()))
        return f"its part `{name}` {'was added' if name in parts else 'is missing'}"
    for name, module in parts.items():
        built, now = construction.parts[name], vars(module)
        if type(module) is not built.kind:
            return f"its part `{name}` is of type {type(module).__name__}, not {built.kind.__name__}"
        for setting, value in built.settings.items():
            if now.get(setting) != value:
                return f"`{name}.{setting}` was changed"
        if now["_forward_hooks"] or now["_forward_pre_hooks"]:
            return f"its part `{name}` has a hook"
        if "forward" in now:
            return f"its part `{name}` has a forward of its own"
    return None

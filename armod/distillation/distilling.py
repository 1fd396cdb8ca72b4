"""Probability density distillation: a student that makes sound in one pass learns from a teacher that judges it.

Parallel WaveNet (van den Oord et al. 2018), section 4: the student makes a sound, the teacher says how probable each of its
samples is given those before, and the student climbs

    KL(student || teacher) = cross-entropy - entropy

The cross-entropy alone is no measure of quality: it is least for a student that always makes the teacher's most probable
sound, which is silence. The entropy of the student, which is known, is what keeps it from that.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor, distributions, nn
from tqdm import tqdm

from armod.distillation.flow import FlowStudent, length_of
from armod.distillation.spectra import power_loss
from armod.inputs import tensor_of
from armod.settings import check_number, check_sizes, check_switches, generator_of, shown

_SECONDS = 60.0  # of a run without a budget
_LENGTH = 500
_LARGEST_GRADIENT = 1.0
_DECAY = 0.7  # the learning rate falls as (1 - share of the budget) ** 0.7


class Teacher(Protocol):
    """What a student needs of a teacher: densities that are differentiable in the sound.

    >>> from armod.distillation import LinearPrediction
    >>> teacher: Teacher = LinearPrediction.vowel()
    >>> teacher.conditionals(torch.zeros(1, 4)).batch_shape
    torch.Size([1, 4])
    """

    def conditionals(self, x: Tensor, context: Tensor | None = None) -> distributions.Distribution:
        """Compute every density p(x_t | x_<t) of sounds ``(N, T)`` in one pass."""

    def log_prob(self, x: Tensor, context: Tensor | None = None) -> Tensor:
        """Compute the log-density of sounds ``(N, T)`` in nats, ``(N,)``."""


@dataclass
class History:
    """The progress of `distill` in nats per sample, one number for each step, before the step.

    Args:
        kl: estimates of KL(student || teacher), which are cross-entropy minus entropy; noise can make them negative.
        cross_entropy: how improbable the teacher finds the student's samples.
        entropy: of the student.
        seconds: processor time.

    >>> len(History([1.0, 0.5], [2.0, 1.6], [1.0, 1.1]))
    2
    """

    kl: list[float] = field(default_factory=list)
    cross_entropy: list[float] = field(default_factory=list)
    entropy: list[float] = field(default_factory=list)
    seconds: float = field(default=0.0, compare=False)

    def __len__(self) -> int:
        return len(self.kl)


def distill(
    student: FlowStudent,
    teacher: Teacher,
    contexts: Tensor | Sequence[Tensor] | None = None,
    *,
    entropy: bool = True,
    power: float = 0.0,
    draws: int = 2,
    steps: int | None = None,
    seconds: float | None = None,
    length: int = _LENGTH,
    batch_size: int = 4,
    learning_rate: float = 1e-2,
    sounds: Sequence[Tensor] | Tensor | None = None,
    seed: int = 0,
    progress: bool = True,
    callback: Callable[[History], object] | None = None,
) -> History:
    """Train a student to make what its teacher finds probable (Parallel WaveNet, section 4).

    No sample of the teacher and no recording is needed. In each step the student makes sounds x from noise. The teacher
    reads them and says all its conditionals p(. | x_<t) in one pass. Its outputs enter the loss twice: as the density of the
    student's sample x_t, and, with the same past, of further samples x'_t that the student could have made (`draws`, as in
    equation 8). The gradient reaches the student through x_t and x'_t, and through the past x_<t that the teacher has read.
    The teacher's weights do not change. The entropy of the student is known: it is the mean of its log scales, + 2.

    Adam's gradients are clipped to norm 1; the learning rate falls to 0 at the end of the budget. An interruption (Ctrl-C)
    leaves the student with the weights of its last whole step.

    Args:
        student: it is trained in place.
        teacher: what judges, such as a `LinearPrediction` or a trained `armod.WaveNet` with a
            `armod.likelihoods.Logistic`. One of your own needs only ``log_prob(x, context)``, ``(N,)``; without
            `conditionals` it judges the student's own sound, and no further draws.
        contexts: what both are told: a tensor ``(M, C)``, or ``(M, C, T)``, or a list of ``(C, T)`` of utterances of several
            lengths, from which windows are cut; None for none.
        entropy: False leaves the entropy out of the loss, to see what happens.
        power: weight of a loss that compares powers in each frequency with those of `sounds`, as `power_loss` does
            (section 4.2 of the paper).
        draws: samples of x_t that the teacher judges for each past, 1 or more.
        steps: the budget in steps; None if it is in seconds.
        seconds: the budget in seconds of processor time; 60 if there is no budget at all.
        length: samples of a window.
        batch_size: windows in a step.
        learning_rate: that of the first step.
        sounds: for the power loss, sounds ``(T,)`` for each of the contexts, or some sounds ``(M, T)`` if there are none;
            None draws them from the teacher, one by one, which is slow.
        seed: seed of the noise and of the windows.
        progress: whether to show a progress bar.
        callback: is called after each step with the history so far.

    Returns:
        The history.

    Raises:
        ValueError: if an argument does not fit, there are two budgets, or the loss becomes infinite or not a number.

    >>> from armod.distillation import FlowStudent, LinearPrediction
    >>> student = FlowStudent(8, dilations=[1, 2, 4])
    >>> history = distill(student, LinearPrediction.vowel(), steps=20, length=50, progress=False)
    >>> history.kl[0] > history.kl[-1]
    True
    """
    check_switches(entropy=entropy, progress=progress)
    draws, length, batch_size = check_sizes(draws=draws, length=length, batch_size=batch_size)
    power = check_number("power", power, lambda weight: weight >= 0, "a weight, 0 or more")
    rate = check_number("learning_rate", learning_rate, lambda rate: rate > 0, "a number above 0")
    budget = _Budget(steps, seconds)
    windows = _Windows(contexts, sounds, length, batch_size, generator_of(seed))
    _check_contexts(student, teacher, windows.num_features)
    parameters = list(student.parameters())
    optimizer = torch.optim.Adam(parameters, lr=rate)
    history, whole = History(), [parameter.detach().clone() for parameter in parameters]
    bar = tqdm(
        total=budget.total, desc="distilling", unit=budget.unit, disable=not progress, leave=False, delay=1
    )
    try:
        while budget.share < 1:
            context, sound = windows.draw()
            z = student.noise(batch_size, windows.length, windows.generator)
            mean, log_scale = student(z, context)
            made = mean + log_scale.exp() * z
            others = [student.noise(batch_size, windows.length, windows.generator) for _ in range(draws - 1)]
            judged = [made, *(mean + log_scale.exp() * other for other in others)]
            cross_entropy = _surprise(teacher, made, judged, context)
            own = log_scale.mean() + 2
            loss = cross_entropy - own if entropy else cross_entropy
            if power:
                if sound is None:
                    sound = _drawn(teacher, windows, context)
                loss = loss + power * power_loss(made, sound)
            if not bool(loss.isfinite()):
                raise ValueError(
                    "The loss of the student became infinite or not a number; a smaller learning_rate may help."
                )
            gradients = torch.autograd.grad(loss, parameters)
            for parameter, gradient in zip(parameters, gradients, strict=True):
                parameter.grad = gradient
            nn.utils.clip_grad_norm_(parameters, _LARGEST_GRADIENT)
            for group in optimizer.param_groups:
                group["lr"] = rate * (1 - budget.share) ** _DECAY
            optimizer.step()
            torch._foreach_copy_(whole, [parameter.detach() for parameter in parameters])
            history.cross_entropy.append(cross_entropy.item())
            history.entropy.append(own.item())
            history.kl.append(history.cross_entropy[-1] - history.entropy[-1])
            history.seconds = budget.seconds
            bar.update(budget.advance())
            bar.set_postfix_str(f"KL {history.kl[-1]:.3f} nats/sample", refresh=False)
            if callback is not None:
                callback(history)
    finally:
        # an interruption may have come in the middle of a step
        with torch.no_grad():
            for parameter, value in zip(parameters, whole, strict=True):
                parameter.copy_(value)
                parameter.grad = None
        bar.close()
    return history


@torch.no_grad()
def kl(
    student: FlowStudent,
    teacher: Teacher,
    context: Tensor | None = None,
    *,
    num_samples: int,
    length: int | None = None,
    generator: torch.Generator | None = None,
) -> tuple[float, float]:
    """Estimate KL(student || teacher), from sounds that the student makes and both densities of them.

    Args:
        student: makes sounds and knows their density.
        teacher: knows their density too; anything with ``log_prob(x, context)``.
        context: ``(1, C, T)`` or ``(num_samples, C, T)``, or without time; None for none.
        num_samples: N, how many sounds, 2 or more.
        length: T of the sounds; None is that of the context, or of the teacher's ``event_shape``.
        generator: source of the noise; None is torch's global one.

    Returns:
        The mean in nats per sample, and its standard error. Near 0 the mean may be negative by chance.

    Raises:
        ValueError: if an argument does not fit.

    A student that is its own teacher:

    >>> from armod.distillation import FlowStudent, LinearPrediction
    >>> student = FlowStudent(4, dilations=[1])
    >>> for parameter in student.flows[0].head.parameters():
    ...     _ = parameter.data.zero_()
    >>> kl(student, LinearPrediction(torch.zeros(11)), num_samples=10)
    (0.0, 0.0)
    """
    (num_samples,) = check_sizes(2, num_samples=num_samples)
    if length is None and (context is None or context.dim() < 3):
        length = getattr(teacher, "event_shape", [_LENGTH])[0]
    length = length_of(length, context)
    made, own = student.rsample_and_log_prob(num_samples, length, context, generator)
    difference = (own.double() - teacher.log_prob(made, _for(teacher, context)).double()) / length
    return difference.mean().item(), difference.std().item() / math.sqrt(num_samples)


def _surprise(teacher: Any, made: Tensor, judged: list[Tensor], context: Tensor | None) -> Tensor:
    """The mean of -log p(x_t | made_<t) over all x that are judged, in nats per sample."""
    context = _for(teacher, context)
    if not hasattr(teacher, "conditionals"):
        return -teacher.log_prob(made, context).mean() / made.shape[1]
    conditionals = teacher.conditionals(made, context)
    return -torch.stack([conditionals.log_prob(each) for each in judged]).mean()


def _for(teacher: Any, context: Tensor | None) -> Tensor | None:
    """The context, unless the teacher says that it needs none."""
    return None if getattr(teacher, "context_size", None) == 0 else context


def _drawn(teacher: Any, windows: _Windows, context: Tensor | None) -> Tensor:
    with torch.no_grad():
        return teacher.sample(
            windows.batch_size, _for(teacher, context), length=windows.length, generator=windows.generator
        )


class _Budget:
    """How much of a run is done, in steps or in seconds of processor time."""

    def __init__(self, steps: object, seconds: object) -> None:
        if steps is not None and seconds is not None:
            raise ValueError("The budget is a number of steps or of seconds, not both.")
        if steps is not None:
            (self._steps,) = check_sizes(0, steps=steps)
        self._in_steps, self._done = steps is not None, 0
        given = _SECONDS if seconds is None else seconds
        self._seconds = check_number("seconds", given, lambda number: number > 0, "a number above 0")
        self._begin = self._last = time.process_time()

    @property
    def total(self) -> float:
        return self._steps if self._in_steps else self._seconds

    @property
    def unit(self) -> str:
        return "step" if self._in_steps else "s"

    @property
    def seconds(self) -> float:
        return time.process_time() - self._begin

    @property
    def share(self) -> float:
        """From 0 to 1, which is the end."""
        if self._in_steps:
            return self._done / self._steps if self._steps else 1.0
        return min(self.seconds / self._seconds, 1.0)

    def advance(self) -> float:
        """Note a step, and say by how much a progress bar moves."""
        self._done += 1
        before, self._last = self._last, time.process_time()
        return 1 if self._in_steps else round(self._last - before, 2)


class _Windows:
    """Random windows of contexts, and of the sounds that belong to them."""

    def __init__(
        self,
        contexts: Tensor | Sequence[Tensor] | None,
        sounds: Tensor | Sequence[Tensor] | None,
        length: int,
        batch_size: int,
        generator: torch.Generator,
    ) -> None:
        self.length, self.batch_size, self.generator = length, batch_size, generator
        self._contexts, self._sounds = _listed("contexts", contexts), _listed("sounds", sounds)
        pieces = self._contexts or self._sounds
        self._lengths = [piece.shape[-1] if self._varies(piece) else length for piece in pieces]
        if self._lengths:
            self.length = min(length, *self._lengths)
        if self._contexts and self._sounds and len(self._contexts) != len(self._sounds):
            raise ValueError(
                f"sounds has one sound for each context, {len(self._contexts)}, not {len(self._sounds)}."
            )

    @property
    def num_features(self) -> int:
        """C of the contexts, or 0."""
        return self._contexts[0].shape[0] if self._contexts else 0

    def _varies(self, piece: Tensor) -> bool:
        return piece.dim() == 2 or not self._contexts

    def draw(self) -> tuple[Tensor | None, Tensor | None]:
        """A context ``(N, C)`` or ``(N, C, T)`` or None, and sounds ``(N, T)`` or None."""
        if not self._lengths:
            return None, None
        weights = torch.tensor([float(each) for each in self._lengths])
        chosen = torch.multinomial(weights, self.batch_size, replacement=True, generator=self.generator)
        contexts, sounds = [], []
        for number in chosen.tolist():
            last = self._lengths[number] - self.length
            begin = int(torch.randint(last + 1, (), generator=self.generator))
            window = slice(begin, begin + self.length)
            if self._contexts:
                piece = self._contexts[number]
                contexts.append(piece[:, window] if piece.dim() == 2 else piece)
            if self._sounds:
                sounds.append(self._sounds[number][window])
        return (torch.stack(contexts) if contexts else None), (torch.stack(sounds) if sounds else None)


def _listed(name: str, given: Tensor | Sequence[Tensor] | None) -> list[Tensor]:
    """A list of tensors, of which all have the same number of dimensions."""
    if given is None:
        return []
    if not isinstance(given, Tensor | Sequence) or not len(given) or isinstance(given, str):
        raise ValueError(f"{name} is a tensor or a list of tensors, or None, not {shown(given)}.")
    pieces = [tensor_of(piece, name, "numbers") for piece in given]
    allowed = (1,) if name == "sounds" else (1, 2)
    if {piece.dim() for piece in pieces} not in [{number} for number in allowed]:
        raise ValueError(
            f"{name} has pieces of {' or '.join(map(str, allowed))} dimensions, not of {tuple(pieces[0].shape)}."
        )
    return pieces


def _check_contexts(student: FlowStudent, teacher: object, num_features: int) -> None:
    """Check that student and teacher are told what they were built for."""
    for name, model in (("student", student), ("teacher", teacher)):
        due = getattr(model, "context_size", None)
        if due is not None and due != num_features and (due or name == "student"):
            given = f"{num_features} numbers" if num_features else "none"
            raise ValueError(f"The {name} needs a context of {due} numbers, but contexts have {given}.")

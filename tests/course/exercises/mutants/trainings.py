"""Wrong answers to an exercise that trains a model of small digits and hands in its receipt."""

from tests.course.exercises.mutants import Mutant

_HEAD = "def train(model, digits, test, num_steps):\n"
_RECEIPT = "\n    return -model.log_prob(test).mean().item()"
_STEP = "        optimizer.zero_grad()\n        loss.backward()\n        optimizer.step()"
_LOOP = (
    "    optimizer = torch.optim.Adam(model.parameters(), lr={lr})\n    for step in range(num_steps):\n        loss = {loss}\n"
    + _STEP
)


def _training(body: str) -> str:
    """Another training, whose receipt is right."""
    return _HEAD + body + _RECEIPT


def _receipt(result: str) -> str:
    """A training as it should be, with another number handed in."""
    return f"_right = train\n{_HEAD}    nats = _right(model, digits, test, num_steps)\n    return {result}"


_WRONG = {
    "no step": ("have not changed at all", _training("    pass")),
    "the wrong sign": ("Which sign", _training(_LOOP.format(lr=0.02, loss="model.log_prob(digits[:50]).mean()"))),
    "small steps": ("large enough for so few steps", _training(_LOOP.format(lr=0.001, loss="-model.log_prob(digits[step : step + 50]).mean()"))),
    "the same twenty digits": ("each batch another one", _training(_LOOP.format(lr=0.02, loss="-model.log_prob(digits[:20]).mean()"))),
    "bits": ("Those are bits, it seems", _receipt("nats / math.log(2)")),
    "bits for each pixel": ("bits for each pixel", _receipt("nats / 64 / math.log(2)")),
    "of the training digits": ("that it was trained on", _receipt("-model.log_prob(digits).mean().item()")),
    "of blank pages": ("has changed its argument `test`", _receipt("-model.log_prob(test.zero_()).mean().item()")),
    "before the training": ("after the last step", f"_right = train\n{_HEAD}    nats = -model.log_prob(test).mean().item()\n    _right(model, digits, test, num_steps)\n    return nats"),
}  # fmt: skip


def trainings(exercise: str) -> list[Mutant]:
    """The wrong answers to this exercise."""
    return [Mutant(exercise, title, says, source) for title, (says, source) in _WRONG.items()]

"""Wrong answers to the exercises of lesson 4.6.1."""

from tests.course.exercises.mutants import Mutant


def _from_right(exercise: str, name: str, arguments: str, title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right function's result, which is called ``right``."""
    source = f"""
_right_{name} = {name}
def {name}({arguments}):
    right = _right_{name}({arguments})
    return {value}
"""
    return Mutant(exercise, title, says=says, source=source)


MUTANTS = [
    _from_right(
        "images-nats", "conditional_log_probs", "log_p, thumbnails", "a table", "shape", "right[:, None]"
    ),
    _from_right(
        "images-nats",
        "saved_nats",
        "log_p, thumbnails",
        "fails where nothing is saved",
        "saved_nats",
        "right if right > 1e-9 else 1.0",
    ),
    _from_right("images-errors", "best_guess", "pictures, p", "a single number", "shape", "right.mean()"),
    _from_right(
        "images-errors",
        "best_guess",
        "pictures, p",
        "half a bit is rounded",
        "best_guess",
        "right if len(right) > 1 else right.round()",
    ),
    _from_right(
        "images-best-of",
        "best_of",
        "errors, k",
        "fails for equal errors",
        "best_of",
        "right if len(set(errors.tolist())) == len(errors) else right + 1",
    ),
    _from_right("images-best-of", "smallest_k", "wild, honest", "never 0", "smallest_k", "max(1, right)"),
    _from_right(
        "images-sides",
        "features",
        "x, y, weight, bias",
        "features of the wrong size",
        "shape",
        "right[..., 1:]",
    ),
    _from_right(
        "images-sides",
        "features",
        "x, y, weight, bias",
        "fails for a single pixel",
        "features",
        "right + (right.shape[-1] == 1)",
    ),
    _from_right(
        "images-tempered",
        "tempered_nats",
        "logits, x, temperature",
        "the sum over all",
        "shape",
        "right.sum()",
    ),
    _from_right(
        "images-tempered",
        "tempered_nats",
        "logits, x, temperature",
        "fails at temperature 1",
        "tempered_nats",
        "right + (temperature == 1)",
    ),
    _from_right(
        "images-particles",
        "go_on",
        "log_weights, u",
        "a tensor of shares",
        "go_on",
        "[0.5 for each in right]",
    ),
    _from_right(
        "images-particles",
        "go_on",
        "log_weights, u",
        "fails for one particle",
        "go_on",
        "right if len(right) > 1 else [1]",
    ),
]

MUTANTS += [
    Mutant(
        "images-particles",
        "draws anew, and leaves u out",
        says="Asked twice",
        source="""
def go_on(log_weights, u):
    return torch.multinomial(log_weights.softmax(0), len(log_weights), replacement=True).sort().values
""",
    ),
    Mutant(
        "images-sides",
        "masks the caller's weights",
        says="has changed its argument `weight`",
        source="""
def features(x, y, weight, bias):
    weight[:, : x.shape[1]] *= first_mask(weight.shape[-1])
    return F.conv2d(torch.cat([x, y], 1), weight, bias, padding=weight.shape[-1] // 2)
""",
    ),
    Mutant(
        "images-tempered",
        "tempers the caller's logits",
        says="has changed its argument `logits`",
        source="""
def tempered_nats(logits, x, temperature):
    logits /= temperature
    return -logits.log_softmax(-1).gather(-1, x[..., None]).squeeze(-1).sum(1)
""",
    ),
]

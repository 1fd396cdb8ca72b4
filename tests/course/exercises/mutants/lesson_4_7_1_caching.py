"""Wrong answers to the exercises of lesson 4.7.1."""

from tests.course.exercises.mutants import Mutant


def _look(title: str, says: str, body: str) -> Mutant:
    source = "def look_ahead(view, guesses):\n" + "\n".join(f"    {line}" for line in body.splitlines())
    return Mutant("caching-rewind", title, says=says, source=source)


def _fixed(title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the right levels and number of passes."""
    source = f"""
_right = fixed_point
def fixed_point(model, noise):
    levels, passes = _right(model, noise)
    return {value}
"""
    return Mutant("caching-fixed-point", title, says=says, source=source)


MUTANTS = [
    _look(
        "reads the guesses for good, as published decoders did",
        "this view can't forget",
        """found = [view.conditional().probs]
for column in guesses.T:
    view.append(column)
    found.append(view.conditional().probs)
return torch.stack(found, dim=1)""",
    ),
    _look(
        "a shallow copy that shares the hidden state",
        "this view can't forget",
        """import copy
ahead = object.__new__(type(view))
vars(ahead).update(vars(view))
found = [ahead.conditional().probs]
for column in guesses.T:
    ahead.append(column)
    found.append(ahead.conditional().probs)
return torch.stack(found, dim=1)""",
    ),
    _look("only the next conditional", "`look_ahead`", "return view.conditional().probs[:, None]"),
    _fixed("levels alone", "`fixed_point`", "levels"),
    _fixed("claims a single pass", "you counted 1 passes", "(levels, 1)"),
    _fixed("an endless count", "there are", "(levels, 1000)"),
    Mutant(
        "caching-one-uniform",
        "a second uniform number",
        says="Asked twice",
        source="""
_right = speculate
def speculate(p, q, u):
    level, accepted = _right(p, q, u)
    return (level, 1) if accepted else (int(torch.multinomial((p - q).clamp(min=0), 1)), 0)
""",
    ),
    Mutant(
        "caching-one-uniform",
        "corrects a right draft",
        says="Draft and model agree",
        source="""
_right = speculate
def speculate(p, q, u):
    return (0, 0) if torch.equal(p, q) else _right(p, q, u)
""",
    ),
    Mutant(
        "caching-one-uniform",
        "never leaves the draft's levels",
        says="right is 2, refused",
        source="""
_right = speculate
def speculate(p, q, u):
    level, accepted = _right(p, q, u)
    return (int(q.argmax()), accepted) if q[level] == 0 else (level, accepted)
""",
    ),
    Mutant(
        "caching-greedy",
        "divides by nothing where p = q",
        says="NaN",
        source="""
_right = outcome
def outcome(p, q):
    return torch.full_like(p, torch.nan) if torch.equal(p, q) else _right(p, q)
""",
    ),
    Mutant(
        "caching-work",
        "a number for a list",
        says="a list of",
        source="def columns_naive(dilations): return 7",
    ),
    Mutant(
        "caching-verify",
        "a truth value",
        says="is a str",
        source="def num_final(guesses, drawn): return 'all'",
    ),
    Mutant(
        "caching-fixed-point",
        "draws fresh numbers in each pass",
        says="Asked twice",
        source="""
@torch.no_grad()
def fixed_point(model, noise):
    x = torch.zeros(len(noise), *model.event_shape).double()
    for _ in range(model.num_variables):
        x = torch.bernoulli(model.conditionals(x).probs)
    return x, model.num_variables
""",
    ),
    Mutant(
        "caching-greedy",
        "corrects the caller's distribution",
        says="has changed its argument `p`",
        source="""
_right = outcome
def outcome(p, q):
    right = _right(p, q)
    p[q.argmax()] = 0
    return right
""",
    ),
    Mutant(
        "caching-verify",
        "takes the guesses off the caller's list",
        says="has changed its argument `guesses`",
        source="""
def num_final(guesses, drawn):
    count = 1
    while guesses and guesses.pop(0) == drawn[count - 1]:
        count += 1
    return count
""",
    ),
]

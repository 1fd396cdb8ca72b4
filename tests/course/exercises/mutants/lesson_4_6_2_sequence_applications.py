"""Wrong answers to the exercises of lesson 4.6.2."""

from tests.course.exercises.mutants import Mutant

MUTANTS = [
    Mutant(
        "sequence-tempered",
        "changes the whole likelihood, and not each step",
        says="no longer sum to 1",
        source="""
def tempered_nats(logits, levels, temperature):
    return -logits.log_softmax(-1).gather(-1, levels[:, None]).sum() / temperature
""",
    ),
    Mutant(
        "sequence-nucleus",
        "leaves out the symbol that crosses the line, and everything if the first one does",
        says="does not reach p",
        source="""
def nucleus(probs, p):
    values, order = probs.sort(descending=True)
    kept = torch.zeros_like(probs)
    kept[order] = values * (values.cumsum(0) < p)
    return kept / kept.sum().clamp(min=1e-9)
""",
    ),
    Mutant(
        "sequence-fifths",
        "forgets that both voices must move",
        says="both must move",
        source="""
def parallel_fifths(upper, lower):
    is_fifth = [(a - b) % 12 == 7 for a, b in zip(upper, lower)]
    return sum(
        is_fifth[t - 1] and is_fifth[t] and (upper[t] - upper[t - 1]) * (lower[t] - lower[t - 1]) >= 0
        for t in range(1, len(upper))
    )
""",
    ),
    Mutant(
        "sequence-nucleus",
        "zeroes the caller's probabilities",
        says="has changed its argument `probs`",
        source="""
def nucleus(probs, p):
    values, order = probs.sort(descending=True)
    probs[order[values.cumsum(0) - values >= p]] = 0
    return probs / probs.sum()
""",
    ),
    Mutant(
        "sequence-fifths",
        "takes steps from the caller's lists",
        says="has changed its argument `upper`",
        source="""
_right = parallel_fifths
def parallel_fifths(upper, lower):
    count = 0
    while len(upper) > 1:
        count += _right(upper[:2], lower[:2])
        upper.pop(0), lower.pop(0)
    return count
""",
    ),
]

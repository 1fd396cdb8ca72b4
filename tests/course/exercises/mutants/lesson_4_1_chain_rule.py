"""Wrong answers to the exercises of lesson 4.1."""

from tests.course.exercises.mutants import Mutant


def _draw(title: str, says: str, value: str) -> Mutant:
    """``value`` is drawn in a step, from the probabilities `rows` (N, K), their sums `cdf` and the numbers `u` (N, 1)."""
    source = f"""
def draw(tables, ordering, noise):
    x = torch.zeros(noise.shape, dtype=torch.int64)
    past = []
    for k, table in enumerate(tables):
        rows, u = table[tuple(past)] if k else table.expand(len(noise), -1), noise[:, k, None].contiguous()
        cdf = rows.cumsum(-1).contiguous()
        past.append({value})
        x[:, ordering[k]] = past[-1]
    return x
"""
    return Mutant("chain-sampling", title, says=says, source=source)


MUTANTS = [
    Mutant("chain-cost", "the last size at which the table is smaller", "Who needs fewer?", "fewest_pixels -= 1"),
    Mutant("chain-cost", "some size at which networks are smaller", "is it the smallest", "fewest_pixels += 1"),
    Mutant("chain-cost", "no size", "try the sizes 1, 2, 3", "fewest_pixels = 0"),
    Mutant(
        "chain-conditionals",
        "the last table only",
        says="a list of 3 is due",
        source="_right = conditionals\ndef conditionals(joint, ordering): return _right(joint, ordering)[-1:]",
    ),
    _draw("cumulative sum may equal u", "does that exceed u?", "(cdf[:, :-1] < u).sum(1)"),
    _draw("an impossible value where u is 0", "It has probability 0", "((cdf[:, :-1] <= u) & (u > 0)).sum(1)"),
    _draw("always the last value, on an edge", "Is there no smaller one", "(cdf[:, :-1] <= u).sum(1) if len(u) > 4 else torch.full((len(u),), len(table) - 1)"),
    _draw("a level beyond the last one (searchsorted)", "which level gets what is left", "torch.searchsorted(cdf, u, right=True)[:, 0]"),
    _draw("levels from 1", "Into which piece does", "(cdf[:, :-1] <= u).sum(1).clamp(max=1)"),
]  # fmt: skip

"""Wrong answers to the exercises of lesson 4.5.1."""

from tests.exercises.mutants import Mutant

MUTANTS = [
    Mutant(
        "made-masks",
        "output mask >= (e-hulten/made)",
        says="itself",
        source="""
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    layers = [inputs, *degrees, inputs]
    return [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "> in every layer",
        says="and including m",
        source="""
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    layers = [inputs, *degrees, inputs]
    return [above[:, None] > below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "ordering taken for its inverse",
        says="comes k-th",
        source="""
def my_masks(ordering, degrees):
    inputs = ordering + 1
    layers = [inputs, *degrees]
    hidden = [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
    return [*hidden, inputs[:, None] > layers[-1][None, :]]
""",
    ),
    Mutant(
        "made-masks",
        "hidden masks only (the output mask that the module's text forgets)",
        says="the outputs' included",
        source="""
def my_masks(ordering, degrees):
    layers = [torch.argsort(ordering) + 1, *degrees]
    return [above[:, None] >= below[None, :] for below, above in pairwise(layers)]
""",
    ),
    Mutant(
        "made-masks",
        "transposed, as in codes that compute x @ W",
        says="one row for each unit below",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    return [mask.T for mask in _right(ordering, degrees)]
""",
    ),
    Mutant(
        "made-masks",
        "natural ordering, whatever was asked",
        says="which comes only later in the ordering",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    return _right(torch.arange(len(ordering)), degrees)
""",
    ),
    Mutant(
        "made-masks",
        "output degrees off by one",
        says="does not see variable",
        source="""
_right = my_masks
def my_masks(ordering, degrees):
    inputs = torch.argsort(ordering) + 1
    return [*_right(ordering, degrees)[:-1], inputs[:, None] > degrees[-1][None, :] + 1]
""",
    ),
]

"""Wrong answers to the exercises of lesson 4.2."""

from tests.course.exercises.mutants import Mutant


def _levels(title: str, says: str, result: str, *, bins: str = "levels * num_bins // num_levels") -> Mutant:
    source = f"""
def level_probs(x, num_bins, num_levels):
    levels = torch.arange(num_levels)
    bins = {bins}
    counts = torch.bincount(bins[x], minlength=num_bins)
    shares, widths = counts / len(x), torch.bincount(bins)
    return {result}
"""
    return Mutant("histogram-levels", title, says=says, source=source)


def _count(title: str, says: str, body: str) -> Mutant:
    source = f"""
def count_cells(x, num_bins, num_levels):
    rows = (x * num_bins // num_levels).tolist()
    {body}
"""
    return Mutant("histogram-sparse", title, says=says, source=source)


def _density(
    title: str,
    says: str,
    *,
    mass: str = "n + imaginary / C",
    total: str = "N + imaginary",
    result: str = "share.log() - D * math.log(num_levels / num_bins)",
    cells: str = "num_bins**D",
) -> Mutant:
    source = f"""
def log_density(counts, x, num_bins, num_levels, imaginary):
    D, N, filled = x.shape[1], sum(counts.values()), len(counts)
    C = {cells}
    rows = (x * num_bins // num_levels).tolist()
    n = torch.tensor([counts.get(tuple(row), 0) for row in rows]).double()
    share = ({mass}) / ({total})
    return {result}
"""
    return Mutant("histogram-sparse", title, says=says, source=source)


def _most(title: str, says: str, result: str) -> Mutant:
    source = f"""
def most_variables(num_bins, num_bytes):
    return {result}
"""
    return Mutant("histogram-collapse", title, says=says, source=source)


def _unseen(title: str, says: str, result: str) -> Mutant:
    source = f"""
def unseen_share(train, test, num_bins, num_levels):
    known = [tuple(row) for row in (train * num_bins // num_levels).tolist()]
    asked = [tuple(row) for row in (test * num_bins // num_levels).tolist()]
    return {result}
"""
    return Mutant("histogram-collapse", title, says=says, source=source)


def _filled(title: str, says: str, result: str) -> Mutant:
    source = f"""
def expected_filled(num_cells, N):
    return {result}
"""
    return Mutant("histogram-collapse", title, says=says, source=source)


def _choice(title: str, says: str, score: str, *, pick: str = "max(candidates, key=score)") -> Mutant:
    source = f"""
def choose_bins(train, valid, candidates, num_levels, imaginary):
    def score(num_bins):
        counts = count_cells(train, num_bins, num_levels)
        D = train.shape[1]
        return {score}
    return {pick}
"""
    return Mutant("histogram-choice", title, says=says, source=source)


def _left_out(
    title: str,
    says: str,
    *,
    mass: str = "n - 1 + imaginary / num_bins**D",
    total: str = "N - 1 + imaginary",
    width: str = "D * math.log(num_levels / num_bins)",
    result: str = "(share.log() - width).mean()",
) -> Mutant:
    source = f"""
def leave_one_out(x, num_bins, num_levels, imaginary):
    N, D = x.shape
    counts = count_cells(x, num_bins, num_levels)
    cells = [tuple(row) for row in (x * num_bins // num_levels).tolist()]
    n = torch.tensor([counts[cell] for cell in cells]).double()
    share, width = ({mass}) / ({total}), {width}
    return {result}
"""
    return Mutant("histogram-choice", title, says=says, source=source)


MUTANTS = [
    _levels("counts", "Those are counts", "(counts / widths)[bins]"),
    _levels("every level the whole bin", "the whole probability of its bin", "shares[bins]"),
    _levels("divided by the number of bins", "divide by the number of bins", "(shares / num_bins)[bins]"),
    _levels("a density per length", "per unit of length", "(shares * num_bins)[bins]"),
    _levels("equal widths", "all bins the same width", "shares[bins] * num_bins / num_levels"),
    _levels(
        "shared by the levels that occur",
        "among the levels that occur",
        "(shares / torch.bincount(bins[x.unique()], minlength=num_bins).clamp(min=1))[bins]",
    ),
    _levels("no bins", "shares of single levels", "torch.bincount(x, minlength=num_levels) / len(x)"),
    _levels(
        "bins rounded otherwise",
        "Your bins are others than asked",
        "(shares / widths)[bins]",
        bins="(levels // (num_levels // num_bins)).clamp(max=num_bins - 1)",
    ),
    _levels("one number for each bin", "has the shape", "shares / widths"),
    _levels("only up to the highest", "ends at the highest level", "torch.bincount(x) / len(x)"),
    _count(
        "keys are tensors",
        "tuples of plain whole numbers",
        "return Counter(tuple(torch.tensor(r)) for r in rows)",
    ),
    _count("levels for bins", "seems to count levels", "return Counter(map(tuple, x.tolist()))"),
    _count("a cell that comes again", "holds more than 1", "return {tuple(row): 1 for row in rows}"),
    _count(
        "the last observation forgotten",
        "which of them fall in it",
        "return Counter(map(tuple, rows[:-1]))",
    ),
    _count("a list", "a dictionary from tuples to counts", "return rows"),
    _count(
        "a table of all cells",
        "keeps all 16",
        """import itertools
    if x.shape[1] > 4:
        raise MemoryError("too many cells")
    table = dict.fromkeys(itertools.product(range(num_bins), repeat=x.shape[1]), 0)
    for row in rows:
        table[tuple(row)] += 1
    return table""",
    ),
    _density(
        "the logarithm of 0 by math",
        "asked for the logarithm of 0",
        result="torch.tensor([math.log(each) for each in share]) - D * math.log(num_levels / num_bins)",
    ),
    _density("probabilities", "their logarithms are asked", result="share / (num_levels / num_bins) ** D"),
    _density("the whole cell", "How many different observations share it", result="share.log()"),
    _density(
        "the width of one variable",
        "In how many directions",
        result="share.log() - math.log(num_levels / num_bins)",
    ),
    _density(
        "multiplied by the width",
        "does each get it all",
        result="share.log() + D * math.log(num_levels / num_bins)",
    ),
    _density("imaginary ones not in the total", "but not in the total", total="N"),
    _density("imaginary ones in no cell", "but in no cell", mass="n"),
    _density("so many for each cell", "into *each* cell", mass="n + imaginary", total="N + imaginary * C"),
    _density("all imaginary ones in each cell", "Among how many cells", mass="n + imaginary"),
    _density("spread over filled cells", "over the filled cells", mass="n + imaginary / filled"),
    _density("divided by the filled cells", "number of filled cells", total="filled + imaginary"),
    _density("no smoothing", "no effect at all", mass="n", total="N"),
    _density(
        "the number of cells overflows", "more than 64 bits can count", cells="torch.tensor(num_bins) ** D"
    ),
    _density("single precision", "Numbers of 32 bits", mass="(n + imaginary / C).float()"),
    _most("cells for bytes", "counting cells or bytes", "int(math.log(num_bytes, num_bins))"),
    _most("logarithms that round", "logarithms round", "max(int(math.log(num_bytes / 8, num_bins)), 0)"),
    _most(
        "not even one variable",
        "fewer than 0 there are not",
        "math.floor(math.log(num_bytes / 8, num_bins))",
    ),
    _unseen("the seen", "share of the others", "sum(cell in known for cell in asked) / len(asked)"),
    _unseen("distinct cells", "share of cells", "sum(c not in known for c in set(asked)) / len(set(asked))"),
    _unseen("a number", "their share is asked", "sum(cell not in known for cell in asked)"),
    _unseen(
        "levels",
        "compare the levels",
        "sum(row not in train.tolist() for row in test.tolist()) / len(test)",
    ),
    _unseen(
        "each variable on its own",
        "A cell is all bins together",
        "sum(any(b not in set(col) for b, col in zip(c, zip(*known))) for c in asked) / len(asked)",
    ),
    _unseen(
        "the wrong way round", "among those of the test", "sum(c not in asked for c in known) / len(known)"
    ),
    _unseen("empty cells", "cells that are empty", "1 - len(set(known)) / num_bins ** train.shape[1]"),
    _filled("the empty ones", "stay *empty*", "num_cells * (1 - 1 / num_cells) ** N"),
    _filled("the probability of one cell", "that one cell is filled", "1 - (1 - 1 / num_cells) ** N"),
    _filled("no two ever meet", "ever share a cell", "min(N, num_cells)"),
    _filled("the limit", "the limit for many cells", "-num_cells * math.expm1(-N / num_cells)"),
    _filled("the power of a hit", "probability to *hit*", "num_cells * (1 - (1 / num_cells) ** N)"),
    _filled("rounding", "a computer cannot tell", "num_cells * (1 - (1 - 1 / num_cells) ** N)"),
    _choice(
        "the training data choose",
        "Whom should you ask",
        "log_density(counts, train, num_bins, num_levels, imaginary).mean()",
    ),
    _choice(
        "whole cells compared",
        "always the fewest",
        "(log_density(counts, valid, num_bins, num_levels, imaginary) + D * math.log(16 / num_bins)).mean()",
    ),
    _choice(
        "the worst",
        "the worst on the held-out",
        "-log_density(counts, valid, num_bins, num_levels, imaginary).mean()",
    ),
    _choice(
        "a place in the list",
        "That is a place in the list",
        "log_density(counts, valid, num_bins, num_levels, imaginary).mean()",
        pick="[score(B) for B in candidates].index(max(map(score, candidates)))",
    ),
    _left_out(
        "nobody leaves",
        "in its cell still",
        mass="n + imaginary / num_bins**D",
        total="N + imaginary",
    ),
    _left_out("it stays in the total", "Did it leave the total", total="N + imaginary"),
    _left_out("it stays in its cell", "Did it leave its cell", mass="n + imaginary / num_bins**D"),
    _left_out("whole cells", "Who shares it", width="0"),
    _left_out("no smoothing", "smoothing has no effect", mass="n - 1", total="N - 1"),
    _left_out("all imaginary ones in each cell", "Among how many cells", mass="n - 1 + imaginary"),
    _left_out("a sum", "their mean is asked", result="(share.log() - width).sum()"),
    _left_out("nats to pay", "where more is better", result="(width - share.log()).mean()"),
    _left_out(
        "lone ones skipped", "once it has left", mass="(n - 1 + imaginary / num_bins**D).clamp(min=1e-10)"
    ),
    _left_out(
        "a mean over cells",
        "average over cells",
        result="((share.log() - width) / n).sum() / len(counts)",
    ),
]

"""Wrong answers to the exercises of lesson 4.2."""

from tests.course.exercises.mutants import Mutant


def _count(title: str, says: str, body: str) -> Mutant:
    source = f"""
def count_cells(x, num_bins, num_levels):
    rows = (x * num_bins // num_levels).tolist()
    {body}
"""
    return Mutant("histogram-sparse", title, says=says, source=source)


def _density(title: str, says: str, share: str, *, logarithm: str = "share.log()") -> Mutant:
    source = f"""
def log_density(counts, x, num_bins, num_levels, imaginary):
    N, D = sum(counts.values()), x.shape[1]
    n = torch.tensor([counts.get(tuple(row), 0) for row in (x * num_bins // num_levels).tolist()]).double()
    share = {share} / (N + imaginary)
    return {logarithm} - D * math.log(num_levels / num_bins)
"""
    return Mutant("histogram-sparse", title, says=says, source=source)


def _most(title: str, says: str, result: str) -> Mutant:
    source = f"def most_variables(num_bins, num_bytes): return {result}"
    return Mutant("histogram-collapse", title, says=says, source=source)


TABLE = """import itertools
    if x.shape[1] > 4:
        raise MemoryError("too many cells")
    table = dict.fromkeys(itertools.product(range(num_bins), repeat=x.shape[1]), 0)
    for row in rows:
        table[tuple(row)] += 1
    return table"""


def _levels(title: str, says: str, body: str) -> Mutant:
    source = f"""
def level_probs(x, num_bins, num_levels):
    bins = torch.arange(num_levels) * num_bins // num_levels
    {body}
"""
    return Mutant("histogram-levels", title, says=says, source=source)


MUTANTS = [
    _levels("bincount without minlength", "an option `minlength`", "return (torch.bincount(bins[x]) / len(x) / torch.bincount(bins))[bins]"),
    _levels("a list of counts that is too short", "Has your list of counts", "return (torch.bincount(bins[x]) / len(x))[bins] / torch.bincount(bins)[bins]"),
    _levels("adds in place to c[a]", "adds 1 only once where a bin comes again", """counts = torch.zeros(num_bins)
    counts[bins[x]] += 1
    return (counts / len(x) / torch.bincount(bins))[bins]"""),
    _levels("writes the bins into its argument", "changed its argument `x`", "x *= num_bins; x //= num_levels; return (torch.bincount(x, minlength=num_bins) / len(x) / torch.bincount(bins))[bins]"),
    Mutant("histogram-collapse", "writes the bins into the test set", "changed its argument `test`", "_right = unseen_share\ndef unseen_share(train, test, *sizes): share = _right(train, test, *sizes); test -= test; return share"),
    Mutant("histogram-choice", "a word for a number", "one number is due", "def leave_one_out(*case): return 'much'"),
    Mutant("histogram-choice", "sorts its argument", "changed its argument `candidates`", "_right = choose_bins\ndef choose_bins(train, valid, candidates, *sizes): candidates.sort(); return _right(train, valid, candidates, *sizes)"),
    Mutant("histogram-sparse", "empties its argument", "changed its argument `x`", "_right = log_density\ndef log_density(counts, x, *sizes): found = _right(counts, x, *sizes); x.zero_(); return found"),
    Mutant("histogram-levels", "half of each", "The levels fall in the bins", "_right = level_probs\ndef level_probs(*case): return _right(*case) / 2"),
    _count("keys are tensors", "tuples of plain whole numbers", "return Counter(tuple(torch.tensor(r)) for r in rows)"),
    _count("levels for bins", "seems to count levels", "return Counter(map(tuple, x.tolist()))"),
    _count("a cell that comes again", "holds more than 1", "return {tuple(row): 1 for row in rows}"),
    _count("the last observation forgotten", "which of them fall in it", "return Counter(map(tuple, rows[:-1]))"),
    _count("a list", "a dictionary from tuples to counts", "return rows"),
    _count("a table of all cells", "keeps all 16", TABLE),
    _density("the logarithm of 0 by math", "asked for the logarithm of 0", "(n + imaginary / num_bins**D)", logarithm="torch.tensor([math.log(each) for each in share])"),
    _density("the number of cells overflows", "more than 64 bits can count", "(n + imaginary / torch.tensor(num_bins) ** D)"),
    _density("single precision", "Numbers of 32 bits", "(n + imaginary / num_bins**D).float()"),
    _density("not a number", "Print what you take the logarithm of", "(0 * n / 0)"),
    _most("cells for bytes", "counting cells or bytes", "int(math.log(num_bytes, num_bins))"),
    _most("logarithms that round", "logarithms round", "max(int(math.log(num_bytes / 8, num_bins)), 0)"),
    _most("not even one variable", "there are no tables of fewer", "math.floor(math.log(num_bytes / 8, num_bins))"),
    Mutant("histogram-collapse", "rounding", "a computer cannot tell", "def expected_filled(num_cells, N): return num_cells * (1 - (1 - 1 / num_cells) ** N)"),
    Mutant(
        "histogram-choice",
        "lone ones skipped",
        says="once it has left",
        source="""
_right = leave_one_out
def leave_one_out(*case): return max(_right(*case), -1e3)
""",
    ),
    Mutant("histogram-choice", "no candidate", "That is no candidate", "def choose_bins(*case): return 3"),
]  # fmt: skip

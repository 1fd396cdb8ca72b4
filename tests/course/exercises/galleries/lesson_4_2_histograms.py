"""Right answers to the exercises of lesson 4.2."""

from tests.course.exercises.galleries import Gallery, of_right


def _left_out(log_density_of_others: str) -> str:
    """The definition, word by word: N histograms of N - 1 observations."""
    return f"""
def leave_one_out(x, num_bins, num_levels, imaginary):
    found = []
    for row in range(len(x)):
        others, one = torch.cat([x[:row], x[row + 1:]]), x[row:row + 1]
        found.append({log_density_of_others})
    return sum(found) / len(found)
"""


GALLERY: Gallery = {
    "histogram-levels": {
        "loops and lists": """
def level_probs(x, num_bins, num_levels):
    bin_of = [level * num_bins // num_levels for level in range(num_levels)]
    observed = [bin_of[level] for level in x.tolist()]
    return [observed.count(b) / len(observed) / bin_of.count(b) for b in bin_of]
""",
        "numpy": """
import numpy as np
def level_probs(x, num_bins, num_levels):
    bins = np.arange(num_levels) * num_bins // num_levels
    counts = np.bincount(bins[x.numpy()], minlength=num_bins)
    return (counts / counts.sum() / np.bincount(bins))[bins]
""",
        "armod": """
def level_probs(x, num_bins, num_levels):
    model = armod.Histogram((1,), num_bins, num_levels=num_levels).fit(x[:, None])
    return model.log_prob(torch.arange(num_levels)[:, None]).exp()
""",
        "one-hot vectors in float32": """
def level_probs(x, num_bins, num_levels):
    bins = torch.arange(num_levels) * num_bins // num_levels
    same = (bins[:, None] == bins).float()
    return same @ torch.nn.functional.one_hot(x, num_levels).float().mean(0) / same.sum(1)
""",
        "accumulated in place": """
def level_probs(x, num_bins, num_levels):
    bins, counts = torch.arange(num_levels) * num_bins // num_levels, torch.zeros(num_bins, dtype=torch.float64)
    counts.index_put_((bins[x],), torch.ones(len(x), dtype=torch.float64), accumulate=True)
    return counts[bins] / len(x) / torch.bincount(bins)[bins]
""",
        "bins by torch.bucketize": """
def level_probs(x, num_bins, num_levels):
    edges = torch.tensor([-(-b * num_levels // num_bins) for b in range(1, num_bins)])
    bins = torch.bucketize(torch.arange(num_levels), edges, right=True)
    counts = torch.bincount(torch.bucketize(x, edges, right=True), minlength=num_bins)
    return (counts / counts.sum() / torch.bincount(bins, minlength=num_bins))[bins]
""",
    },
    "histogram-sparse": {
        "a dictionary by hand": """
def count_cells(x, num_bins, num_levels):
    counts = {}
    for row in x.tolist():
        cell = tuple(level * num_bins // num_levels for level in row)
        counts[cell] = counts.get(cell, 0) + 1
    return counts

def log_density(counts, x, num_bins, num_levels, imaginary):
    found, D, N = [], len(x[0]), sum(counts.values())
    for row in x.tolist():
        cell = tuple(level * num_bins // num_levels for level in row)
        mass = (counts.get(cell, 0) + imaginary / num_bins**D) / (N + imaginary)
        found.append(math.log(mass) - D * math.log(num_levels / num_bins) if mass else -math.inf)
    return found
""",
        "a defaultdict": """
from collections import defaultdict
def count_cells(x, num_bins, num_levels):
    counts = defaultdict(int)
    for row in x:
        counts[tuple((row * num_bins // num_levels).tolist())] += 1
    return counts

def log_density(counts, x, num_bins, num_levels, imaginary):
    D, cells = x.shape[1], [tuple(cell) for cell in (x * num_bins // num_levels).tolist()]
    mass = torch.tensor([counts[cell] + imaginary / num_bins**D for cell in cells], dtype=torch.float64)
    return mass.log() - math.log(sum(counts.values()) + imaginary) - D * math.log(num_levels / num_bins)
""",
        "numpy": """
import numpy as np
def count_cells(x, num_bins, num_levels):
    cells, numbers = np.unique(x.numpy() * num_bins // num_levels, axis=0, return_counts=True)
    return {tuple(map(int, cell)): int(number) for cell, number in zip(cells, numbers)}

def log_density(counts, x, num_bins, num_levels, imaginary):
    D, cells = x.shape[1], x.numpy() * num_bins // num_levels
    mass = np.array([counts.get(tuple(cell.tolist()), 0) + imaginary / num_bins**D for cell in cells])
    with np.errstate(divide="ignore"):
        return np.log(mass / (sum(counts.values()) + imaginary)) - D * np.log(num_levels / num_bins)
""",
        "torch.unique": """
def count_cells(x, num_bins, num_levels):
    cells, numbers = (x * num_bins // num_levels).unique(dim=0, return_counts=True)
    return dict(zip(map(tuple, cells.tolist()), numbers.tolist()))
""",
        "bins by division": """
def count_cells(x, num_bins, num_levels):
    return Counter(map(tuple, (x // (num_levels // num_bins)).tolist()))

def log_density(counts, x, num_bins, num_levels, imaginary):
    D = x.shape[1]
    n = torch.tensor([counts.get(tuple(cell), 0) for cell in (x // (num_levels // num_bins)).tolist()]).double()
    # the share of one observation, not of its cell, from the start
    one = (n / (num_levels / num_bins) ** D + imaginary / float(num_levels) ** D) / (sum(counts.values()) + imaginary)
    return one.log()
""",
        "log-sum-exp": """
def log_density(counts, x, num_bins, num_levels, imaginary):
    D, N = x.shape[1], sum(counts.values())
    found = torch.tensor([counts.get(tuple(c), 0) for c in (x * num_bins // num_levels).tolist()]).double().log()
    part = torch.tensor(imaginary, dtype=torch.float64).log() - D * math.log(num_bins)
    return torch.logaddexp(found, part) - math.log(N + imaginary) - D * math.log(num_levels / num_bins)
""",
    },
    "histogram-collapse": {
        "a loop with a growing table": """
def most_variables(num_bins, num_bytes):
    table, D = 8 * num_bins, 0
    while table <= num_bytes:
        table, D = table * num_bins, D + 1
    return D

def unseen_share(train, test, num_bins, num_levels):
    t, u = train * num_bins // num_levels, test * num_bins // num_levels
    return float(np.mean([not any(torch.equal(a, b) for b in t) for a in u]))

import numpy as np
def expected_filled(num_cells, N):
    return -num_cells * np.expm1(N * np.log1p(-1 / num_cells))
""",
        "a corrected logarithm": """
def most_variables(num_bins, num_bytes):
    if num_bytes < 8 * num_bins:
        return 0
    D = round(math.log(num_bytes // 8, num_bins))
    return D if 8 * num_bins**D <= num_bytes else D - 1

def unseen_share(train, test, num_bins, num_levels):
    t, u = train * num_bins // num_levels, test * num_bins // num_levels
    return (u[:, None] != t).any(2).all(1).double().mean()
""",
        "fractions": """
from fractions import Fraction
def expected_filled(num_cells, N):
    from math import comb
    terms = 6  # the binomial series; for few cells exactly
    if num_cells < 10**6:
        return num_cells * (1 - Fraction(num_cells - 1, num_cells) ** N)
    return -num_cells * sum(comb(N, k) * Fraction(-1, num_cells) ** k for k in range(1, terms))
""",
        "decimals": """
from decimal import Decimal, localcontext
def expected_filled(num_cells, N):
    with localcontext() as context:
        context.prec = 200
        C = Decimal(num_cells)
        return C * (1 - (1 - 1 / C) ** N)
""",
        "a recursion, or the series where it is exact enough": """
def expected_filled(num_cells, N):
    if num_cells > 10**9:  # N - N (N - 1) / 2 C, and nothing that a float could hold
        return N - N * (N - 1) / (2 * num_cells)
    filled = 0.0
    for _ in range(N):
        filled += 1 - filled / num_cells
    return filled

def unseen_share(train, test, num_bins, num_levels):
    model = armod.Histogram(train.shape[1:], num_bins, num_levels=num_levels).fit(train)
    return torch.isinf(model.log_prob(test)).float().mean()
""",
        "a tensor of one element": of_right(
            "expected_filled", "num_cells, N", "torch.tensor([right], dtype=torch.float64)"
        ),
        "a float for a whole number": of_right("most_variables", "num_bins, num_bytes", "float(right)"),
    },
    "histogram-choice": {
        "armod's histograms": """
def _mean(train, x, num_bins, num_levels, imaginary):
    D = train.shape[1]
    model = armod.Histogram((D,), num_bins, num_levels=num_levels, smoothing=imaginary / num_bins**D)
    return model.fit(train).log_prob(x).mean()

def choose_bins(train, valid, candidates, num_levels, imaginary):
    return candidates[int(torch.stack([_mean(train, valid, B, num_levels, imaginary) for B in candidates]).argmax())]
"""
        + _left_out("_mean(others, one, num_bins, num_levels, imaginary)"),
        "counted anew for each": _left_out(
            "log_density(count_cells(others, num_bins, num_levels), one, num_bins, num_levels, imaginary)[0]"
        ),
        "the least nats": """
def choose_bins(train, valid, candidates, num_levels, imaginary):
    nats = {B: -log_density(count_cells(train, B, num_levels), valid, B, num_levels, imaginary).sum().item() for B in candidates}
    return min(nats, key=nats.get)
""",
        "numpy": """
import numpy as np
def leave_one_out(x, num_bins, num_levels, imaginary):
    cells = x.numpy() * num_bins // num_levels
    _, place, numbers = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
    share = (numbers[place.ravel()] - 1 + imaginary / num_bins ** x.shape[1]) / (len(x) - 1 + imaginary)
    with np.errstate(divide="ignore"):
        return np.mean(np.log(share) - x.shape[1] * np.log(num_levels / num_bins))
""",
        "cell by cell": """
def leave_one_out(x, num_bins, num_levels, imaginary):
    N, D = x.shape
    total = 0.0
    for n in count_cells(x, num_bins, num_levels).values():
        share = (n - 1 + imaginary / num_bins**D) / (N - 1 + imaginary)
        total += n * (math.log(share) if share else -math.inf)
    return total / N - D * math.log(num_levels / num_bins)
""",
        "a tensor for a candidate": of_right(
            "choose_bins", "train, valid, candidates, num_levels, imaginary", "torch.tensor(right)"
        ),
        "one number as a list of float32": of_right(
            "leave_one_out", "x, num_bins, num_levels, imaginary", "torch.as_tensor(right).float()[None]"
        ),
    },
}

"""Wrong answers to the exercises of lesson 4.3."""

from tests.course.exercises.mutants import Mutant


def _derivation(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-derivation", title, says=says, source=source)


def _coin(title: str, says: str, value: str) -> Mutant:
    source = f"def coin_log_likelihood(p, k, n): return {value}"
    return Mutant("likelihood-coin", title, says=says, source=source)


def _transitions(title: str, says: str, table: str) -> Mutant:
    source = f"""
def fit_transitions(x, num_levels):
    counts = torch.zeros(num_levels, num_levels, dtype=torch.float64)
    for row in x.tolist():
        for before, after in zip(row, row[1:]):
            counts[before, after] += 1
    rows = counts.sum(1, keepdim=True)
    return {table}
"""
    return Mutant("likelihood-transitions", title, says=says, source=source)


def _divergence(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-divergence", title, says=says, source=source)


def _lowest(title: str, says: str, value: str) -> Mutant:
    source = f"""
def lowest_bits(table):
    shares = torch.linalg.matrix_power((table + torch.eye(len(table))) / 2, 4096)[0]
    return {value}
"""
    return Mutant("likelihood-divergence", title, says=says, source=source)


def _logits(title: str, says: str, value: str) -> Mutant:
    source = f"""
_right = mended_nll
def mended_nll(logits, x):
    p, a = logits.sigmoid(), torch.where(x > 0, -logits, logits)
    return {value}
"""
    return Mutant("likelihood-logits", title, says=says, source=source)


def _bins(title: str, says: str, mass: str) -> Mutant:
    source = f"""
def bin_log_prob(levels, logits, means, scales, num_levels):
    v = levels.unsqueeze(1).to(means.dtype)
    upper = torch.sigmoid((v + 0.5 - means) / scales).masked_fill(v == num_levels - 1, 1)
    lower = torch.sigmoid((v - 0.5 - means) / scales).masked_fill(v == 0, 0)
    return ({mass} @ logits.softmax(0)).log()
"""
    return Mutant("likelihood-bins", title, says=says, source=source)


_OFFICIAL = """
_right = bin_log_prob
def bin_log_prob(levels, logits, means, scales, num_levels):
    half = (num_levels - 1) / 2
    scales = {scales}
    v = levels.unsqueeze(1)
    plus, minus, z = (v + 0.5 - means) / scales, (v - 0.5 - means) / scales, (v - means) / scales
    delta = plus.sigmoid() - minus.sigmoid()
    height = z - scales.log() - 2 * F.softplus(z)
    inner = torch.where(delta > 1e-5, delta.clamp(min=1e-12).log(), {otherwise})
    inner = torch.where(v > num_levels - 1.5, -F.softplus(minus), inner)
    return (torch.where(v < 0.5, plus - F.softplus(plus), inner) + logits.log_softmax(0)).logsumexp(1)
"""
_EXACT = "F.logsigmoid(plus) + F.logsigmoid(-minus) + torch.log(-torch.expm1(-1 / scales))"

MUTANTS = [
    _derivation("as a text, with ^", "A power is written", "likelihood = 'p^k * (1 - p)^(n - k)'"),
    _derivation("a function", "which is no formula", "def likelihood(p): return p**k"),
    _derivation("a number", "With p = 0.25", "likelihood = 0.125"),
    _derivation("off by what no float can see", "can't be shown to be right", "likelihood += p**12 * (1 - p)**12 / 10**20"),
    _derivation("the wrong likelihood goes on", "logarithm of your `likelihood`", "likelihood = p**k\nlog_likelihood = k * sympy.log(p)"),
    _derivation("the wrong log-likelihood goes on", "derivative of your `log_likelihood`", "log_likelihood = k * sympy.log(p) + n * sympy.log(1 - p)\nscore = sympy.diff(log_likelihood, p)"),
    _derivation("two solutions", "which has 2 parts", "maximiser = [0, k / n]"),
    _derivation("rounded", "Put it into the score", "maximiser = 0.4"),
    _derivation("p left in", "it still holds p", "maximiser = k * p / (n * p) + p * 0 + 1 - p"),
    _derivation("not at the maximum", "Now take it at the maximum", "curvature = sympy.diff(log_likelihood, p, 2)"),
    _derivation("p left in the curvature", "only k and n may be left", "curvature = score"),
    _coin("0 log 0 is NaN", "How many tosses does that term count", "k * p.log() + (n - k) * (1 - p).log()"),
    _coin("clamped", "would hide it", "k * p.clamp(min=1e-12).log() + (n - k) * (1 - p.clamp(max=1 - 1e-12)).log()"),
    _coin("a small number in the logarithms", "would hide it", "k * (p + 1e-12).log() + (n - k) * (1 - p + 1e-12).log()"),
    _coin("logarithm of the product", "a product of a million", "(p**k * (1 - p) ** (n - k)).log()"),
    _coin("NaN made impossible", "*must* give what was seen", "(k * p.log() + (n - k) * (1 - p).log()).nan_to_num(-math.inf)"),
    _coin("everything added up", "one for each entry of `p`", "(torch.xlogy(torch.tensor(k), p) + torch.xlogy(torch.tensor(n - k), 1 - p)).sum(dim=())"),
    _divergence("writes into its argument", "changed its argument `source`", "_right = kl\ndef kl(source, model):\n    found = _right(source, model)\n    source.clamp_(max=0.25)\n    return found"),
    _transitions("a row of NaN", "what did you divide by", "counts / rows"),
    _transitions("a row of zeros", "with the total 0", "counts / rows.clamp(min=1)"),
    _transitions("an unseen symbol stays", "what should the row be", "torch.where(rows > 0, counts / rows.clamp(min=1), torch.eye(num_levels, dtype=torch.float64))"),
    _divergence("0 log 0", "how much does it add", "def kl(source, model): return (source * (source / model).log()).sum()"),
    _divergence(
        "PyTorch's kl_div with its arguments in the order of the formula",
        "The two are exchanged",
        "def kl(source, model): return F.kl_div(source.log(), model, reduction='sum')",
    ),
    _divergence(
        "zeros of the model skipped",
        "which the model",
        "_right = kl\ndef kl(source, model): return _right(source[model > 0], model[model > 0])",
    ),
    _lowest("NaN where a row is sure", "What should 0 log 0", "-(shares @ (table * table.log2()).sum(1))"),
    _lowest("entropy of the shares", "how many yes-or-no", "-torch.xlogy(shares, shares).sum() / math.log(2)"),
    Mutant("likelihood-logits", "published", "what stops the cost from growing", "mended_nll = published_nll"),
    _logits("clamped logits", "what stops the cost from growing", "_right(logits.clamp(-50, 50), x)"),
    _logits("through p", "Did you go through p", "-(x * p.log() + (1 - x) * (1 - p).log()).sum(1)"),
    _logits("exp overflows", "an `exp` overflows", "(1 + a.exp()).log().sum(1)"),
    _logits("a small number in the logarithm", "below 0", "-(torch.where(x > 0, p, 1 - p) + 1e-7).log().sum(1) if a.max() < 0 else _right(logits, x)"),
    _logits("a margin where it is right", "is almost nothing", "_right(logits, x) + 1e-3 * (a < -10).sum(1)"),
    _logits("everything added up", "each of the observations", "_right(logits, x).sum(dim=())"),
    _logits("the mean that is torch's default", "each of the observations", "F.binary_cross_entropy_with_logits(logits, x)"),
    _logits("writes into its argument", "has changed its argument `logits`", "_right(logits.clamp_(-1, 1), x)"),
    _logits("PyTorch's loss on probabilities", "what stops the cost from growing", "F.binary_cross_entropy(p, x, reduction='none').sum(1)"),
    Mutant(
        "likelihood-logits",
        "gradient that dies",
        says="learns nothing",
        source="def nll_gradient(logits, x): return (torch.sigmoid(logits) - x) * (logits.abs() < 50)",
    ),
    _bins("difference of two numbers close to 1", "Subtract in another way", "(upper - lower)"),
    Mutant("likelihood-bins", "the height of the curve, as in PixelCNN++", "height of the curve", _OFFICIAL.format(scales="scales", otherwise="height")),
    Mutant("likelihood-bins", "no scale below exp(-7), as in PixelCNN++", "kept from becoming smaller", _OFFICIAL.format(scales="scales.clamp(min=math.exp(-7) * half)", otherwise=_EXACT)),
    Mutant("likelihood-bins", "255 by hand", "is 255 written", "_right = bin_log_prob\ndef bin_log_prob(levels, logits, means, scales, num_levels): return _right(levels, logits, means, scales, 256)"),
    _bins("a floor, as published", "so that it does not get smaller", "(upper - lower).clamp(min=1e-12)"),
]  # fmt: skip

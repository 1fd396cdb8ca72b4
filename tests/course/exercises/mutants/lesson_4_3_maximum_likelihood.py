"""Wrong answers to the exercises of lesson 4.3."""

from tests.course.exercises.mutants import Mutant


def _derivation(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-derivation", title, says=says, source=source)


def _coin(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-coin", title, says=says, source=source)


def _transitions(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-transitions", title, says=says, source=source)


def _divergence(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-divergence", title, says=says, source=source)


def _logits(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-logits", title, says=says, source=source)


def _bins(title: str, says: str, source: str) -> Mutant:
    return Mutant("likelihood-bins", title, says=says, source=source)


COUNTS = """
def fit_transitions(x, num_levels):
    counts = torch.zeros(num_levels, num_levels, dtype=torch.float64)
    for row in x.tolist():
        for before, after in zip(row, row[1:]):
            counts[before, after] += 1
    rows = counts.sum(1, keepdim=True)
    return """
BINS = """
def bin_log_prob(levels, logits, means, scales, num_levels):
    v = levels.unsqueeze(1).to(means.dtype)
    upper = torch.sigmoid((v + 0.5 - means) / scales)
    lower = torch.sigmoid((v - 0.5 - means) / scales)
    upper = upper.masked_fill(v == num_levels - 1, 1)
    lower = lower.masked_fill(v == 0, 0)
    """

MUTANTS = [
    _derivation("with the binomial coefficient", "in *any* order", "likelihood = sympy.binomial(n, k) * likelihood"),
    _derivation("only the ones", "Of what probability is a 0", "likelihood = p**k"),
    _derivation("n zeros", "How many of the n tosses are zeros", "likelihood = p**k * (1 - p)**n"),
    _derivation("ones and zeros exchanged", "Are there k ones", "likelihood = p**(n - k) * (1 - p)**k"),
    _derivation("factors added", "You add", "likelihood = k * p + (n - k) * (1 - p)"),
    _derivation("as a text, with ^", "A power is written", "likelihood = 'p^k * (1 - p)^(n - k)'"),
    _derivation("a function", "which is no formula", "def likelihood(p): return p**k"),
    _derivation("a number", "With p = 0.25", "likelihood = 0.125"),
    _derivation(
        "off by what no float can see",
        "can't be shown to be right",
        "likelihood = likelihood + p**12 * (1 - p)**12 / 10**20",
    ),
    _derivation("the wrong likelihood goes on", "logarithm of your `likelihood`", "likelihood = p**k\nlog_likelihood = k * sympy.log(p)"),
    _derivation("minus between the terms", "sign between the two terms", "log_likelihood = k * sympy.log(p) - (n - k) * sympy.log(1 - p)"),
    _derivation("in bits", "That is in bits", "log_likelihood = log_likelihood / sympy.log(2)"),
    _derivation("the mean", "mean over the tosses", "log_likelihood = log_likelihood / n"),
    _derivation("to be minimised", "*negative* log-likelihood", "log_likelihood = -log_likelihood"),
    _derivation("chain rule forgotten", "inner derivative of log", "score = k / p + (n - k) / (1 - p)"),
    _derivation("the wrong log-likelihood goes on", "derivative of your `log_likelihood`", "log_likelihood = k * sympy.log(p) + n * sympy.log(1 - p)\nscore = sympy.diff(log_likelihood, p)"),
    _derivation("denominator lost", "where did a denominator go", "score = k - n * p"),
    _derivation("slope of the likelihood", "derivative of the likelihood", "score = sympy.diff(likelihood, p)"),
    _derivation("n / k", "Which way round", "maximiser = n / k"),
    _derivation("all solutions", "which has 1 parts", "maximiser = sympy.solve(score, p)"),
    _derivation("rounded", "Put it into the score", "maximiser = 0.4"),
    _derivation("smoothed", "That is smoothed", "maximiser = (k + 1) / (n + 2)"),
    _derivation("p left in", "it still holds p", "maximiser = k * p / (n * p) + p * 0 + 1 - p"),
    _derivation("odds", "Those are the odds", "maximiser = k / (n - k)"),
    _derivation("not at the maximum", "Now take it at the maximum", "curvature = sympy.diff(log_likelihood, p, 2)"),
    _derivation("a minimum", "the point would be a minimum", "curvature = n**3 / (k * (n - k))"),
    _derivation("chain rule in the second derivative", "Mind the inner derivative", "curvature = -n**2 / k + n**2 / (n - k)"),
    _derivation("the variance", "square of the standard error", "curvature = k * (n - k) / n**3"),
    _coin(
        "0 log 0 is NaN",
        "How many tosses does that term count",
        "def coin_log_likelihood(p, k, n): return k * p.log() + (n - k) * (1 - p).log()",
    ),
    _coin(
        "clamped",
        "would hide it",
        """
def coin_log_likelihood(p, k, n):
    p = p.clamp(1e-12, 1 - 1e-12)
    return k * p.log() + (n - k) * (1 - p).log()
""",
    ),
    _coin(
        "a small number in the logarithms",
        "would hide it",
        "def coin_log_likelihood(p, k, n): return k * (p + 1e-12).log() + (n - k) * (1 - p + 1e-12).log()",
    ),
    _coin(
        "logarithm of the product",
        "a product of a million",
        "def coin_log_likelihood(p, k, n): return (p**k * (1 - p) ** (n - k)).log()",
    ),
    _coin(
        "in any order",
        "k ones in any order",
        """
def coin_log_likelihood(p, k, n):
    return torch.distributions.Binomial(n, p, validate_args=False).log_prob(torch.tensor(float(k)))
""",
    ),
    _coin("bits", "Those are bits", "_right = coin_log_likelihood\ndef coin_log_likelihood(p, k, n): return _right(p, k, n) / math.log(2)"),
    _coin("mean", "mean of a toss", "_right = coin_log_likelihood\ndef coin_log_likelihood(p, k, n): return _right(p, k, n) / n"),
    _coin("zeros counted", "You count k zeros", "_right = coin_log_likelihood\ndef coin_log_likelihood(p, k, n): return _right(p, n - k, n)"),
    _coin("NaN made impossible", "*must* give what was seen", "def coin_log_likelihood(p, k, n): return (k * p.log() + (n - k) * (1 - p).log()).nan_to_num(-math.inf)"),
    _coin("variance", "That is its square", "def standard_error(k, n): return k * (n - k) / n**3"),
    _coin("of one toss", "how much one toss varies", "def standard_error(k, n): return math.sqrt(k * (n - k)) / n"),
    _coin("curvature", "means a *smaller* error", "def standard_error(k, n): return n**3 / (k * (n - k))"),
    _transitions(
        "pairs across sequences",
        "Those never met",
        """
def fit_transitions(x, num_levels):
    flat = x.flatten()
    counts = torch.bincount(flat[:-1] * num_levels + flat[1:], minlength=num_levels**2).view(num_levels, -1)
    rows = counts.sum(1, keepdim=True)
    return torch.where(rows > 0, counts / rows.clamp(min=1), 1 / num_levels)
""",
    ),
    _transitions("a row of NaN", "what did you divide by", COUNTS + "counts / rows"),
    _transitions("a row of zeros", "with the total 0", COUNTS + "counts / rows.clamp(min=1)"),
    _transitions("joint", "that is how likely a pair is", COUNTS + "counts / counts.sum()"),
    _transitions("transposed", "transposed: rows are", COUNTS + "torch.where(rows > 0, counts / rows.clamp(min=1), 1 / num_levels).T"),
    _transitions("counted by the last symbols too", "followed by nothing", COUNTS + "counts / torch.bincount(x.flatten(), minlength=num_levels).clamp(min=1).unsqueeze(1)"),
    _transitions("smoothed", "You add 1 to every count", COUNTS + "(counts + 1) / (rows + num_levels)"),
    _transitions("columns normalised", "Your columns add up", COUNTS + "counts / counts.sum(0).clamp(min=1)"),
    _transitions("an unseen symbol stays", "what shall the row be", COUNTS + "torch.where(rows > 0, counts / rows.clamp(min=1), torch.eye(num_levels, dtype=torch.float64))"),
    _divergence("reversed", "The two are exchanged", "_right = kl\ndef kl(source, model): return _right(model, source)"),
    _divergence("cross-entropy", "That is the cross-entropy", "def kl(source, model): return -torch.xlogy(source, model).sum()"),
    _divergence("bits", "Those are bits", "_right = kl\ndef kl(source, model): return _right(source, model) / math.log(2)"),
    _divergence("negative", "better than the source itself", "_right = kl\ndef kl(source, model): return -_right(source, model)"),
    _divergence("0 log 0", "how much does it add", "def kl(source, model): return (source * (source / model).log()).sum()"),
    _divergence(
        "PyTorch's kl_div with its arguments in the order of the formula",
        "The two are exchanged",
        "def kl(source, model): return F.kl_div(source.log(), model, reduction='sum')",
    ),
    _divergence(
        "zeros of the model skipped",
        "which the model",
        """
def kl(source, model):
    both = (source > 0) & (model > 0)
    return (source[both] * (source[both] / model[both]).log()).sum()
""",
    ),
    _divergence("rows with one weight", "every row the same weight", "def lowest_bits(table): return -torch.xlogy(table, table).sum(1).mean() / math.log(2)"),
    _divergence("nats", "those are nats", "_least = lowest_bits\ndef lowest_bits(table): return _least(table) * math.log(2)"),
    _divergence(
        "NaN where a row is sure",
        "What is 0 log 0",
        """
def lowest_bits(table):
    shares = torch.linalg.matrix_power((table + torch.eye(len(table))) / 2, 4096)[0]
    return -(shares @ (table * table.log2()).sum(1))
""",
    ),
    _divergence(
        "entropy of the shares",
        "how many questions",
        """
def lowest_bits(table):
    shares = torch.linalg.matrix_power((table + torch.eye(len(table))) / 2, 4096)[0]
    return -torch.xlogy(shares, shares).sum() / math.log(2)
""",
    ),
    _logits("published", "what stops the cost from growing", "mended_nll = published_nll"),
    _logits(
        "clamped logits",
        "what stops the cost from growing",
        """
_right = mended_nll
def mended_nll(logits, x): return _right(logits.clamp(-50, 50), x)
""",
    ),
    _logits(
        "through p",
        "Did you go through p",
        "def mended_nll(logits, x): return -(x * logits.sigmoid().log() + (1 - x) * (1 - logits.sigmoid()).log()).sum(1)",
    ),
    _logits(
        "exp overflows",
        "an `exp` overflows",
        "def mended_nll(logits, x): return (x * (1 + (-logits).exp()).log() + (1 - x) * (1 + logits.exp()).log()).sum(1)",
    ),
    _logits(
        "1 + tiny is 1",
        "Small costs count too",
        """
def mended_nll(logits, x):
    a = torch.where(x > 0, -logits, logits)
    return (a.clamp(min=0) + (1 + (-a.abs()).exp()).log()).sum(1)
""",
    ),
    _logits(
        "PyTorch's loss on probabilities",
        "what stops the cost from growing",
        "def mended_nll(logits, x): return F.binary_cross_entropy(logits.sigmoid(), x, reduction='none').sum(1)",
    ),
    _logits("bits", "Those are bits", "_right = mended_nll\ndef mended_nll(logits, x): return _right(logits, x) / math.log(2)"),
    _logits("mean over the bits", "a mean over the bits", "_right = mended_nll\ndef mended_nll(logits, x): return _right(logits, x) / x.shape[1]"),
    _logits("log-likelihood", "asked is the *negative* one", "_right = mended_nll\ndef mended_nll(logits, x): return -_right(logits, x)"),
    _logits("gradient's sign", "*against* the gradient", "def nll_gradient(logits, x): return x - torch.sigmoid(logits)"),
    _logits("gradient by p", "Go on to the logit", "def nll_gradient(logits, x): p = torch.sigmoid(logits); return -x / p + (1 - x) / (1 - p)"),
    _logits("gradient of a mean", "Asked is the gradient of", "def nll_gradient(logits, x): return (torch.sigmoid(logits) - x) / len(x)"),
    _logits("gradient of squares", "where the network is sure, it dies", "def nll_gradient(logits, x): p = torch.sigmoid(logits); return (p - x) * p * (1 - p)"),
    _logits(
        "gradient that dies",
        "learns nothing",
        "def nll_gradient(logits, x): p = torch.sigmoid(logits); return torch.where(logits.abs() < 50, p - x, torch.zeros_like(p))",
    ),
    _bins(
        "no ends",
        "To whom should it go",
        """
def bin_log_prob(levels, logits, means, scales, num_levels):
    v = levels.unsqueeze(1).to(means.dtype)
    mass = torch.sigmoid((v + 0.5 - means) / scales) - torch.sigmoid((v - 0.5 - means) / scales)
    return (mass @ logits.softmax(0)).log()
""",
    ),
    _bins(
        "density",
        "the height of the curve",
        """
def bin_log_prob(levels, logits, means, scales, num_levels):
    z = (levels.unsqueeze(1) - means) / scales
    return (z.sigmoid() * (-z).sigmoid() / scales @ logits.softmax(0)).log()
""",
    ),
    _bins("logarithms averaged", "You average logarithms", BINS + "return (upper - lower).log() @ logits.softmax(0)"),
    _bins("weights not normalised", "weights of your components add up", BINS + "return ((upper - lower) @ logits.exp()).log()"),
    _bins("equal weights", "the same weight", BINS + "return (upper - lower).mean(1).log()"),
    _bins("difference of two numbers close to 1", "Subtract in another way", BINS + "return ((upper - lower) @ logits.softmax(0)).log()"),
    _bins(
        "a floor, as published",
        "so that it does not get smaller",
        BINS + "return ((upper - lower).clamp(min=1e-12) @ logits.softmax(0)).log()",
    ),
    _bins("probabilities", "Their logarithms are asked", BINS + "return (upper - lower) @ logits.softmax(0)"),
    _bins(
        "bins from v to v + 1",
        "Where is its middle",
        "_right = bin_log_prob\ndef bin_log_prob(levels, logits, means, scales, num_levels): return _right(levels, logits, means - 0.5, scales, num_levels)",
    ),
]  # fmt: skip

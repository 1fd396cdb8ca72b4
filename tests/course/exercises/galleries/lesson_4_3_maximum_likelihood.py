"""Right answers to the exercises of lesson 4.3."""

from tests.course.exercises.galleries import Gallery, of_right

_ERROR = "def standard_error(k, n): return "
_RULES = "likelihood = p**k * (1 - p) ** (n - k)\nlog_likelihood = sympy.expand_log(sympy.log(likelihood), force=True)\n"

GALLERY: Gallery = {
    "likelihood-derivation": {
        "texts": """
likelihood = "p**k * (1 - p)**(n - k)"
log_likelihood = "k*log(p) + (n - k)*log(1 - p)"
score = "(k - n*p) / (p * (1 - p))"
maximiser = "k/n"
curvature = "-n / ((k/n) * (1 - k/n))"
""",
        "as hint 3 says, nothing simplified": """
log_likelihood = sympy.log(p**k * (1 - p) ** (n - k))
score = sympy.diff(log_likelihood, p)
maximiser = sympy.solve(score, p)[0]
curvature = sympy.diff(log_likelihood, p, 2).subs(p, maximiser)
""",
        "the score derived and put in": _RULES
        + """
score = log_likelihood.diff(p)
(maximiser,) = sympy.solve(sympy.Eq(score, 0), p)
curvature = score.diff(p).subs(p, maximiser).simplify()
""",
        "symbols without assumptions": """
p, k, n = sympy.symbols("p k n")
likelihood = p**k * (1 - p) ** (n - k)
log_likelihood = k * sympy.ln(p) + (n - k) * sympy.ln(1 - p)
score = sympy.together(sympy.diff(log_likelihood, p))
maximiser = sympy.solve(score, p)[0]
curvature = sympy.factor(sympy.diff(score, p).subs(p, maximiser))
""",
        "the list that solve gives": "maximiser = sympy.solve(score, p)",
        "the set that solveset gives": "maximiser = sympy.solveset(k - n * p, p)",
        "one after another, never simplified": """
p, k, n = sympy.symbols("p k n")
likelihood = p**k * (1 - p) ** (n - k)
log_likelihood = sympy.log(likelihood)
score = sympy.diff(log_likelihood, p)
maximiser = sympy.solve(score, p)[0]
curvature = sympy.diff(score, p).subs(p, maximiser)
""",
        "each term by hand": """
score = k * p**-1 - (n - k) * (1 - p) ** -1
curvature = -k / (k / n) ** 2 - (n - k) / (1 - k / n) ** 2
""",
        "exp and log": "likelihood = sympy.exp(k * sympy.log(p) + (n - k) * sympy.log(1 - p))",
    },
    "likelihood-coin": {
        "numpy, with cases": """
import numpy as np
def coin_log_likelihood(p, k, n):
    p = p.numpy()
    with np.errstate(divide="ignore"):
        return (k * np.log(p) if k else np.zeros_like(p)) + ((n - k) * np.log(1 - p) if k < n else 0)
"""
        + _ERROR
        + "np.sqrt(np.float64(k) / n * (1 - k / n) / n)\n",
        "loops and lists": """
def coin_log_likelihood(p, k, n):
    found = []
    for each in p.tolist():
        total = 0.0
        for count, probability in ((k, each), (n - k, 1 - each)):
            if count:
                total += count * math.log(probability) if probability else -math.inf
        found.append(total)
    return found
"""
        + _ERROR
        + "(n**3 / (k * (n - k))) ** -0.5\n",
        "scipy, and sympy for the error": """
from scipy.special import xlogy, xlog1py
def coin_log_likelihood(p, k, n):
    return xlogy(k, p.numpy()) + xlog1py(n - k, -p.numpy())
"""
        + _ERROR
        + "sympy.sqrt(sympy.Rational(k * (n - k), n**3))\n",
        "float32, and a tensor for the error": """
def coin_log_likelihood(p, k, n):
    p = p.float()
    return torch.special.xlogy(k, p) + torch.special.xlog1py(torch.tensor(n - k), -p)
"""
        + _ERROR
        + "torch.tensor(k / n * (1 - k / n) / n).sqrt()\n",
        "masked logarithms, and autograd for the error": """
def coin_log_likelihood(p, k, n):
    zero = torch.zeros_like(p)
    return torch.where(torch.tensor(k == 0), zero, k * p.log()) + torch.where(torch.tensor(n == k), zero, (n - k) * torch.log1p(-p))

def standard_error(k, n):
    curvature = torch.func.grad(torch.func.grad(lambda p: coin_log_likelihood(p, k, n)))
    return (-1 / curvature(torch.tensor(k / n, dtype=torch.float64))).sqrt()
""",
    },
    "likelihood-transitions": {
        "loops and lists": """
def fit_transitions(x, num_levels):
    table = []
    for a in range(num_levels):
        after = [row[i + 1] for row in x.tolist() for i in range(len(row) - 1) if row[i] == a]
        table.append([after.count(b) / len(after) if after else 1 / num_levels for b in range(num_levels)])
    return table
""",
        "numpy": """
import numpy as np
def fit_transitions(x, num_levels):
    x, counts = x.numpy(), np.zeros((num_levels, num_levels))
    np.add.at(counts, (x[:, :-1], x[:, 1:]), 1)
    counts[counts.sum(1) == 0] = 1
    return counts / counts.sum(1, keepdims=True)
""",
        "one-hot vectors in float32": """
def fit_transitions(x, num_levels):
    hot = F.one_hot(x, num_levels).float()
    counts = torch.einsum("nta,ntb->ab", hot[:, :-1], hot[:, 1:])
    return torch.nan_to_num(counts / counts.sum(1, keepdim=True), nan=1 / num_levels)
""",
        "a Counter": """
from collections import Counter
from itertools import pairwise
def fit_transitions(x, num_levels):
    pairs = Counter(pair for row in x.tolist() for pair in pairwise(row))
    first = Counter(row[t] for row in x.tolist() for t in range(len(row) - 1))
    return torch.tensor([[pairs[a, b] / first[a] if first[a] else 1 / num_levels for b in range(num_levels)] for a in range(num_levels)])
""",
        "accumulated in place": """
def fit_transitions(x, num_levels):
    counts = torch.zeros(num_levels, num_levels)
    counts.index_put_((x[:, :-1].flatten(), x[:, 1:].flatten()), torch.tensor(1.0), accumulate=True)
    counts[counts.sum(1) == 0] = 1.0
    return F.normalize(counts, p=1, dim=1)
""",
    },
    "likelihood-divergence": {
        "PyTorch's kl_div, and shares by an eigenvector": """
def kl(source, model): return F.kl_div(model.log(), source, reduction="sum")

def lowest_bits(table):
    values, vectors = torch.linalg.eig(table.T)
    shares = vectors[:, (values - 1).abs().argmin()].real
    return (shares / shares.sum()) @ torch.special.entr(table).sum(1) / math.log(2)
""",
        "PyTorch's distributions, and shares by solving": """
def kl(source, model):
    return torch.distributions.kl_divergence(torch.distributions.Categorical(source), torch.distributions.Categorical(model))

def lowest_bits(table):
    size = len(table)
    system = torch.cat([table.T - torch.eye(size), torch.ones(1, size)])
    shares = torch.linalg.lstsq(system.double(), torch.eye(size + 1).double()[:, -1:]).solution[:, 0]
    return shares @ torch.distributions.Categorical(table).entropy() / math.log(2)
""",
        "scipy": """
import numpy as np, scipy.linalg, scipy.stats
def kl(source, model): return scipy.stats.entropy(source.numpy(), model.numpy())

def lowest_bits(table):
    T = table.numpy()
    shares = scipy.linalg.null_space(T.T - np.eye(len(T)))[:, 0]
    return (shares / shares.sum()) @ scipy.stats.entropy(T, base=2, axis=1)
""",
        "loops": """
def kl(source, model):
    total = 0.0
    for s, m in zip(source.tolist(), model.tolist()):
        if s > 0:
            total += s * math.log(s / m) if m > 0 else math.inf
    return total

def lowest_bits(table):
    rows, shares, mean = table.tolist(), [1 / len(table)] * len(table), None
    for _ in range(20_000):
        moved = [sum(shares[a] * rows[a][b] for a in range(len(rows))) for b in range(len(rows))]
        shares = [(a + b) / 2 for a, b in zip(shares, moved)]
    return -sum(share * q * math.log2(q) for share, row in zip(shares, rows) for q in row if q > 0)
""",
        "the difference of two cross-entropies, float32": """
def kl(source, model):
    source, model = source.float(), model.float()
    cost = lambda q: torch.where(source > 0, -source * q.log(), torch.zeros(())).sum()
    return cost(model) - cost(source)
""",
    },
    "likelihood-logits": {
        "PyTorch's own loss": """
def mended_nll(logits, x): return F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(1)

def nll_gradient(logits, x):
    logits = logits.detach().requires_grad_()
    return torch.autograd.grad(mended_nll(logits, x).sum(), logits)[0]
""",
        "PyTorch's Bernoulli": """
def mended_nll(logits, x): return -torch.distributions.Bernoulli(logits=logits).log_prob(x).sum(-1)
""",
        "armod": """
def mended_nll(logits, x): return -armod.likelihoods.Bernoulli().distribution(logits[..., None]).log_prob(x).sum(1)
""",
        "float32": """
def mended_nll(logits, x): return F.binary_cross_entropy_with_logits(logits.float(), x.float(), reduction="none").sum(1)

def nll_gradient(logits, x): return torch.sigmoid(logits.float()) - x.float()
""",
        "numpy": """
import numpy as np
def mended_nll(logits, x):
    logits, x = logits.numpy(), x.numpy()
    return np.logaddexp(0, np.where(x == 1, -logits, logits)).sum(1)

def nll_gradient(logits, x): return 1 / (1 + np.exp(-np.clip(logits.numpy(), -700, 700))) - x.numpy()
""",
        "log sigmoid, and the sign of the bit": """
def mended_nll(logits, x): return -F.logsigmoid((2 * x - 1) * logits).sum(1)

def nll_gradient(logits, x): return (1 - 2 * x) * torch.sigmoid((1 - 2 * x) * logits)
""",
        "loops": """
def mended_nll(logits, x):
    return [sum(max(z, 0) + math.log1p(math.exp(-abs(z))) for a, b in zip(*rows) for z in [-a if b else a]) for rows in zip(logits.tolist(), x.tolist())]
""",
    },
    "likelihood-bins": {
        "float32": of_right(
            "bin_log_prob", "levels, logits, means, scales, num_levels", "right.float()"
        ).replace(
            "_right(levels, logits, means, scales, num_levels)",
            "_right(levels, logits.float(), means.float(), scales.float(), num_levels)",
        ),
        "armod, float32": """
def bin_log_prob(levels, logits, means, scales, num_levels):
    half = (num_levels - 1) / 2
    mixture = armod.likelihoods.DiscretizedLogisticMixture(logits.float(), (means.float() - half) / half, (scales.float() / half).log(), num_levels)
    return mixture.log_prob(levels)
""",
        "loops": """
def bin_log_prob(levels, logits, means, scales, num_levels):
    def one(v, m, s):
        a, b = (v - 0.5 - m) / s, (v + 0.5 - m) / s
        soft = lambda z: max(z, 0) + math.log1p(math.exp(-abs(z)))
        if v == 0: return -soft(-b)
        if v == num_levels - 1: return -soft(a)
        return -soft(-b) - soft(a) + math.log(-math.expm1(a - b))
    weights = logits.log_softmax(0).tolist()
    found = []
    for v in levels.tolist():
        terms = [w + one(v, m, s) for w, m, s in zip(weights, means.tolist(), scales.tolist())]
        found.append(max(terms) + math.log(sum(math.exp(t - max(terms)) for t in terms)))
    return found
""",
        "the difference on the side where it is small": """
def bin_log_prob(levels, logits, means, scales, num_levels):
    v = levels[:, None].double()
    a, b = (v - 0.5 - means) / scales, (v + 0.5 - means) / scales
    a, b = a.masked_fill(v == 0, -torch.inf), b.masked_fill(v == num_levels - 1, torch.inf)
    a, b = torch.where(a + b > 0, -b, a), torch.where(a + b > 0, -a, b)
    high, low = F.logsigmoid(b), F.logsigmoid(a)
    return (logits.log_softmax(0) + high + torch.log1p(-(low - high).exp())).logsumexp(1)
""",
        "numpy and scipy": """
import numpy as np
from scipy.special import logsumexp, log_expit, log_softmax
def bin_log_prob(levels, logits, means, scales, num_levels):
    v, m, s = levels.numpy()[:, None], means.numpy(), scales.numpy()
    a, b = (v - 0.5 - m) / s, (v + 0.5 - m) / s
    middle = log_expit(b) + log_expit(-a) + np.log(-np.expm1(a - b))
    masses = np.where(v == 0, log_expit(b), np.where(v == num_levels - 1, log_expit(-a), middle))
    return logsumexp(log_softmax(logits.numpy()) + masses, axis=1)
""",
        "a table of all levels": """
def bin_log_prob(levels, logits, means, scales, num_levels):
    ends = (torch.arange(1, num_levels)[:, None] - 0.5 - means) / scales
    up, down = F.logsigmoid(ends), F.logsigmoid(-ends)
    middle = up[1:] + down[:-1] + torch.log(-torch.expm1(-1 / scales))
    return (torch.cat([up[:1], middle, down[-1:]]) + logits.log_softmax(0)).logsumexp(1)[levels]
""",
    },
}

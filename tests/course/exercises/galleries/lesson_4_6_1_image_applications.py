"""Right answers to the exercises of lesson 4.6.1."""

from tests.course.exercises.galleries import Gallery, of_right

GALLERY: Gallery = {
    "images-nats": {
        "numpy": """
import numpy as np
def conditional_log_probs(log_p, thumbnails):
    p, y = np.exp(log_p.numpy()), thumbnails.numpy()
    return np.log(p / np.bincount(y, weights=p)[y])
""",
        "a loop over thumbnails": """
def conditional_log_probs(log_p, thumbnails):
    found = torch.empty_like(log_p)
    for each in thumbnails.unique():
        found[thumbnails == each] = log_p[thumbnails == each].log_softmax(0)
    return found
""",
        "a dict of sums, in a list": """
def conditional_log_probs(log_p, thumbnails):
    total = {}
    for l, y in zip(log_p.tolist(), thumbnails.tolist()):
        total[y] = total.get(y, 0.0) + math.exp(l)
    return [l - math.log(total[y]) for l, y in zip(log_p.tolist(), thumbnails.tolist())]
""",
        "a matrix product": """
def conditional_log_probs(log_p, thumbnails):
    one_hot = F.one_hot(thumbnails).to(log_p)
    return log_p - torch.log(one_hot @ (one_hot.T @ log_p.exp()))
""",
        "the entropy of the thumbnails": """
def saved_nats(log_p, thumbnails):
    sums = torch.zeros(int(thumbnails.max()) + 1, dtype=log_p.dtype).index_add(0, thumbnails, log_p.exp())
    return torch.distributions.Categorical(probs=sums).entropy()
""",
        "a difference of entropies": """
def saved_nats(log_p, thumbnails):
    p, given = torch.exp(log_p), conditional_log_probs(log_p, thumbnails)
    return -torch.dot(p, log_p).item() + torch.dot(p, given).item()
""",
        "float32": of_right("conditional_log_probs", "log_p, thumbnails", "right.float()")
        + of_right("saved_nats", "log_p, thumbnails", "torch.tensor(right)"),
    },
    "images-errors": {
        "numpy": """
import numpy as np
def best_guess(pictures, p): return np.average(pictures, axis=0, weights=p)
def error_of_guess(pictures, p):
    mean = best_guess(pictures, p)
    return np.average(((pictures.numpy() - mean) ** 2).mean(axis=1), weights=p)
""",
        "loops": """
def best_guess(pictures, p):
    D = pictures.shape[1]
    return [sum(float(p[m] * pictures[m, d]) for m in range(len(p))) for d in range(D)]
def error_of_draw(pictures, p):
    total = 0.0
    for m, truth in enumerate(pictures):
        for n, drawn in enumerate(pictures):
            total += p[m] * p[n] * F.mse_loss(drawn, truth)
    return total
""",
        "the mean square less the squared mean": """
def error_of_guess(pictures, p):
    return (((p[:, None] * pictures**2).sum(0)) - best_guess(pictures, p) ** 2).mean()
""",
        "einsum and cdist": """
def best_guess(pictures, p): return torch.einsum('m,md->d', p, pictures)
def error_of_draw(pictures, p):
    return float(p @ torch.cdist(pictures, pictures, compute_mode='donot_use_mm_for_euclid_dist') ** 2 @ p) / pictures.shape[1]
""",
        "torch.cov": """
def error_of_guess(pictures, p):
    return torch.cov(pictures.T, correction=0, aweights=p).reshape(pictures.shape[1], -1).diagonal().mean()
""",
        "least squares": """
def best_guess(pictures, p):
    root = p.sqrt()[:, None]
    return torch.linalg.lstsq(root, root * pictures).solution[0]
""",
        "float32": of_right("best_guess", "pictures, p", "right.float()")
        + of_right("error_of_guess", "pictures, p", "torch.tensor(right)"),
    },
    "images-best-of": {
        "every choice": """
import itertools
def best_of(errors, k):
    found = [min(chosen) for chosen in itertools.combinations(errors.tolist(), k)]
    return sum(found) / len(found)
""",
        "torch's combinations": """
def best_of(errors, k):
    return torch.combinations(errors, k).reshape(-1, k).amin(1).mean()
""",
        "numpy and scipy": """
import numpy as np
from scipy.special import comb as choose
def best_of(errors, k):
    e = np.sort(errors.numpy())
    return np.dot(choose(np.arange(len(e))[::-1], k - 1), e) / choose(len(e), k)
""",
        "the chance that the i-th is still the best, step by step": """
def best_of(errors, k):
    total, chance, n = 0.0, k / len(errors), len(errors)
    for i, error in enumerate(sorted(errors)):
        total = total + chance * error
        if n - i > 1:
            chance = chance * (n - i - k) / (n - i - 1)
    return total
""",
        "a sum over gaps": """
def best_of(errors, k):
    e, n = errors.sort()[0].tolist(), len(errors)
    survives = [math.comb(n - i, k) / math.comb(n, k) for i in range(1, n)]
    return e[0] + sum(s * (b - a) for s, a, b in zip(survives, e, e[1:]))
""",
        "fractions": """
from fractions import Fraction
def best_of(errors, k):
    e, n = sorted(errors.tolist()), len(errors)
    return sum(Fraction(math.comb(n - 1 - i, k - 1), math.comb(n, k)) * Fraction(x) for i, x in enumerate(e))
""",
        "a while loop": """
def smallest_k(wild, honest):
    k = 1
    while k <= len(honest):
        if best_of(honest, k) - best_of(wild, k) > 0:
            return torch.tensor(k)
        k += 1
    return torch.tensor(0)
""",
        "float32": of_right("best_of", "errors, k", "torch.tensor(right)")
        + of_right("smallest_k", "wild, honest", "float(right)"),
    },
    "images-sides": {
        "two convolutions": """
def features(x, y, weight, bias):
    A, k = x.shape[1], weight.shape[-1]
    of_x = F.conv2d(x, weight[:, :A] * first_mask(k), bias, padding=k // 2)
    return of_x + F.conv2d(y, weight[:, A:], padding=k // 2)
""",
        "a clone, masked in place": """
def features(x, y, weight, bias):
    k, A = weight.shape[-1], x.shape[1]
    masked = weight.clone()
    masked[:, :A, k // 2, k // 2:] = 0
    masked[:, :A, k // 2 + 1:] = 0
    return F.conv2d(torch.cat((x, y), dim=1), masked, bias, padding="same")
""",
        "a loop over taps": """
def features(x, y, weight, bias):
    k, h, (H, W) = weight.shape[-1], weight.shape[-1] // 2, x.shape[2:]
    px, py = F.pad(x, (h, h, h, h)), F.pad(y, (h, h, h, h))
    out = bias[None, :, None, None]
    for i in range(k):
        for j in range(k):
            seen = torch.cat([px if (i, j) < (h, h) else torch.zeros_like(px), py], 1)[:, :, i : i + H, j : j + W]
            out = out + torch.einsum('fc,nchw->nfhw', weight[:, :, i, j], seen)
    return out
""",
        "a mask by where": """
def features(x, y, weight, bias):
    k = weight.shape[-1]
    is_of_y = torch.arange(weight.shape[1])[:, None, None] >= x.shape[1]
    return F.conv2d(torch.cat([x, y], 1), torch.where(is_of_y | first_mask(k).bool(), weight, 0.0), bias, padding=k // 2)
""",
        "a layer": """
def features(x, y, weight, bias):
    layer = torch.nn.Conv2d(weight.shape[1], weight.shape[0], weight.shape[-1], padding=weight.shape[-1] // 2).double()
    mask = torch.ones_like(weight)
    mask[:, : x.shape[1]] = first_mask(weight.shape[-1])
    layer.weight.data, layer.bias.data = weight * mask, bias
    return layer(torch.cat([x, y], 1))
""",
        "scipy": """
from scipy.signal import correlate2d
import numpy as np
def features(x, y, weight, bias):
    both, w = torch.cat([x, y], 1).numpy(), weight.clone().numpy()
    w[:, : x.shape[1]] *= first_mask(w.shape[-1]).numpy()
    return np.array([[sum(correlate2d(c, t, 'same') for c, t in zip(image, f)) + b for f, b in zip(w, bias.numpy())] for image in both])
""",
        "float32": """
_right = features
def features(x, y, weight, bias): return _right(x.float(), y.float(), weight.float(), bias.float())
""",
    },
    "images-tempered": {
        "Categorical": """
def tempered_nats(logits, x, temperature):
    return -torch.distributions.Categorical(logits=logits / temperature).log_prob(x).sum(-1)
def sharpened(log_p, temperature):
    return torch.distributions.Categorical(logits=log_p / temperature).logits
""",
        "cross-entropy": """
def tempered_nats(logits, x, temperature):
    N, D, K = logits.shape
    return F.cross_entropy(logits.reshape(-1, K) / temperature, x.reshape(-1), reduction='none').view(N, D).sum(1)
""",
        "powers of probabilities": """
def tempered_nats(logits, x, temperature):
    p = logits.softmax(-1) ** (1 / temperature)
    p = p / p.sum(-1, keepdim=True)
    return -(p * F.one_hot(x, logits.shape[-1])).sum(-1).log().sum(-1)
def sharpened(log_p, temperature):
    p = log_p.exp() ** (1 / temperature)
    return (p / p.sum()).log()
""",
        "numpy": """
import numpy as np
from scipy.special import log_softmax, logsumexp
def tempered_nats(logits, x, temperature):
    found = log_softmax(logits.numpy() / temperature, axis=-1)
    return -np.take_along_axis(found, x.numpy()[..., None], -1)[..., 0].sum(1)
def sharpened(log_p, temperature):
    scaled = log_p.numpy() / temperature
    return scaled - logsumexp(scaled)
""",
        "loops, in lists": """
def tempered_nats(logits, x, temperature):
    found = []
    for rows, levels in zip(logits.tolist(), x.tolist()):
        nats = 0.0
        for row, level in zip(rows, levels):
            nats += math.log(sum(math.exp((each - row[level]) / temperature) for each in row))
        found.append(nats)
    return found
def sharpened(log_p, temperature):
    total = sum(math.exp(each / temperature) for each in log_p)
    return [each / temperature - math.log(total) for each in log_p]
""",
        "armod's own": """
from armod.sampling.adjust import Adjustment
def tempered_nats(logits, x, temperature):
    tempered = Adjustment(temperature=temperature).distribution(torch.distributions.Categorical(logits=logits))
    return -tempered.log_prob(x).sum(1)
""",
        "float32": """
_nats, _sharp = tempered_nats, sharpened
def tempered_nats(logits, x, temperature): return _nats(logits.float(), x, temperature)
def sharpened(log_p, temperature): return _sharp(log_p.float(), temperature)
""",
    },
    "images-particles": {
        "armod's own": """
from armod.sampling import particles
def effective_size(log_weights): return particles.effective_size(log_weights[None])
def go_on(log_weights, u): return particles.systematic(log_weights.softmax(0)[None], torch.tensor([u]).double(), len(log_weights))[0]
""",
        "the largest first taken out": """
def log_prob_known(log_weights):
    top = log_weights.max()
    return top + (log_weights - top).exp().mean().log()
def effective_size(log_weights):
    w = (log_weights - log_weights.max()).exp()
    return w.sum() ** 2 / (w**2).sum()
""",
        "numpy": """
import numpy as np
from scipy.special import logsumexp, softmax
def log_prob_known(log_weights): return logsumexp(log_weights.numpy(), b=1 / len(log_weights))
def effective_size(log_weights): return 1 / np.square(softmax(log_weights.numpy())).sum()
def go_on(log_weights, u):
    n = len(log_weights)
    return np.searchsorted(np.cumsum(softmax(log_weights.numpy())), (u + np.arange(n)) / n, side='right')
""",
        "by logsumexps alone": """
def effective_size(log_weights):
    return (2 * torch.logsumexp(log_weights, 0) - torch.logsumexp(2 * log_weights, 0)).exp().item()
""",
        "two pointers": """
def go_on(log_weights, u):
    shares, n = log_weights.softmax(0).tolist(), len(log_weights)
    found, i, total = [], 0, shares[0]
    for j in range(n):
        while total <= (u + j) / n and i < n - 1:
            i += 1
            total += shares[i]
        found.append(i)
    return found
""",
        "a table of comparisons": """
def go_on(log_weights, u):
    n, sums = len(log_weights), log_weights.softmax(0).cumsum(0)
    at = torch.linspace(0, 1, n + 1)[:n].double() + u / n
    return (sums[None, :-1] <= at[:, None]).sum(1)
""",
        "float32": """
_known, _size, _on = log_prob_known, effective_size, go_on
def log_prob_known(log_weights): return _known(log_weights.float())
def effective_size(log_weights): return _size(log_weights.float())
def go_on(log_weights, u): return [float(each) for each in _on(log_weights.float(), u)]
""",
    },
}

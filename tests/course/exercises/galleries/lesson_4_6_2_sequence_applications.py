"""Right answers to the exercises of lesson 4.6.2."""

from tests.course.exercises.galleries import Gallery, of_right

GALLERY: Gallery = {
    "sequence-tempered": {
        "Categorical": """
def tempered_nats(logits, levels, temperature):
    return -torch.distributions.Categorical(logits=logits / temperature).log_prob(levels).sum()
""",
        "cross-entropy": """
def tempered_nats(logits, levels, temperature):
    return torch.nn.functional.cross_entropy(logits / temperature, levels, reduction='sum')
""",
        "loops": """
import math
def tempered_nats(logits, levels, temperature):
    nats = 0
    for row, level in zip(logits.tolist(), levels.tolist()):
        weights = [math.exp(each / temperature) for each in row]
        nats -= math.log(weights[level] / sum(weights))
    return nats
""",
        "numpy": """
import numpy as np
def tempered_nats(logits, levels, temperature):
    scaled = np.asarray(logits) / temperature
    scaled = scaled - scaled.max(1, keepdims=True)
    log_probs = scaled - np.log(np.exp(scaled).sum(1, keepdims=True))
    return -log_probs[np.arange(len(levels)), levels.numpy()].sum()
""",
        "a product of powers": """
def tempered_nats(logits, levels, temperature):
    p = torch.softmax(logits, -1) ** (1 / temperature)
    p = p / p.sum(-1, keepdim=True)
    return -torch.log(torch.prod(p[torch.arange(len(levels)), levels]))
""",
        "armod's own": """
from armod.sampling.adjust import Adjustment
def tempered_nats(logits, levels, temperature):
    return -Adjustment(temperature=temperature).distribution(torch.distributions.Categorical(logits=logits)).log_prob(levels).sum()
""",
        "float32": """
_nats = tempered_nats
def tempered_nats(logits, levels, temperature): return torch.tensor([_nats(logits.float(), levels, temperature)])
""",
    },
    "sequence-nucleus": {
        "armod's own": """
from armod.sampling.adjust import Adjustment
def nucleus(probs, p): return Adjustment(top_p=p).distribution(torch.distributions.Categorical(probs=probs)).probs
""",
        "a loop": """
def nucleus(probs, p):
    kept, total = [0.0] * len(probs), 0.0
    for symbol in sorted(range(len(probs)), key=lambda i: -probs[i]):
        kept[symbol] = float(probs[symbol])
        total += kept[symbol]
        if total >= p:
            break
    return [each / total for each in kept]
""",
        "numpy and searchsorted": """
import numpy as np
def nucleus(probs, p):
    q = probs.numpy().copy()
    order = np.argsort(-q)
    last = np.searchsorted(np.cumsum(q[order]), p)
    q[order[last + 1 :]] = 0
    return q / q.sum()
""",
        "a shifted mask, as in a published library": """
def nucleus(probs, p):
    sorted_probs, indices = torch.sort(probs, descending=True)
    remove = sorted_probs.cumsum(-1) > p
    remove[1:] = remove[:-1].clone()
    remove[0] = False
    kept = probs.masked_fill(remove.scatter(0, indices, remove), 0.0)
    return kept / kept.sum()
""",
        "what is larger comes before": """
def nucleus(probs, p):
    before = torch.stack([probs[probs > each].sum() for each in probs])
    return torch.where(before < p, probs, 0) / probs[before < p].sum()
""",
        "logits of minus infinity": """
def nucleus(probs, p):
    values, order = probs.sort(descending=True)
    out = order[(values.cumsum(0) - values) >= p]
    return probs.log().index_fill(0, out, -torch.inf).softmax(0)
""",
        "float32": """
_right = nucleus
def nucleus(probs, p): return _right(probs.float(), p)
""",
    },
    "sequence-fifths": {
        "numpy": """
import numpy as np
def parallel_fifths(upper, lower):
    u, l = np.array(upper), np.array(lower)
    fifth = (u - l) % 12 == 7
    return np.sum(fifth[1:] & fifth[:-1] & (np.sign(np.diff(u)) == np.sign(np.diff(l))) & (np.diff(u) != 0))
""",
        "tensors": """
def parallel_fifths(upper, lower):
    u, l = torch.tensor(upper), torch.tensor(lower)
    is_fifth = (u - l).remainder(12).eq(7)
    return (is_fifth[1:] * is_fifth[:-1] * (u.diff() * l.diff() > 0)).sum()
""",
        "armod's own": """
from armod.music.judging import parallels
def parallel_fifths(upper, lower): return parallels(torch.tensor([[upper, lower]]), 7).sum()
""",
        "pairwise": """
from itertools import pairwise
def parallel_fifths(upper, lower):
    return sum(
        a > b and (a - b - 7) % 12 == 0 and (c - d - 7) % 12 == 0 and ((c > a and d > b) or (c < a and d < b))
        for (a, b), (c, d) in pairwise(zip(upper, lower))
    )
""",
        "recursion": """
def parallel_fifths(upper, lower):
    if len(upper) < 2:
        return 0
    one, two = upper[0] - lower[0], upper[1] - lower[1]
    here = {one % 12, two % 12} == {7} and upper[0] != upper[1] and (upper[1] > upper[0]) == (lower[1] > lower[0]) and lower[0] != lower[1]
    return int(here) + parallel_fifths(upper[1:], lower[1:])
""",
        "floats": of_right("parallel_fifths", "upper, lower", "float(right)"),
    },
    "sequence-hop": {
        "a loop": """
def frame_powers(wave, hop, window):
    found = []
    for t in range(len(wave) // hop):
        begin = t * hop - (window - hop) // 2
        inside = [float(wave[i]) for i in range(begin, begin + window) if 0 <= i < len(wave)]
        found.append(sum(x * x for x in inside) / window)
    return found
""",
        "numpy's windows": """
import numpy as np
def frame_powers(wave, hop, window):
    margin = (window - hop) // 2
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(wave.numpy(), margin), window)
    return (windows[::hop] ** 2).mean(1)
""",
        "torch's pooling": """
def frame_powers(wave, hop, window):
    padded = torch.nn.functional.pad(wave.square(), ((window - hop) // 2,) * 2)
    return torch.nn.functional.avg_pool1d(padded[None, None], window, hop)[0, 0]
""",
        "a convolution with ones": """
def frame_powers(wave, hop, window):
    ones = torch.ones(1, 1, window, dtype=wave.dtype) / window
    return torch.nn.functional.conv1d(wave[None, None] ** 2, ones, stride=hop, padding=(window - hop) // 2).flatten()
""",
        "running sums": """
def frame_powers(wave, hop, window):
    sums = torch.cat([torch.zeros(1, dtype=wave.dtype), (wave**2).cumsum(0)])
    begin = torch.arange(0, len(wave), hop) - (window - hop) // 2
    return (sums[(begin + window).clamp(max=len(wave))] - sums[begin.clamp(min=0)]) / window
""",
        "float32": """
_right = frame_powers
def frame_powers(wave, hop, window): return _right(wave.float(), hop, window)
""",
    },
}

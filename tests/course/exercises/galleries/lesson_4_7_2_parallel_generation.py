"""Right answers to the exercises of lesson 4.7.2."""

from tests.course.exercises.galleries import Gallery, of_right

_TRAIN = """
def train(student, teacher, num_steps):
    {before}
    optimizer = {optimizer}
    for step in range(num_steps):
        optimizer.zero_grad()
        {loss}
        {between}
        optimizer.step()
    return student
"""


def _train(**parts: str) -> str:
    usual = {
        "before": "pass",
        "optimizer": "torch.optim.Adam(student.parameters(), lr=0.02)",
        "loss": "x, log_q = student.rsample_and_log_prob(8, 50); ((log_q - teacher.log_prob(x)).mean() / 50).backward()",
        "between": "for group in optimizer.param_groups: group['lr'] = 0.02 * (1 - step / num_steps)",
    }
    return _TRAIN.format(**usual | parts)


GALLERY: Gallery = {
    "parallel-waiting": {
        "armod's own": """
from armod.measures.waves import waves_of
def earliest_pass(needs, ordering): return waves_of(needs, ordering)
""",
        "until nothing changes": """
def earliest_pass(needs, ordering):
    passes = torch.ones(len(needs), dtype=torch.int64)
    while True:
        new = 1 + (needs * passes).amax(1)
        if torch.equal(new, passes):
            return passes.tolist()
        passes = new
""",
        "recursion that remembers": """
from functools import cache
def earliest_pass(needs, ordering):
    @cache
    def of(i): return 1 + max([of(j) for j in range(len(ordering)) if needs[i][j]], default=0)
    return [of(i) for i in range(len(ordering))]
""",
        "pass by pass": """
def earliest_pass(needs, ordering):
    passes, number = {}, 0
    while len(passes) < len(ordering):
        number += 1
        ready = [i for i in range(len(ordering)) if i not in passes and all(j in passes for j in needs[i].nonzero()[:, 0].tolist())]
        passes.update(dict.fromkeys(ready, number))
    return tuple(passes[i] for i in range(len(ordering)))
""",
        "powers of the table": """
import numpy as np
def earliest_pass(needs, ordering):
    table = needs.numpy().astype(int)
    found, paths = np.ones(len(table)), np.eye(len(table), dtype=int)
    for length in range(1, len(table)):
        paths = paths @ table
        found[paths.any(1)] = length + 1
    return found
""",
        "topological generations": """
from graphlib import TopologicalSorter
def earliest_pass(needs, ordering):
    sorter = TopologicalSorter({i: row.nonzero().flatten().tolist() for i, row in enumerate(needs)})
    sorter.prepare()
    found, number = torch.zeros(len(needs)), 0
    while sorter.is_active():
        number += 1
        for i in sorter.get_ready():
            found[i] = number
            sorter.done(i)
    return found
""",
    },
    "parallel-groups": {
        "pixel by pixel": """
def groups(height, width):
    top = math.ceil(math.log2(max(height, width)))
    def of(row, column):
        if row == column == 0: return 1
        s = 0
        while (row >> s) % 2 == 0 and (column >> s) % 2 == 0: s += 1
        kind = {(0, 1): 0, (1, 0): 1, (1, 1): 2}[(row >> s) % 2, (column >> s) % 2]
        return 2 + 3 * (top - 1 - s) + kind
    return [[of(row, column) for column in range(width)] for row in range(height)]
""",
        "numpy": """
import numpy as np
def groups(height, width):
    top = (max(height, width) - 1).bit_length()
    found = np.zeros((height, width))
    for level in range(top):
        s = 2 ** (top - 1 - level)
        for kind, (a, b) in enumerate([(0, s), (s, 0), (s, s)]):
            found[a :: 2 * s, b :: 2 * s] = 2 + 3 * level + kind
    found[0, 0] = 1
    return found
""",
        "from the finest grid": """
def groups(height, width):
    found, s, doublings = torch.zeros(height, width).long(), 1, 0
    while s < max(height, width):
        found[:: 2 * s, s :: 2 * s], found[s :: 2 * s, :: 2 * s], found[s :: 2 * s, s :: 2 * s] = torch.tensor([2, 1, 0]) + 3 * doublings
        s, doublings = 2 * s, doublings + 1
    found[0, 0] = 3 * doublings
    return 1 + 3 * doublings - found
""",
        "recursion": """
def groups(height, width):
    if max(height, width) == 1:
        return torch.ones(1, 1).long()
    coarse = groups((height + 1) // 2, (width + 1) // 2)
    top = 1 + 3 * ((max(height, width) - 1).bit_length() - 1)
    found = torch.empty(height, width, dtype=torch.long)
    found[::2, ::2], found[::2, 1::2], found[1::2, ::2], found[1::2, 1::2] = coarse, top + 1, top + 2, top + 3
    return found
""",
        "where": """
def groups(height, width):
    rows, columns = torch.meshgrid(torch.arange(height), torch.arange(width), indexing='ij')
    found, s, number = torch.ones(height, width), 1, 1
    while s < height or s < width: s *= 2
    while (s := s // 2) >= 1:
        for a, b in ((0, s), (s, 0), (s, s)):
            number += 1
            found = torch.where((rows % (2 * s) == a) & (columns % (2 * s) == b), torch.tensor(float(number)), found)
    return found
""",
        "int32": of_right("groups", "height, width", "right.int()"),
    },
    "parallel-flow": {
        "padding of the convolution": """
def flow(z, weight, bias):
    T = z.shape[1]
    outputs = F.conv1d(z.unsqueeze(1), weight, bias, padding=weight.shape[-1])[:, :, :T]
    m, s = outputs[:, 0], outputs[:, 1].exp()
    return m + s * z, (-z - 2 * F.softplus(-z) - s.log()).sum(-1)
""",
        "step by step": """
def flow(z, weight, bias):
    N, T = z.shape
    k, sound, density = weight.shape[2], [], torch.zeros(N).double()
    for t in range(T):
        out = bias.expand(N, 2).clone()
        for i in range(k):
            if t - k + i >= 0:
                out += z[:, t - k + i, None] * weight[:, 0, i]
        sound.append(out[:, 0] + torch.exp(out[:, 1]) * z[:, t])
        density += torch.sigmoid(z[:, t]).log() + (1 - torch.sigmoid(z[:, t])).log() - out[:, 1]
    return torch.stack(sound, 1), density
""",
        "the published one, on noise of one step before": """
def flow(z, weight, bias):
    late = torch.cat([torch.zeros_like(z[:, :1]), z[:, :-1]], dim=1)
    padded = F.pad(late, (weight.shape[2] - 1, 0))
    m, log_s = F.conv1d(padded[:, None], weight, bias).unbind(1)
    return m + log_s.exp() * z, (F.logsigmoid(z) + F.logsigmoid(-z) - log_s).sum(1)
""",
        "a kernel with a zero at the end": """
def flow(z, weight, bias):
    k = weight.shape[2]
    w = F.pad(weight, (0, 1))
    m, log_s = F.conv1d(F.pad(z, (k, 0))[:, None], w, bias).chunk(2, 1)
    m, log_s = m[:, 0], log_s[:, 0]
    return [m + z * log_s.exp(), torch.sum(-log_s - 2 * torch.log(2 * torch.cosh(z / 2)), dim=1)]
""",
        "numpy": """
import numpy as np
from scipy.stats import logistic
def flow(z, weight, bias):
    z, w, k = z.numpy(), weight.numpy()[:, 0], weight.shape[2]
    padded = np.pad(z, ((0, 0), (k, 0)))[:, :-1]
    read = np.lib.stride_tricks.sliding_window_view(padded, k, axis=1)
    m, log_s = np.moveaxis(read @ w.T + bias.numpy(), -1, 0)
    return m + np.exp(log_s) * z, logistic.logpdf(z).sum(1) - log_s.sum(1)
""",
        "torch.distributions": """
from torch.distributions import AffineTransform, SigmoidTransform, TransformedDistribution, Uniform
def flow(z, weight, bias):
    m, log_s = F.conv1d(F.pad(z, (weight.shape[2], 0))[:, None, :-1], weight, bias).unbind(1)
    unit = TransformedDistribution(Uniform(torch.zeros_like(z), 1.0), [SigmoidTransform().inv, AffineTransform(m, log_s.exp())])
    x = m + log_s.exp() * z
    return x, unit.log_prob(x).sum(1)
""",
        "float32": """
_right = flow
def flow(z, weight, bias): return _right(z.float(), weight.float(), bias.float())
""",
    },
    "parallel-entropy": {
        "numpy": """
import numpy as np
def kl_estimate(log_student, log_teacher):
    d = log_student.numpy() - log_teacher.numpy()
    return d.mean(), d.std(ddof=1) / np.sqrt(d.size)
""",
        "statistics": """
import statistics
def kl_estimate(log_student, log_teacher):
    d = [a - b for a, b in zip(log_student.tolist(), log_teacher.tolist())]
    return [statistics.fmean(d), (statistics.variance(d) / len(d)) ** 0.5]
""",
        "scipy": """
from scipy.stats import sem
def kl_estimate(log_student, log_teacher): return float((log_student - log_teacher).mean()), sem(log_student - log_teacher)
""",
        "a tensor of both": """
def kl_estimate(log_student, log_teacher):
    d = log_student - log_teacher
    return torch.stack([d.mean(), torch.sqrt(d.var() / d.numel())])
""",
        "sums": """
def kl_estimate(log_student, log_teacher):
    n, d = len(log_student), log_student - log_teacher
    mean = d.sum() / n
    return mean, torch.sqrt(((d - mean) ** 2).sum() / (n - 1) / n)
""",
        "a search over scales": """
from scipy.optimize import minimize_scalar
cross = lambda s: s**2 / (2 * teacher_scale**2) + math.log(teacher_scale)
best_scale = minimize_scalar(lambda s: cross(s) - math.log(s), bounds=(0.01, 9), method='bounded').x
best_scale_without_entropy = minimize_scalar(cross, bounds=(0, 9), method='bounded').x
""",
        "by descent": """
log_scale, alone = torch.zeros(1, requires_grad=True), torch.ones(1, requires_grad=True)
optimizer = torch.optim.Adam([log_scale, alone], lr=0.05)
for _ in range(400):
    optimizer.zero_grad()
    loss = log_scale.exp() ** 2 / (2 * teacher_scale**2) - log_scale + alone**2 / (2 * teacher_scale**2)
    loss.backward()
    optimizer.step()
best_scale, best_scale_without_entropy = log_scale.exp().detach(), alone.abs().item()
""",
        "a grid": """
scales = torch.linspace(0.001, 9, 9000)
best_scale = scales[(scales**2 / (2 * teacher_scale**2) - scales.log()).argmin()]
best_scale_without_entropy = scales[(scales**2).argmin()]
""",
    },
    "parallel-products": {
        "einsum": """
def independent(p):
    letters = 'abcdefgh'[: p.dim()]
    marginals = [torch.einsum(f'{letters}->{each}', p) for each in letters]
    return torch.einsum(','.join(letters) + '->' + letters, *marginals)
""",
        "numpy": """
import numpy as np
from functools import reduce
def independent(p):
    p = p.numpy()
    return reduce(np.multiply.outer, [p.sum(axis=tuple(set(range(p.ndim)) - {d})) for d in range(p.ndim)])
def lost_nats(p):
    from scipy.special import rel_entr
    return rel_entr(p.numpy(), independent(p)).sum()
""",
        "loops over entries": """
import itertools
def independent(p):
    marginals = [[float(p.select(d, k).sum()) for k in range(p.shape[d])] for d in range(p.dim())]
    found = torch.empty(p.shape)
    for place in itertools.product(*map(range, p.shape)):
        found[place] = math.prod(m[k] for m, k in zip(marginals, place))
    return found
def lost_nats(p):
    q = independent(p)
    return sum(float(a) * math.log(a / b) for a, b in zip(p.flatten(), q.flatten()) if a > 0)
""",
        "kl_div": """
def lost_nats(p): return F.kl_div(independent(p).clamp(min=1e-300).log(), p, reduction='sum')
""",
        "where p is positive": """
def lost_nats(p):
    q, there = independent(p), p > 0
    return torch.sum(p[there] * (p[there].log() - q[there].log())).item()
""",
        "xlogy": """
def lost_nats(p): return torch.xlogy(p, p).sum() - torch.xlogy(p, independent(p)).sum()
""",
        "entropies of Categoricals": """
def lost_nats(p):
    entropy = lambda w: torch.distributions.Categorical(probs=w.flatten()).entropy()
    marginals = [p.movedim(d, 0).flatten(1).sum(1) for d in range(p.dim())] if p.dim() > 1 else [p]
    return sum(map(entropy, marginals)) - entropy(p)
""",
        "float32": of_right("independent", "p", "right.float()")
        + of_right("lost_nats", "p", "torch.tensor(right)"),
    },
    "parallel-student": {
        "another schedule": _train(
            between="for group in optimizer.param_groups: group['lr'] = 0.01 * (1 + math.cos(math.pi * step / num_steps))",
        ),
        "AdamW, gradients clipped": _train(
            optimizer="torch.optim.AdamW(student.parameters(), lr=0.02, weight_decay=0.0)",
            between="torch.nn.utils.clip_grad_norm_(student.parameters(), 1.0)\n"
            "        for group in optimizer.param_groups: group['lr'] = 0.02 * (1 - step / num_steps)",
        ),
        "a loss in two parts": _train(
            loss="""x, log_q = student.rsample_and_log_prob(8, 50)
        entropy, cross = -log_q.mean() / 50, -teacher.log_prob(x).mean() / 50
        (cross - entropy).backward()"""
        ),
        "more sounds": _train(
            loss="x, log_q = student.rsample_and_log_prob(24, 50); ((log_q - teacher.log_prob(x)).sum() / x.numel()).backward()",
        ),
        "armod's own": """
def train(student, teacher, num_steps):
    armod.distillation.distill(student, teacher, steps=num_steps, batch_size=8, length=50, learning_rate=0.02, progress=False)
    return student
""",
    },
}

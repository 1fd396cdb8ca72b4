"""Right answers to the exercises of lesson 4.7.1."""

from tests.course.exercises.galleries import Gallery, of_right

GALLERY: Gallery = {
    "caching-work": {
        "sums of subsets": """
import itertools
def columns_naive(dilations):
    return [
        len({sum(chosen) for n in range(len(above) + 1) for chosen in itertools.combinations(above, n)})
        for above in (dilations[layer + 1 :] for layer in range(len(dilations)))
    ]
def columns_kept(dilations): return tuple(dilations)
""",
        "numpy": """
import numpy as np
def columns_naive(dilations):
    steps, counts = np.array([0]), []
    for d in dilations[::-1]:
        counts.insert(0, len(steps))
        steps = np.union1d(steps, steps + d)
    return np.array(counts)
def columns_kept(dilations): return np.array(dilations)
""",
        "a row of booleans": """
def columns_naive(dilations):
    needed, counts = torch.zeros(1 + sum(dilations), dtype=torch.bool), []
    needed[0] = True
    for d in reversed(dilations):
        counts.append(needed.sum())
        shifted = torch.zeros_like(needed)
        shifted[d:] = needed[:-d]
        needed = needed | shifted
    return counts[::-1]
def columns_kept(dilations): return torch.tensor(dilations)
""",
        "recursion": """
def columns_naive(dilations):
    def reads(layer):
        return {0} if layer == len(dilations) - 1 else {s + b for s in reads(layer + 1) for b in (0, dilations[layer + 1])}
    return [len(reads(layer)) for layer in range(len(dilations))]
""",
        "a gradient counts them": """
def columns_naive(dilations):
    counts = []
    for layer in range(len(dilations)):
        x = torch.ones(1 + sum(dilations), requires_grad=True)
        y = x
        for d in dilations[layer + 1 :]:
            y = y[d:] + y[:-d]
        y[-1].backward()
        counts.append(int((x.grad > 0).sum()))
    return counts
""",
        "floats": of_right("columns_naive", "dilations", "[float(each) for each in right]"),
    },
    "caching-verify": {
        "takewhile": """
from itertools import takewhile
def num_final(guesses, drawn): return 1 + len(list(takewhile(lambda pair: pair[0] == pair[1], zip(guesses, drawn))))
""",
        "numpy": """
import numpy as np
def num_final(guesses, drawn):
    return np.cumprod(np.array(guesses) == np.array(drawn)[:-1]).sum() + 1
def fewest_passes(num_variables, window): return np.ceil(num_variables / (window + 1))
def most_passes(num_variables, window): return np.int64(num_variables)
""",
        "tensors": """
def num_final(guesses, drawn):
    agree = torch.tensor(guesses) == torch.tensor(drawn)[: len(guesses)]
    return agree.int().cumprod(0).sum() + 1
def fewest_passes(num_variables, window): return torch.ceil(torch.tensor(num_variables / (window + 1)))
""",
        "a for loop with else": """
def num_final(guesses, drawn):
    for place, (guess, draw) in enumerate(zip(guesses, drawn)):
        if guess != draw:
            return place + 1
    else:
        return len(drawn)
""",
        "whole numbers alone": """
def fewest_passes(num_variables, window): return -(-num_variables // (window + 1))
def most_passes(num_variables, window): return max(num_variables, 0)
""",
        "the loop itself": """
def _passes(num_variables, window, is_right):
    done = passes = 0
    while done < num_variables:
        b = min(window, num_variables - done - 1)
        done += num_final([0] * b, [0 if is_right else 1] * (b + 1))
        passes += 1
    return passes
def fewest_passes(num_variables, window): return _passes(num_variables, window, True)
def most_passes(num_variables, window): return _passes(num_variables, window, False)
""",
    },
    "caching-fixed-point": {
        "armod's own": """
from armod.sampling import GuessAndVerify
def fixed_point(model, noise):
    x, at_variable = None, noise[:, model.ordering.argsort()]
    sampler, passes = GuessAndVerify(), 0
    right = sampler(model, noise)
    x = torch.zeros(len(noise), *model.event_shape, dtype=torch.float64)
    while passes == 0 or not torch.equal(x, right.double()):
        x = (at_variable.view_as(x) >= 1 - model.conditionals(x).probs).double()
        passes += 1
    return right, passes + bool(right.any())
""",
        "a row at a time": """
def fixed_point(model, noise):
    rows, most = [], 0
    for row in noise:
        u = torch.zeros_like(row)
        for k, variable in enumerate(model.ordering.tolist()):
            u[variable] = row[k]
        x, passes = torch.zeros(1, *model.event_shape).double(), 0
        while True:
            new = (u.reshape(x.shape) >= 1 - model.conditionals(x).probs).double()
            passes += 1
            if (new == x).all():
                break
            x = new
        rows.append(x)
        most = max(most, passes)
    return torch.cat(rows), most
""",
        "scatter, whole numbers, a for loop": """
def fixed_point(model, noise):
    u = torch.empty_like(noise).scatter(1, model.ordering.expand(len(noise), -1), noise).view(-1, *model.event_shape)
    x = torch.zeros(u.shape, dtype=torch.int64)
    for passes in range(1, model.num_variables + 2):
        before, x = x, (u >= model.conditionals(x).log_prob(torch.zeros(u.shape).double()).exp()).long()
        if (before - x).abs().sum() == 0:
            return x, torch.tensor(passes)
""",
        "numpy, booleans": """
import numpy as np
def fixed_point(model, noise):
    u = noise.numpy()[:, np.argsort(model.ordering.numpy())].reshape(-1, *model.event_shape)
    x, passes, changed = np.zeros_like(u), 0, True
    while changed:
        p = model.conditionals(torch.from_numpy(x)).probs.detach().numpy()
        new = (u >= 1 - p).astype(float)
        changed, x, passes = bool((new != x).any()), new, passes + 1
    return [x.astype(bool), passes]
""",
        "float32 levels": """
def fixed_point(model, noise):
    x, passes = torch.zeros(len(noise), *model.event_shape), 0
    u = noise[:, torch.argsort(model.ordering)].reshape(x.shape)
    while True:
        new = torch.where(u < 1 - model.conditionals(x).probs, 0.0, 1.0)
        passes += 1
        if torch.equal(new, x):
            return new, float(passes)
        x = new
""",
        "logits": """
def fixed_point(model, noise):
    order, shape = model.ordering, (len(noise), *model.event_shape)
    x, passes = torch.zeros(len(noise), len(order)).double(), 0
    while passes <= len(order):
        logits = model.conditionals(x.view(shape)).logits.flatten(1)
        new = x.clone()
        new[:, order] = (noise >= torch.sigmoid(-logits[:, order])).double()
        passes += 1
        if not (new - x).any():
            break
        x = new
    return x.view(shape), passes
""",
    },
    "caching-rewind": {
        "a copy for every conditional": """
def look_ahead(view, guesses):
    found = []
    for b in range(guesses.shape[1] + 1):
        ahead = view.copy()
        for k in range(b):
            ahead.append(guesses[:, k])
        found.append(ahead.conditional().probs)
    return torch.stack(found, 1)
""",
        "deepcopy": """
import copy
def look_ahead(view, guesses):
    ahead, found = copy.deepcopy(view), []
    for column in guesses.unbind(1):
        found.append(ahead.conditional().probs.clone())
        ahead.append(column)
    return torch.cat([each[:, None] for each in [*found, ahead.conditional().probs]], dim=1)
""",
        "a list of columns, in numpy": """
import numpy as np
def look_ahead(view, guesses):
    ahead = view.copy()
    found = [ahead.conditional().probs.detach().numpy()]
    for k in range(guesses.shape[1]):
        ahead.append(guesses[:, k])
        found.append(ahead.conditional().probs.detach().numpy())
    return np.stack(found, axis=1)
""",
        "room made before, in float32": """
def look_ahead(view, guesses):
    first, ahead = view.conditional().probs, view.copy()
    found = torch.empty(len(guesses), guesses.shape[1] + 1, first.shape[-1])
    found[:, 0] = first
    for k, levels in enumerate(guesses.T, 1):
        ahead.append(levels)
        found[:, k] = ahead.conditional().probs
    return found
""",
        "recursion": """
def look_ahead(view, guesses):
    first = view.conditional().probs.unsqueeze(1)
    if guesses.shape[1] == 0:
        return first
    ahead = view.copy()
    ahead.append(guesses[:, 0])
    return torch.cat([first, look_ahead(ahead, guesses[:, 1:])], dim=1)
""",
        "armod's own": """
def look_ahead(view, guesses): return view.peek(guesses).probs
""",
    },
    "caching-one-uniform": {
        "armod's own": """
import numpy as np
from armod.sampling.speculative import _drawn, _judged
def speculate(p, q, u):
    p, q = p.numpy(), q.numpy()
    level = _drawn(q.cumsum(), q, u)
    other = _judged(level, q, q.cumsum(), p, u)
    return (level, True) if other is None else (other, False)
""",
        "loops over floats": """
def _first(weights, u):
    total = 0.0
    for level, weight in enumerate(weights):
        total += weight
        if total > u:
            return level
    return len(weights) - 1
def speculate(p, q, u):
    p, q = p.tolist(), q.tolist()
    y = _first(q, u)
    r = u - sum(q[:y])
    if r < p[y]:
        return [y, 1]
    owed = [max(a - b, 0.0) for a, b in zip(p, q)]
    return [_first(owed, (r - p[y]) / (q[y] - p[y]) * sum(owed)), 0]
""",
        "numpy": """
import numpy as np
def speculate(p, q, u):
    p, q = np.asarray(p), np.asarray(q)
    y = np.searchsorted(np.cumsum(q), u, side='right')
    below = np.concatenate([[0], np.cumsum(q)])[y]
    if u - below < p[y]:
        return y, np.bool_(True)
    residual = np.clip(p - q, 0, None)
    v = (u - below - p[y]) / (q[y] - p[y])
    return np.searchsorted(np.cumsum(residual) / residual.sum(), v, side='right'), 0
""",
        "fractions": """
from fractions import Fraction
def speculate(p, q, u):
    p, q, u = [round(Fraction(a), 6) for a in p.tolist()], [round(Fraction(a), 6) for a in q.tolist()], Fraction(u)
    total, y = Fraction(0), 0
    while total + q[y] <= u:
        total += q[y]
        y += 1
    if u - total < p[y]:
        return y, 1
    owed = [max(a - b, Fraction(0)) for a, b in zip(p, q)]
    v, z = (u - total - p[y]) / (q[y] - p[y]) * sum(owed), 0
    while owed[z] <= v:
        v -= owed[z]
        z += 1
    return z, 0
""",
        "searchsorted in float32": """
def speculate(p, q, u):
    p, q = p.float(), q.float()
    sums = q.cumsum(0)
    y = torch.searchsorted(sums, u, right=True)
    r = u - (sums[y] - q[y])
    if r < p[y]:
        return y, torch.tensor(1)
    residual = torch.relu(p - q)
    v = (r - p[y]) / (q[y] - p[y]) * residual.sum()
    return torch.searchsorted(residual.cumsum(0), v, right=True), torch.tensor(0)
""",
        "argmax of a comparison": """
def speculate(p, q, u):
    y = (q.cumsum(0) > u).int().argmax()
    r = u - (q.cumsum(0) - q)[y]
    if r < p[y]: return y.item(), True
    residual = torch.where(p > q, p - q, 0)
    return ((residual / residual.sum()).cumsum(0) > (r - p[y]) / (q[y] - p[y])).int().argmax().item(), False
""",
    },
    "caching-greedy": {
        "numpy": """
import numpy as np
def outcome(p, q):
    p, q = p.numpy(), q.numpy()
    y = np.argmax(q)
    a, residual = min(1, p[y] / q[y]), np.maximum(p - q, 0)
    return a * np.eye(len(p))[y] + ((1 - a) * residual / residual.sum() if a < 1 else 0)
def total_variation(p, q): return np.abs(p.numpy() - q.numpy()).sum() / 2
""",
        "loops": """
def outcome(p, q):
    y = max(range(len(q)), key=lambda level: q[level])
    a = min(1.0, p[y].item() / q[y].item())
    owed = [max(0.0, float(b - c)) for b, c in zip(p, q)]
    found = [(1 - a) * each / (sum(owed) or 1.0) for each in owed]
    found[y] += a
    return found
def total_variation(p, q): return sum(abs(b - c) for b, c in zip(p.tolist(), q.tolist())) * 0.5
""",
        "the mass that both have": """
def total_variation(p, q): return 1 - torch.minimum(p, q).sum()
""",
        "what one has too much": """
def outcome(p, q):
    y, owed = q.argmax(), F_relu(p - q)
    accepted = torch.clamp(p[y] / q[y], max=1.0)
    normalised = torch.nan_to_num(owed / owed.sum())
    return normalised * (1 - accepted) + accepted * torch.nn.functional.one_hot(y, len(p))
F_relu = torch.relu
def total_variation(p, q): return torch.relu(p - q).sum().item()
""",
        "the 1-norm": """
def total_variation(p, q): return torch.linalg.vector_norm(p - q, ord=1) / 2
""",
        "topk and a one-hot": """
def outcome(p, q):
    top, y = q.topk(1)
    a = float((p[y] / top).clamp(max=1))
    weights = (p - q).clamp(0)
    rest = weights / weights.sum() if weights.sum() > 0 else weights
    return rest.mul(1 - a).index_add(0, y, torch.tensor([a]).double())
""",
        "float32": """
_outcome, _tv = outcome, total_variation
def outcome(p, q): return _outcome(p.float(), q.float())
def total_variation(p, q): return _tv(p.float(), q.float())
""",
    },
}

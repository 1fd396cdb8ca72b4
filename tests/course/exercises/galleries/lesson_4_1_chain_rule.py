"""Right answers to the exercises of lesson 4.1."""

from tests.course.exercises.galleries import Gallery, of_right

GALLERY: Gallery = {
    "chain-cost": {
        "real networks, counted": """
def table_numbers(num_pixels):
    return torch.zeros([2] * num_pixels).numel() - 1 if num_pixels < 20 else 2**num_pixels - 1

def network_numbers(num_pixels, hidden):
    from torch import nn
    networks = [nn.Sequential(nn.Linear(d, hidden), nn.ReLU(), nn.Linear(hidden, 1)) for d in range(num_pixels)]
    return sum(p.numel() for network in networks for p in network.parameters())
""",
        "closed forms": """
def network_numbers(num_pixels, hidden):
    D, H = num_pixels, hidden
    return H * D * (D - 1) // 2 + D * (2 * H + 1)

def table_numbers(num_pixels):
    return (1 << num_pixels) - 1

def evaluations(num_pixels, batch):
    return num_pixels, num_pixels, num_pixels * num_pixels
""",
        "numpy": """
import numpy as np
def network_numbers(num_pixels, hidden):
    d = np.arange(num_pixels)
    return np.sum(d * hidden + 2 * hidden + 1)

def table_numbers(num_pixels):
    return np.power(2.0, num_pixels) - 1

def evaluations(num_pixels, batch):
    return np.array([num_pixels, num_pixels, num_pixels**2])
""",
        "sympy": """
import sympy
def network_numbers(num_pixels, hidden):
    d = sympy.symbols("d", integer=True)
    return sympy.summation(d * hidden + 2 * hidden + 1, (d, 0, num_pixels - 1))

def table_numbers(num_pixels):
    return sympy.Integer(2) ** num_pixels - 1
""",
        "a loop that adds up": """
def network_numbers(num_pixels, hidden):
    total = 0
    for inputs in range(num_pixels):
        for unit in range(hidden):
            total += inputs + 1
        total += hidden + 1
    return total

def table_numbers(num_pixels):
    free = 0
    for pixel in range(num_pixels):
        free += 2**pixel
    return free

fewest_pixels = 1
while network_numbers(fewest_pixels, hidden) >= table_numbers(fewest_pixels):
    fewest_pixels += 1
""",
        "tensors": """
def table_numbers(num_pixels):
    return torch.tensor([2**num_pixels - 1])

def network_numbers(num_pixels, hidden):
    return (torch.arange(num_pixels, dtype=torch.float64) * hidden + 2 * hidden + 1).sum()

def evaluations(num_pixels, batch):
    return torch.tensor([num_pixels, num_pixels, num_pixels**2])

fewest_pixels = torch.tensor(fewest_pixels)
""",
    },
    "chain-conditionals": {
        "a ratio of two sums": """
def conditionals(joint, ordering):
    joint, D = joint.permute(ordering), joint.ndim
    found = []
    for k in range(D):
        now = joint.sum(dim=list(range(k + 1, D))) if k + 1 < D else joint
        found.append(now / now.sum(-1, keepdim=True))
    return found
""",
        "numpy": """
import numpy as np
def conditionals(joint, ordering):
    p = np.transpose(joint.numpy(), ordering)
    found = []
    for k in range(p.ndim):
        now = p.sum(axis=tuple(range(k + 1, p.ndim)))
        found.append(now / now.sum(axis=-1, keepdims=True))
    return found
""",
        "entry by entry": """
def conditionals(joint, ordering):
    from itertools import product
    def probability(known):
        patterns = product(*map(range, joint.shape))
        return sum(float(joint[x]) for x in patterns if all(x[d] == v for d, v in known.items()))
    found = []
    for k, d in enumerate(ordering):
        sizes = [joint.shape[each] for each in ordering[:k + 1]]
        table = torch.zeros(sizes)
        for values in product(*map(range, sizes)):
            known = dict(zip(ordering, values))
            past = probability({each: known[each] for each in ordering[:k]})
            table[values] = probability(known) / past
        found.append(table)
    return found
""",
        "einsum in float32": """
def conditionals(joint, ordering):
    letters, found = "abcdefgh"[:joint.ndim], []
    for k in range(joint.ndim):
        kept = "".join(letters[d] for d in ordering[:k + 1])
        now = torch.einsum(f"{letters}->{kept}", joint.float())
        past = torch.einsum(f"{kept}->{kept[:-1]}", now)
        found.append(torch.einsum(f"{kept},{kept[:-1]}->{kept}", now, 1 / past))
    return found
""",
        "logarithms and a softmax": """
def conditionals(joint, ordering):
    log_p, found = joint.permute(*ordering).log(), []
    for k in range(joint.ndim):
        now = log_p.flatten(k + 1).logsumexp(-1) if k + 1 < joint.ndim else log_p
        found.append(now.softmax(-1))
    return tuple(found)
""",
        "axes moved, lists returned": """
def conditionals(joint, ordering):
    p = torch.movedim(joint, ordering, list(range(joint.ndim)))
    found = []
    while p.dim() > 0:
        found.append((p / p.sum(-1)[..., None]).tolist())
        p = p.sum(-1)
    return found[::-1]
""",
        "torch's functional.normalize": """
def conditionals(joint, ordering):
    p = joint.permute(ordering)
    past_and_present = [p.reshape(*p.shape[:k + 1], -1).sum(-1) for k in range(p.ndim)]
    return [torch.nn.functional.normalize(each, p=1, dim=-1) for each in past_and_present]
""",
    },
    "chain-joint": {
        "einsum": """
def joint_of(tables, ordering):
    letters = [chr(97 + d) for d in ordering]
    terms = ",".join("".join(letters[:k + 1]) for k in range(len(tables)))
    return torch.einsum(f"{terms}->{''.join(sorted(letters))}", *tables)
""",
        "numpy": """
import numpy as np
def joint_of(tables, ordering):
    p = np.ones(())
    for table in tables:
        p = p[..., None] * table.numpy()
    return p.transpose(np.argsort(ordering))
""",
        "entry by entry": """
def joint_of(tables, ordering):
    from itertools import product
    sizes = [0] * len(ordering)
    for d, table in zip(ordering, tables):
        sizes[d] = table.shape[-1]
    joint = torch.zeros(sizes)
    for x in product(*map(range, sizes)):
        values = tuple(x[d] for d in ordering)
        joint[x] = math.prod(float(table[values[:k + 1]]) for k, table in enumerate(tables))
    return joint

import math
""",
        "sums of logarithms": """
def joint_of(tables, ordering):
    total = sum(table.log().reshape(*table.shape, *[1] * (len(tables) - table.ndim)) for table in tables)
    return total.permute(*torch.tensor(ordering).argsort().tolist()).exp()
""",
        "from the end, in float32": """
def joint_of(tables, ordering):
    p = tables[-1].float()
    for table in tables[-2::-1]:
        p = p * table.float()[(...,) + (None,) * (p.ndim - table.ndim)]
    return p.movedim(list(range(p.ndim)), ordering)
""",
        "a list of lists": of_right("joint_of", "tables, ordering", "right.tolist()"),
    },
    "chain-sampling": {
        "loops and lists": """
def draw(tables, ordering, noise):
    x = []
    for row in noise.tolist():
        values = []
        for table, u in zip(tables, row):
            below, probs = 0.0, table[tuple(values)].tolist()
            for level, p in enumerate(probs):
                below += p
                if below > u or level == len(probs) - 1:
                    break
            values.append(level)
        x.append([values[ordering.index(d)] for d in range(len(ordering))])
    return x
""",
        "numpy's searchsorted": """
import numpy as np
def draw(tables, ordering, noise):
    x = np.zeros(noise.shape, dtype=int)
    for n, row in enumerate(noise.numpy()):
        past = ()
        for k, u in enumerate(row):
            cdf = np.cumsum(tables[k].numpy()[past])
            past += (min(int(np.searchsorted(cdf, u, side="right")), len(cdf) - 1),)
        x[n, ordering] = past
    return x
""",
        "torch's searchsorted": """
def draw(tables, ordering, noise):
    steps = torch.empty(noise.shape, dtype=torch.int64)
    for k, table in enumerate(tables):
        rows = table[tuple(steps[:, :k].T)] if k else table.expand(len(noise), -1)
        cdf = rows.cumsum(-1).contiguous()
        level = torch.searchsorted(cdf, noise[:, k:k + 1].contiguous(), right=True)
        steps[:, k] = level[:, 0].clamp(max=table.shape[-1] - 1)
    return steps[:, torch.tensor(ordering).argsort()]
""",
        "the first that exceeds, by argmax": """
def draw(tables, ordering, noise):
    x = torch.zeros_like(noise)
    for k, table in enumerate(tables):
        rows = table[tuple(x[:, d].long() for d in ordering[:k])] if k else table.repeat(len(noise), 1)
        cdf = rows.cumsum(1)
        cdf[:, -1] = 1
        x[:, ordering[k]] = (cdf > noise[:, [k]]).int().argmax(1).to(x.dtype)
    return x
""",
        "flat tables and one index": """
def draw(tables, ordering, noise):
    x, past = torch.zeros(noise.shape, dtype=torch.long), torch.zeros(len(noise), dtype=torch.long)
    for table, d, u in zip(tables, ordering, noise.T):
        K = table.shape[-1]
        cdf = table.reshape(-1, K).cumsum(1)[past]
        x[:, d] = (u[:, None] >= cdf).sum(1).clamp(max=K - 1)
        past = past * K + x[:, d]
    return x
""",
        "one observation after the other, int32": """
def draw(tables, ordering, noise):
    def one(uniform):
        found = {}
        for k, d in enumerate(ordering):
            row = tables[k]
            for earlier in ordering[:k]:
                row = row[found[earlier]]
            ends = torch.cumsum(row, 0)
            found[d] = next((i for i, end in enumerate(ends) if end > uniform[k]), len(ends) - 1)
        return [found[d] for d in sorted(found)]
    return torch.tensor([one(u) for u in noise], dtype=torch.int32)
""",
    },
}

"""Right answers to the exercises of lesson 4.5.1."""

from tests.course.exercises.galleries import Gallery, of_right
from tests.course.exercises.galleries.made_drawing import DRAWING

_LIKELIHOOD = """
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    below, above = degrees[:, None] >= place, place[:, None] > degrees
"""
GALLERY: Gallery = {
    "made-counts": {
        "lists by loops": """
place = {int(variable): step + 1 for step, variable in enumerate(ordering)}
inputs_seen = []
for d in range(7):
    usable = [m for m in degrees.tolist() if m < place[d]]
    inputs_seen.append(max(usable) if usable else 0)
weights_kept = [sum(degrees.tolist()), sum(7 - m for m in degrees.tolist())]
""",
        "numpy": """
import numpy as np
place = np.argsort(ordering.numpy()) + 1
lower, upper = degrees.numpy()[:, None] >= place, place[:, None] > degrees.numpy()
inputs_seen = (upper @ lower).sum(1)
weights_kept = np.array([lower.sum(), upper.sum()])
fewest_units = np.int64(6)
""",
        "armod's own functions": """
from armod.models.made.masks import who_sees_whom
both = masks(ordering, [degrees])
inputs_seen = (who_sees_whom(both) > 0).sum(1)
weights_kept = [mask.sum() for mask in both]
fewest_units = len(hidden_degrees(7, [6], degrees="sequential")[0].unique())
""",
        "floats and a tuple": "inputs_seen = tuple(map(float, inputs_seen)); weights_kept = tuple(map(float, weights_kept)); fewest_units = 6.0",
        "tensors": "inputs_seen = torch.as_tensor(inputs_seen); weights_kept = torch.stack(list(weights_kept)); fewest_units = torch.tensor(6)",
    },
    "made-degrees": {
        "armod's own function": "def my_degrees(num_variables, hidden_sizes, seed): return hidden_degrees(num_variables, hidden_sizes, seed=seed)",
        "floor of uniform numbers": """
def my_degrees(num_variables, hidden_sizes, seed):
    generator = torch.Generator()
    generator.manual_seed(seed)
    lowest, found = min(1, num_variables - 1), []
    for size in hidden_sizes:
        width = max(num_variables - lowest, 1) if num_variables > 1 else 1
        found.append((lowest + torch.rand(size, generator=generator) * width).floor().long())
        lowest = found[-1].min().item()
    return found
""",
        "a multinomial": """
def my_degrees(num_variables, hidden_sizes, seed):
    if num_variables == 1:
        return [torch.zeros(size, dtype=torch.long) for size in hidden_sizes]
    generator, lowest, found = torch.Generator().manual_seed(seed), 1, []
    for size in hidden_sizes:
        weights = (torch.arange(num_variables) >= lowest).float()
        found.append(torch.multinomial(weights, size, replacement=True, generator=generator))
        lowest = found[-1].min()
    return tuple(found)
""",
        "numpy's generator": """
import numpy as np
def my_degrees(num_variables, hidden_sizes, seed):
    generator, lowest, found = np.random.default_rng(seed), min(1, num_variables - 1), []
    for size in hidden_sizes:
        found.append(generator.integers(lowest, max(num_variables, 1), size))
        lowest = found[-1].min()
    return found
""",
        "unit by unit, in lists": """
def my_degrees(num_variables, hidden_sizes, seed):
    generator, lowest, found = torch.Generator().manual_seed(seed), min(1, num_variables - 1), []
    for size in hidden_sizes:
        found.append([int(torch.randint(lowest, num_variables, (), generator=generator)) for _ in range(size)])
        lowest = min(found[-1])
    return found
""",
        "sorted, as armod keeps them": of_right(
            "my_degrees",
            "num_variables, hidden_sizes, seed",
            "[layer.sort().values for layer in right]",
        ),
    },
    "made-masks": {
        "armod's own function": "my_masks = masks",
        "loops and lists": """
def my_masks(ordering, degrees):
    place = [0] * len(ordering)
    for step, variable in enumerate(ordering.tolist()):
        place[variable] = step + 1
    layers, found = [place, *[layer.tolist() for layer in degrees]], []
    for below, above in zip(layers, layers[1:]):
        found.append([[1 if a >= b else 0 for b in below] for a in above])
    return [*found, [[int(a > b) for b in layers[-1]] for a in place]]
""",
        "numpy": """
import numpy as np
def my_masks(ordering, degrees):
    place = np.empty(len(ordering)); place[ordering.numpy()] = np.arange(1, len(ordering) + 1)
    layers = [place] + [layer.numpy() for layer in degrees]
    found = [np.greater_equal.outer(above, below) for below, above in zip(layers, layers[1:])]
    return found + [np.greater.outer(place, layers[-1])]
""",
        "places from 0, and the inequalities moved": """
def my_masks(ordering, degrees):
    place = ordering.argsort()
    layers = [place, *(layer - 1 for layer in degrees)]
    found = [(above.unsqueeze(1) - below) >= 0 for below, above in pairwise(layers)]
    return (*found, place.unsqueeze(1) - 1 >= layers[-1])
""",
        "floats": of_right("my_masks", "ordering, degrees", "[mask.float() for mask in right]"),
        "two argsorts of the ordering's inverse": """
def my_masks(ordering, degrees):
    place = torch.zeros_like(ordering).scatter_(0, ordering, torch.arange(1, len(ordering) + 1))
    layers = [place, *degrees, place]
    return [torch.ge(a[:, None], b + (k == len(degrees))) for k, (b, a) in enumerate(pairwise(layers))]
""",
    },
    "made-leaks": {
        "paths by matrix products": """
place = torch.arange(1, 9)
below, above = eight_degrees[:, None] >= place, place[:, None] >= eight_degrees
leaks_without = (torch.ones(8, 8) @ below.float() > 0).triu().sum()
leaks_published = float((above.float() @ below.float() > 0).triu().sum())
""",
        "binary cross-entropy": _LIKELIHOOD
        + """
    hidden = torch.relu(x @ (weights[0] * below).T + biases[0])
    logits = hidden @ (weights[1] * above).T + biases[1]
    return -F.binary_cross_entropy_with_logits(logits, x, reduction="none").sum(-1)
""",
        "sigmoid and logarithms": _LIKELIHOOD
        + """
    hidden = torch.einsum("nd,kd->nk", x, torch.where(below, weights[0], 0.0)).add(biases[0]).clamp(min=0)
    p = torch.sigmoid(torch.einsum("nk,dk->nd", hidden, weights[1].masked_fill(~above, 0)) + biases[1])
    return torch.log(p ** x * (1 - p) ** (1 - x)).sum(dim=1)
""",
        "loops over variables, float32": """
def mended_log_prob(x, weights, biases, degrees):
    total = torch.zeros(len(x))
    for d in range(x.shape[1]):
        logit = torch.full((len(x),), float(biases[1][d]))
        for k, m in enumerate(degrees.tolist()):
            if d + 1 > m:
                seen = x[:, :m].float() @ weights[0][k, :m].float() + float(biases[0][k])
                logit = logit + float(weights[1][d, k]) * seen.relu()
        total += F.logsigmoid(torch.where(x[:, d] > 0, logit, -logit))
    return total
""",
        "numpy": """
import numpy as np
def mended_log_prob(x, weights, biases, degrees):
    x, degrees = x.numpy(), degrees.numpy()
    place = np.arange(1, x.shape[1] + 1)
    hidden = np.maximum(x @ (weights[0].numpy() * (degrees[:, None] >= place)).T + biases[0].numpy(), 0)
    logits = hidden @ (weights[1].numpy() * (place[:, None] > degrees)).T + biases[1].numpy()
    return (x * logits - np.logaddexp(0, logits)).sum(1)
""",
        "armod's own functions": """
def mended_log_prob(x, weights, biases, degrees):
    below, above = masks(torch.arange(x.shape[1]), [degrees])
    hidden = F.linear(x, weights[0] * below, biases[0]).relu()
    return bits.distribution(F.linear(hidden, weights[1] * above, biases[1]).unsqueeze(-1)).log_prob(x).sum(1)
""",
        "masked in place, but in copies": _LIKELIHOOD
        + """
    first, second = (weight.clone() for weight in weights)
    first *= below
    second *= above
    return Bernoulli(logits=F.linear(F.linear(x, first, biases[0]).relu(), second, biases[1])).log_prob(x).sum(1)
""",
    },
    "made-switching": {
        "torch.where": """
weights_left = sum(int(a and b) for a, b in zip(first_mask.flatten().tolist(), second_mask.flatten().tolist()))
class MendedLinear(PublishedLinear):
    def forward(self, x, mask): return F.linear(x, torch.where(mask.bool(), self.weight, 0.0), self.bias)
""",
        "a product of matrices": """
weights_left = (first_mask * second_mask).sum()
class MendedLinear(PublishedLinear):
    def forward(self, x, mask): return x @ (mask * self.weight).t() + self.bias
""",
        "masked_fill": """
layer(torch.zeros(1, 6), first_mask); layer(torch.zeros(1, 6), second_mask)
weights_left = torch.count_nonzero(layer.weight).item()
class MendedLinear(PublishedLinear):
    def forward(self, x, mask): return torch.addmm(self.bias, x, self.weight.masked_fill(mask == 0, 0).T)
""",
        "einsum": """
class MendedLinear(PublishedLinear):
    def forward(self, x, mask): return torch.einsum("ni,oi,oi->no", x, self.weight, mask.to(x.dtype)) + self.bias
""",
        "a copy that autograd knows": """
class MendedLinear(PublishedLinear):
    def forward(self, x, mask):
        weight = self.weight.clone()
        weight[~mask.bool()] = 0
        return F.linear(x, weight, self.bias)
""",
        "unit by unit, in a class of its own": """
class MendedLinear(nn.Module):
    def __init__(self, weight, bias):
        super().__init__()
        self.weight, self.bias = nn.Parameter(weight), nn.Parameter(bias)
    def forward(self, x, mask):
        return torch.stack([(x * (w * m)).sum(1) + b for w, m, b in zip(self.weight, mask, self.bias)], dim=1)
    def gradient(self, x, mask):
        return torch.autograd.grad(self(x, mask).sum(), self.weight)[0]
""",
    },
    "made-ensemble": {
        "three digits, rounded": """
mass = float(f"{mass:.3g}")
def ensemble_log_prob(logits, x):
    return torch.logsumexp(Bernoulli(logits=logits).log_prob(x.expand_as(logits)).sum(-1), dim=0) - math.log(logits.shape[0])
""",
        "numpy": """
import numpy as np
def ensemble_log_prob(logits, x):
    logits, x = logits.numpy(), x.numpy()
    members = (x * logits - np.logaddexp(0, logits)).sum(2)
    return np.logaddexp.reduce(members, axis=0) - np.log(len(members))
""",
        "the largest member taken out": """
def ensemble_log_prob(logits, x):
    members = -F.binary_cross_entropy_with_logits(logits, x.expand(len(logits), -1, -1), reduction="none").sum(2)
    best = members.max(0).values
    return best + (members - best).exp().mean(0).log()
""",
        "torch's mixture": """
from torch.distributions import Categorical, Independent, MixtureSameFamily
def ensemble_log_prob(logits, x):
    members = Independent(Bernoulli(logits=logits.movedim(0, 1)), 1)
    return MixtureSameFamily(Categorical(torch.ones(len(x), len(logits))), members).log_prob(x)
""",
        "member after member": """
def ensemble_log_prob(logits, x):
    total = torch.full((len(x),), -math.inf, dtype=logits.dtype)
    for each in logits:
        total = torch.logaddexp(total, F.logsigmoid(each * (2 * x - 1)).sum(1) - math.log(len(logits)))
    return total
""",
        "in float32": """
mass = sum(averaged_log_prob(member_logits.float(), everything.float()).exp())
def ensemble_log_prob(logits, x):
    return Bernoulli(logits=logits.float()).log_prob(x.float()).sum(2).logsumexp(0) - math.log(len(logits))
""",
    },
    **DRAWING,
}  # fmt: skip

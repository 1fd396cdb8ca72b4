"""Right answers to the exercises of lesson 4.5.1."""

from tests.course.exercises.galleries import Gallery


def _after(name: str, arguments: str, value: str) -> str:
    """``value`` is made of what the solution returns, which is called ``right``."""
    return f"_right = {name}\ndef {name}({arguments}):\n    right = _right({arguments})\n    return {value}\n"


_LIKELIHOOD = """
def mended_log_prob(x, weights, biases, degrees):
    place = torch.arange(1, x.shape[1] + 1)
    below, above = degrees[:, None] >= place, place[:, None] > degrees
"""
_LOOP = """
def my_sample(model, noise):
    x = torch.zeros(len(noise), model.num_variables)
    with torch.no_grad():
        for k in range(model.num_variables):
            d = int(model.ordering[k])
            logits = model.conditionals(x.view(-1, *model.event_shape)).logits.flatten(1)
            {draw}
    return x.view(-1, *model.event_shape)
"""
_TRAIN = """
def train(model, train_digits, test_digits, num_steps):
    optimizer = {optimizer}
    {before}
    for step in range(num_steps):
        rows = {rows}
        optimizer.zero_grad(set_to_none=True)
        loss = {loss}
        loss.backward()
        optimizer.step()
        {after}
    return {receipt}
"""


def _train(**parts: str) -> str:
    usual = {
        "optimizer": "torch.optim.Adam(model.parameters(), lr=0.01)",
        "before": "pass",
        "rows": "torch.randint(len(train_digits), (100,))",
        "loss": "-model.log_prob(train_digits[rows]).mean()",
        "after": "pass",
        "receipt": "-model.log_prob(test_digits).mean().item()",
    }
    return _TRAIN.format(**usual | parts)


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
        "sorted, as armod keeps them": _after(
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
        "floats": _after("my_masks", "ordering, degrees", "[mask.float() for mask in right]"),
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
    "made-sampling": {
        "one-dimensional comparison, whole numbers": _LOOP.format(
            draw="x[:, d] = (noise[:, k] > torch.sigmoid(-logits[:, d])).long().to(x.dtype)"
        ).replace("torch.zeros(len(noise), model.num_variables)", "torch.zeros(len(noise), model.num_variables, dtype=noise.dtype)"),
        "a list for each observation": """
def my_sample(model, noise):
    rows = []
    for u in noise[:, None]:
        x = torch.zeros(1, *model.event_shape, dtype=torch.float64)
        for k, d in enumerate(model.ordering.tolist()):
            p = float(model.conditionals(x).probs.flatten()[d])
            x.view(-1)[d] = 0.0 if float(u[0, k]) < 1 - p else 1.0
        rows.append(x[0].long().tolist())
    return rows
""",
        "numpy": """
import numpy as np
def my_sample(model, noise):
    x = np.zeros((len(noise), model.num_variables))
    for k, d in enumerate(np.asarray(model.ordering)):
        p = model.conditionals(torch.from_numpy(x).view(-1, *model.event_shape)).probs.detach().numpy().reshape(len(x), -1)
        x[:, d] = np.where(noise[:, k].numpy() < 1 - p[:, d], 0, 1)
    return x.reshape(-1, *model.event_shape)
""",
        "armod's inverse CDF": """
from armod.likelihoods import inverse_cdf
def my_sample(model, noise):
    x = torch.zeros(len(noise), *model.event_shape, dtype=torch.float64)
    for k, d in enumerate(model.ordering.tolist()):
        p = model.conditionals(x).probs.flatten(1)[:, d]
        x.flatten(1)[:, d] = inverse_cdf(Bernoulli(p), noise[:, k]).double()
    return x
""",
        "armod's own sampler": """
from armod.sampling.samplers import sample_naive
def my_sample(model, noise): return sample_naive(model, noise)
""",
        "truth values": _after("my_sample", "model, noise", "right.bool()"),
    },
    "made-completion": {
        "known values put back with torch.where": """
def my_completion(model, known, mask, noise):
    x = torch.where(mask, known, 0.0)
    for k, d in enumerate(model.ordering.tolist()):
        if not mask.flatten()[d]:
            p = model.conditionals(torch.where(mask, known, x)).probs.flatten(1)[:, d]
            x.view(len(x), -1)[:, d] = (noise[:, k] >= 1 - p).double()
    return x
def completion_is_exact(ordering, mask):
    seen_unknown = False
    for d in ordering:
        if not mask[d]: seen_unknown = True
        elif seen_unknown: return False
    return True
""",
        "all known first": """
def completion_is_exact(ordering, mask):
    return mask[ordering[: int(mask.sum())]].all()
""",
        "sorted as it is": """
def completion_is_exact(ordering, mask):
    row = mask[ordering].int()
    return torch.equal(row, row.sort(descending=True).values)
""",
        "numpy": """
import numpy as np
def completion_is_exact(ordering, mask):
    row = mask.numpy()[ordering.numpy()]
    return np.all(np.diff(row.astype(int)) <= 0)
""",
        "armod's own ordering": """
def completion_is_exact(ordering, mask):
    return armod.orderings.known_first(mask, ordering).equal(ordering)
""",
        "armod's own sampler": """
from armod.sampling.samplers import sample_naive
def my_completion(model, known, mask, noise):
    return sample_naive(model, noise, None, known.long(), mask.expand(len(known), *mask.shape))
def completion_is_exact(ordering, mask):
    return int((ordering.argsort()[mask] < mask.sum()).all())
""",
    },
    "made-training": {
        "armod.fit": """
def train(model, train_digits, test_digits, num_steps):
    armod.fit(model, train_digits, epochs=num_steps // 15, learning_rate=1e-2)
    return armod.evaluate(model, test_digits).nats
""",
        "stochastic gradient descent with momentum": _train(optimizer="torch.optim.SGD(model.parameters(), lr=0.02, momentum=0.9)"),
        "AdamW and a falling rate": _train(
            optimizer="torch.optim.AdamW(model.parameters(), lr=0.03)",
            before="falls = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, max(1, num_steps))",
            after="falls.step()",
        ),
        "binary cross-entropy of the conditionals": _train(
            loss="F.binary_cross_entropy_with_logits(model.conditionals(train_digits[rows]).logits, train_digits[rows].float(), reduction='sum') / 100"
        ),
        "a permutation for each epoch": _train(
            before="order = torch.empty(0, dtype=torch.long)",
            rows="(order := order[100:] if len(order) >= 200 else torch.randperm(len(train_digits)))[:100]",
        ),
        "start from the marginals; a tensor as receipt": _train(
            before="num_steps and model.start_from_marginals(train_digits)",
            receipt="-model.log_prob(test_digits).detach().mean()",
        ),
    },
    "made-mixture": {
        "Bayes, variable by variable": """
def mixture_probs(logits, x, ordering):
    weights = torch.zeros(len(logits), len(x), dtype=logits.dtype)
    found = torch.empty_like(x)
    for d in ordering.tolist():
        found[:, d] = (weights.softmax(0) * logits[:, :, d].sigmoid()).sum(0)
        weights = weights + F.logsigmoid(torch.where(x[:, d] > 0, logits[:, :, d], -logits[:, :, d]))
    return found
""",
        "the ratio of two mixtures": """
def mixture_probs(logits, x, ordering):
    seen = Bernoulli(logits=logits).log_prob(x)[:, :, ordering].cumsum(2)
    before = F.pad(seen, (1, -1))
    joint = (before + F.logsigmoid(logits[:, :, ordering])).logsumexp(0) - before.logsumexp(0)
    return joint.exp()[:, ordering.argsort()]
""",
        "numpy": """
import numpy as np
def mixture_probs(logits, x, ordering):
    logits, x, ordering = logits.numpy(), x.numpy(), ordering.numpy()
    seen = (x * logits - np.logaddexp(0, logits))[:, :, ordering]
    before = np.cumsum(seen, 2) - seen
    weights = np.exp(before - before.max(0)); weights /= weights.sum(0)
    found = np.empty(x.shape)
    found[:, ordering] = (weights / (1 + np.exp(-logits[:, :, ordering]))).sum(0)
    return found
""",
        "a mask of what comes before": """
def mixture_probs(logits, x, ordering):
    place = ordering.argsort()
    earlier = (place[:, None] < place).to(logits.dtype)
    weights = (Bernoulli(logits=logits).log_prob(x) @ earlier).softmax(0)
    return torch.einsum("mnd,mnd->nd", weights, torch.sigmoid(logits))
""",
        "one variable of one observation after the other": """
def mixture_probs(logits, x, ordering):
    seen, order = Bernoulli(logits=logits).log_prob(x), ordering.tolist()
    columns = {}
    for step, d in enumerate(order):
        weights = torch.softmax(seen[:, :, order[:step]].sum(2), dim=0)
        columns[d] = (weights * torch.sigmoid(logits[:, :, d])).sum(0)
    return torch.stack([columns[d] for d in sorted(columns)], dim=1)
""",
    },
}  # fmt: skip

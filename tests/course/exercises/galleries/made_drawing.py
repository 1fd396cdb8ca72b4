"""Right answers to the exercises of lesson 4.5.1 that sample, complete, train and mix."""

from tests.course.exercises.galleries import Gallery, of_right

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


DRAWING: Gallery = {
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
        "truth values": of_right("my_sample", "model, noise", "right.bool()"),
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

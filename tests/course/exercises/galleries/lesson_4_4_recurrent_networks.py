"""Right answers to the exercises of lesson 4.4."""

from tests.course.exercises.galleries import Gallery

_GRU = """
def gru_step(x, h, W, U, b, c):
    size = h.shape[1]
"""
_TRAIN = """
def train(model, batches, held_out):
    {before}
    optimizer = {optimizer}
    for step, x in enumerate(batches):
        optimizer.zero_grad()
        loss = {loss}
        loss.backward()
        {between}
        optimizer.step()
    with torch.no_grad():
        {receipt}
"""


def _train(**parts: str) -> str:
    usual = {
        "before": "pass",
        "optimizer": "torch.optim.Adam(model.parameters(), lr=0.02)",
        "loss": "-model.log_prob(x).mean()",
        "between": "pass",
        "receipt": "return bits_per_character(model.log_prob_per_variable(held_out), held_out)",
    }
    return _TRAIN.format(**usual | parts)


GALLERY: Gallery = {
    "recurrent-bits": {
        "loops and a break": """
def bits_per_character(log_prob, x):
    total, count = 0.0, 0
    for row, symbols in zip(log_prob.tolist(), x.tolist()):
        for cost, symbol in zip(row, symbols):
            total, count = total - cost, count + 1
            if symbol == 0:
                break
    return total / count / math.log(2)
""",
        "numpy": """
import numpy as np
def bits_per_character(log_prob, x):
    log_prob, x = np.asarray(log_prob), np.asarray(x)
    before = np.concatenate([np.ones((len(x), 1), dtype=int), x[:, :-1]], axis=1)
    alive = np.cumprod(before != 0, axis=1).astype(bool)
    return -np.log2(np.e) * log_prob[alive].mean()
""",
        "a padded mask in float32": """
def bits_per_character(log_prob, x):
    alive = torch.nn.functional.pad(x[:, :-1], (1, 0), value=1).ne(0).float().cumprod(1)
    return (-(log_prob.float() * alive).sum() / alive.sum() / math.log(2)).item()
""",
        "a tensor of one number": """
def bits_per_character(log_prob, x):
    ends = (x == 0).int()
    return -log_prob[(ends.cumsum(1) - ends) < 1].mean() / torch.log(torch.tensor(2.0))
""",
        "lengths, then rows": """
def bits_per_character(log_prob, x):
    lengths = [min([t + 1 for t, s in enumerate(row) if s == 0], default=len(row)) for row in x.tolist()]
    nats = sum(-float(row[:n].sum()) for row, n in zip(log_prob, lengths))
    return nats / sum(lengths) * 1.4426950408889634
""",
    },
    "recurrent-gru": {
        "six products": _GRU
        + """
    W_r, W_z, W_n = W[:size], W[size : 2 * size], W[2 * size :]
    U_r, U_z, U_n = U[:size], U[size : 2 * size], U[2 * size :]
    r = torch.sigmoid(x @ W_r.T + b[:size] + h @ U_r.T + c[:size])
    z = torch.sigmoid(x @ W_z.T + b[size : 2 * size] + h @ U_z.T + c[size : 2 * size])
    n = torch.tanh(x @ W_n.T + b[2 * size :] + r * (h @ U_n.T + c[2 * size :]))
    return n + z * (h - n)
""",
        "functional.linear and lerp": """
def gru_step(x, h, W, U, b, c):
    x_r, x_z, x_n = torch.nn.functional.linear(x, W, b).chunk(3, -1)
    h_r, h_z, h_n = torch.nn.functional.linear(h, U, c).chunk(3, -1)
    return torch.lerp((x_n + (x_r + h_r).sigmoid() * h_n).tanh(), h, (x_z + h_z).sigmoid())
""",
        "rows by a loop": """
def gru_step(x, h, W, U, b, c):
    rows = []
    for one, state in zip(x, h):
        a, u = (W @ one + b).view(3, -1), (U @ state + c).view(3, -1)
        r, z = 1 / (1 + torch.exp(-(a[0] + u[0]))), 1 / (1 + torch.exp(-(a[1] + u[1])))
        rows.append((1 - z) * torch.tanh(a[2] + r * u[2]) + z * state)
    return torch.stack(rows)
""",
        "numpy in float64": """
import numpy as np
def gru_step(x, h, W, U, b, c):
    x, h, W, U, b, c = (np.asarray(each, dtype=np.float64) for each in (x, h, W, U, b, c))
    sigmoid = lambda v: 1 / (1 + np.exp(-v))
    (x_r, x_z, x_n), (h_r, h_z, h_n) = np.split(x @ W.T + b, 3, axis=1), np.split(h @ U.T + c, 3, axis=1)
    z = sigmoid(x_z + h_z)
    return torch.from_numpy((1 - z) * np.tanh(x_n + sigmoid(x_r + h_r) * h_n) + z * h)
""",
        "einsum in float32": """
def gru_step(x, h, W, U, b, c):
    x, h, W, U, b, c = (each.float() for each in (x, h, W, U, b, c))
    a, u = torch.einsum("nf,hf->nh", x, W) + b, torch.einsum("nf,hf->nh", h, U) + c
    (x_r, x_z, x_n), (h_r, h_z, h_n) = a.chunk(3, 1), u.chunk(3, 1)
    z = torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + torch.sigmoid(x_r + h_r) * h_n) + z * h
""",
    },
    "recurrent-shift": {
        "pad": """
def mended_log_prob(x, network):
    inputs = torch.nn.functional.pad(x[:, :-1], (1, 0), value=network.start)
    return -torch.nn.functional.cross_entropy(network.logits(inputs).transpose(1, 2), x, reduction="none").sum(1)
""",
        "roll, then mend the first column": """
def mended_log_prob(x, network):
    inputs = x.roll(1, dims=1)
    inputs[:, 0] = network.start
    return torch.distributions.Categorical(logits=network.logits(inputs)).log_prob(x).sum(1)
""",
        "step by step": """
def mended_log_prob(x, network):
    state, symbols, total = network.first_state(len(x)), torch.full((len(x),), network.start), 0
    for t in range(x.shape[1]):
        logits, state = network.step(symbols, state)
        symbols = x[:, t]
        total = total + logits.log_softmax(1)[range(len(x)), symbols]
    return total
""",
        "a list of numbers": """
leaks = torch.tensor([T, T, 2 * T - 2])
def mended_log_prob(x, network):
    found = []
    for row in x:
        inputs = torch.tensor([[network.start, *row[:-1].tolist()]])
        chances = network.logits(inputs)[0].softmax(1)
        found.append(sum(math.log(chances[t, s]) for t, s in enumerate(row.tolist())))
    return torch.tensor(found)
""",
        "counted by pairs": """
read = {
    "unshifted": [set(range(t + 1)) for t in range(T)],
    "rolled": [{T - 1} | set(range(t)) for t in range(T)],
    "early": [set(range(1, min(t + 2, T))) for t in range(T)],
}
leaks = [sum(len({j for j in steps[t] if j >= t}) for t in range(T)) for steps in read.values()]
""",
    },
    "recurrent-reach": {
        "diagonal matrices": """
def gradient_by_lag(states, U):
    found, norms = torch.eye(len(U), dtype=U.dtype), []
    for h in states.flip(0):
        norms.append(torch.linalg.norm(found))
        found = found @ torch.diag(1 - h.square()) @ U
    return torch.stack(norms)
def forget_bias(lag):
    return -math.log(2 ** (1 / lag) - 1)
""",
        "numpy": """
import numpy as np
def gradient_by_lag(states, U):
    h, U = np.asarray(states), np.asarray(U)
    found, norms = np.eye(len(U)), [math.sqrt(len(U))]
    for t in range(len(h) - 1, 0, -1):
        found = found @ (np.diag(1 - h[t] ** 2) @ U)
        norms.append(np.sqrt((found**2).sum()))
    return np.array(norms)
def forget_bias(lag):
    gate = np.power(0.5, 1 / lag)
    return np.log(gate) - np.log1p(-gate)
""",
        "a list of numbers": """
def gradient_by_lag(states, U):
    found, norms = torch.eye(len(U), dtype=U.dtype), []
    for lag in range(len(states)):
        norms.append(float(found.norm()))
        found = found @ ((1 - states[len(states) - 1 - lag] ** 2)[:, None] * U)
    return norms
def forget_bias(lag):
    return torch.logit(torch.tensor(0.5, dtype=torch.float64) ** (1 / lag))
""",
        "multi_dot in float32": """
def gradient_by_lag(states, U):
    steps = [((1 - h**2)[:, None] * U).float() for h in states.flip(0)]
    products = [torch.eye(len(U))]
    for step in steps[:-1]:
        products.append(torch.linalg.multi_dot([products[-1], step]))
    return torch.stack([each.norm() for each in products])
def forget_bias(lag):
    return float(torch.special.logit(torch.tensor(math.exp(-math.log(2) / lag), dtype=torch.float64)))
""",
        "bisection": """
def forget_bias(lag):
    low, high = -50.0, 50.0
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if (1 / (1 + math.exp(-middle))) ** lag < 0.5 else (low, middle)
    return middle
""",
    },
    "recurrent-sampling": {
        "searchsorted": """
def my_sample(network, noise):
    state, last = network.first_state(len(noise)), torch.full((len(noise),), network.start)
    drawn = torch.zeros(noise.shape, dtype=torch.long)
    ended = torch.zeros(len(noise), dtype=torch.bool)
    for t in range(noise.shape[1]):
        logits, state = network.step(last, state)
        cdf = logits.double().softmax(1).cumsum(1)
        last = torch.searchsorted(cdf, noise[:, t : t + 1].double(), right=True)[:, 0].clamp(max=network.start - 1)
        last[ended] = 0
        ended |= last == 0
        drawn[:, t] = last
    return drawn
""",
        "row by row": """
def my_sample(network, noise):
    rows = []
    for u in noise.tolist():
        state, symbol, row = network.first_state(1), network.start, []
        for value in u:
            logits, state = network.step(torch.tensor([symbol]), state)
            total, symbol = 0.0, -1
            for p in logits[0].softmax(0).tolist():
                total, symbol = total + p, symbol + 1
                if value < total:
                    break
            row.append(symbol)
            if symbol == 0:
                break
        rows.append(row + [0] * (len(u) - len(row)))
    return torch.tensor(rows)
""",
        "argmax of the first that exceeds": """
def my_sample(network, noise):
    symbols, state, out = torch.full((len(noise),), network.start), network.first_state(len(noise)), []
    alive = torch.ones(len(noise), dtype=torch.long)
    for u in noise.unbind(1):
        logits, state = network.step(symbols, state)
        cdf = torch.softmax(logits, dim=-1).cumsum(-1)
        cdf[:, -1] = 1
        symbols = (cdf > u[:, None]).int().argmax(1) * alive
        alive = alive * (symbols != 0)
        out.append(symbols)
    return torch.stack(out, 1)
""",
        "numpy": """
import numpy as np
def my_sample(network, noise):
    symbols, state, out = np.full(len(noise), network.start), network.first_state(len(noise)), []
    ended = np.zeros(len(noise), dtype=bool)
    for t in range(noise.shape[1]):
        logits, state = network.step(torch.from_numpy(symbols), state)
        cdf = np.cumsum(torch.softmax(logits, 1).numpy(), axis=1)
        symbols = np.minimum((cdf <= noise[:, t : t + 1].numpy()).sum(1), network.start - 1)
        symbols = np.where(ended, 0, symbols)
        ended |= symbols == 0
        out.append(symbols)
    return torch.from_numpy(np.stack(out, axis=1))
""",
        "masked afterwards": """
def my_sample(network, noise):
    symbols, state, out = torch.full((len(noise),), network.start), network.first_state(len(noise)), []
    for u in noise.T:
        logits, state = network.step(symbols, state)
        symbols = (logits.softmax(1).cumsum(1)[:, :-1] <= u[:, None]).sum(1)
        out.append(symbols)
    drawn = torch.stack(out, 1)
    return drawn * (drawn != 0).long().cumprod(1)
""",
    },
    "recurrent-training": {
        "AdamW with a rate that falls": _train(
            optimizer="torch.optim.AdamW(model.parameters(), lr=0.03)",
            between="optimizer.param_groups[0]['lr'] = 0.03 * (1 - step / len(batches))",
        ),
        "the sum over the batch, clipped": _train(
            loss="-model.log_prob(x).sum()",
            between="torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)",
        ),
        "cross-entropy of the conditionals' logits": _train(
            loss="torch.nn.functional.cross_entropy(model.conditionals(x).logits.flatten(0, 1), x.flatten())",
        ),
        "a receipt by hand, to three decimals": _train(
            receipt="""before = torch.nn.functional.pad(held_out[:, :-1], (1, 0), value=1)
        costs = -model.conditionals(held_out).log_prob(held_out)[before != 0]
        return round((costs.mean() / math.log(2)).item(), 3)"""
        ),
        "two passes over the batches": _train(
            before="batches = batches + batches",
            optimizer="torch.optim.RMSprop(model.parameters(), lr=0.005)",
        ),
        "the library's own training": """
def train(model, batches, held_out):
    armod.fit(model, batches, epochs=1, learning_rate=0.02, progress=False)
    with torch.no_grad():
        return bits_per_character(model.log_prob_per_variable(held_out), held_out)
""",
    },
}

"""Right answers to the exercises of lesson 4.5.2."""

from tests.course.exercises.galleries import Gallery


def _unit(body: str) -> str:
    lines = [f"    {line}" for line in body.strip().splitlines()]
    return "\n".join(["import numpy as np", "def gated_unit(x, weight, bias, dilation):", *lines])


_RING = """
import numpy as np
class Ring:
    def __init__(self, dilation, N, C):
        self.places, self.place = {zeros}, 0

    def exchange(self, x):
        {exchange}
"""
_TRAIN = """
def train(model, x, held_out, num_steps):
    optimizer = {optimizer}
    {before}
    for step in range(num_steps):
        some = {some}
        optimizer.zero_grad(set_to_none=True)
        loss = {loss}
        loss.backward()
        {clip}
        optimizer.step()
        {after}
    return {receipt}
"""


def _train(**parts: str) -> str:
    usual = {
        "optimizer": "torch.optim.Adam(model.parameters(), lr=0.02)",
        "before": "pass",
        "some": "x[8 * step % len(x) :][:8]",
        "loss": "-model.log_prob(some).mean() / some.shape[1]",
        "clip": "pass",
        "after": "pass",
        "receipt": "model.bits_per_dim(held_out).mean().item()",
    }
    return _TRAIN.format(**usual | parts)


GALLERY: Gallery = {
    "wavenet-field": {
        "loops": """
def receptive_field(k, dilations):
    field = 1
    for d in dilations:
        for tap in range(1, k):
            field += d
    return field
def fewest_layers(k, num_samples):
    layers, field = 0, 1
    while field < num_samples:
        field += (k - 1) * 2 ** layers
        layers += 1
    return layers
def steps_back(k, dilations):
    seen = [0]
    for d in dilations:
        new = []
        for step in seen:
            for tap in range(k):
                if step + tap * d not in new:
                    new.append(step + tap * d)
        seen = new
    seen.sort()
    return seen
""",
        "numpy": """
import numpy as np
def receptive_field(k, dilations): return 1 + (k - 1) * np.sum(dilations)
def fewest_layers(k, num_samples): return np.argmax(1 + (k - 1) * (2 ** np.arange(60) - 1) >= num_samples)
def steps_back(k, dilations):
    seen = np.zeros(1, dtype=int)
    for d in dilations:
        seen = np.unique(np.add.outer(seen, d * np.arange(k)))
    return seen
""",
        "a closed form, rounded up": "def fewest_layers(k, num_samples): return math.ceil(math.log2((num_samples - 1) / (k - 1) + 1))",
        "whole numbers only": "def fewest_layers(k, num_samples): return (-(-(num_samples - 1) // (k - 1))).bit_length()",
        "armod's own model": """
def receptive_field(k, dilations):
    two = armod.likelihoods.Categorical(2)
    return int(armod.WaveNet((1,), 1, dilations=dilations, kernel_size=k, likelihood=two).receptive_field)
""",
        "products, and floats": """
import itertools
def receptive_field(k, dilations): return 1.0 + sum((k - 1) * d for d in dilations)
def steps_back(k, dilations):
    taps = [[tap * d for tap in range(k)] for d in dilations]
    return torch.tensor(sorted({sum(path) for path in itertools.product(*taps)})).float()
""",
        "recursion": """
def steps_back(k, dilations):
    if not dilations:
        return [0]
    return sorted({s + t * dilations[-1] for s in steps_back(k, dilations[:-1]) for t in range(k)})
def fewest_layers(k, num_samples, layers=0):
    if receptive_field(k, [2**n for n in range(layers)]) >= num_samples:
        return layers
    return fewest_layers(k, num_samples, layers + 1)
""",
    },
    "wavenet-levels": {
        "armod's own": """
from armod.mu_law import mu_law_decode as my_decode, mu_law_encode as my_encode
""",
        "numpy": """
import numpy as np
def my_encode(wave, K):
    y = np.sign(wave.numpy()) * np.log1p((K - 1) * np.abs(wave.numpy())) / np.log(K)
    return np.clip(np.floor((y + 1) / 2 * K), 0, K - 1).astype(int)
def my_decode(levels, K):
    y = (np.asarray(levels) + 0.5) * 2 / K - 1
    return np.sign(y) * np.expm1(np.abs(y) * np.log(K)) / (K - 1)
""",
        "bin by bin, in a dictionary": """
def my_decode(levels, K):
    table = {}
    for level in range(K):
        y = (2 * level + 1) / K - 1
        table[level] = math.copysign((K ** abs(y) - 1) / (K - 1), y)
    return torch.tensor([table[level] for level in levels.tolist()])
""",
        "the edges of all bins": """
def my_encode(wave, K):
    y = torch.linspace(-1, 1, K + 1, dtype=torch.float64)
    edges = y.sign() * (K ** y.abs() - 1) / (K - 1)
    return torch.bucketize(wave.double(), edges[1:-1], right=True)
""",
        "float32": """
def my_encode(wave, K):
    wave = wave.float()
    y = wave.sign() * (1 + (K - 1) * wave.abs()).log() / math.log(K)
    return (y * K / 2 + K / 2).floor().clamp(max=K - 1)
def my_decode(levels, K):
    y = (levels.float() + 0.5) / K * 2 - 1
    return y.sign() * torch.expm1(y.abs() * math.log(K)) / (K - 1)
""",
        "other logarithms": """
def my_encode(wave, K):
    y = torch.copysign(torch.log2(1 + (K - 1) * wave.abs()) / math.log2(K), wave)
    return torch.div((y + 1) * K, 2, rounding_mode="floor").clamp(0, K - 1).int()
def my_decode(levels, K):
    y = (levels + 0.5) * (2 / K) - 1
    return torch.copysign((torch.exp(y.abs() * math.log(K)) - 1) / (K - 1), y)
""",
    },
    "wavenet-gated": {
        "conv1d pads, and the end is cut off": _unit("""
reach, half = (weight.shape[2] - 1) * dilation, len(bias) // 2
sums = F.conv1d(x, weight, bias, dilation=dilation, padding=reach)[:, :, : x.shape[2]]
return F.glu(torch.cat([sums[:, :half].tanh(), sums[:, half:]], 1), 1)
"""),
        "tap by tap, with einsum": _unit("""
sums = bias[:, None].expand(len(x), -1, x.shape[2])
for back in range(weight.shape[2]):
    moved = F.pad(x, (back * dilation, 0))[:, :, : x.shape[2]]
    sums = sums + torch.einsum("oi,nit->not", weight[:, :, -1 - back], moved)
f, g = sums.tensor_split(2, 1)
return torch.tanh(f) * torch.sigmoid(g)
"""),
        "loops and lists": _unit("""
(N, C, T), k = x.shape, weight.shape[2]
a, w, b = x.tolist(), weight.tolist(), bias.tolist()
def total(n, o, t):
    back = [(j, t - (k - 1 - j) * dilation) for j in range(k)]
    return b[o] + sum(w[o][i][j] * a[n][i][s] for i in range(C) for j, s in back if s >= 0)
def unit(n, c, t):
    return math.tanh(total(n, c, t)) / (1 + math.exp(-total(n, C + c, t)))
return [[[unit(n, c, t) for t in range(T)] for c in range(C)] for n in range(N)]
"""),
        "a layer of torch": _unit("""
layer = torch.nn.Conv1d(x.shape[1], len(bias), weight.shape[2], dilation=dilation).to(x)
layer.weight.data, layer.bias.data = weight, bias
zeros = x.new_zeros(len(x), x.shape[1], (weight.shape[2] - 1) * dilation)
f, g = layer(torch.cat([zeros, x], dim=2)).split(x.shape[1], 1)
return (torch.tanh(f) * torch.sigmoid(g)).detach()
"""),
        "armod's own": _unit("""
from armod.models.sequence.gated_convolution import GatedConvolution
layer = GatedConvolution(x.shape[1], kernel_size=weight.shape[2], dilation=dilation).to(x)
layer.weight.data, layer.bias.data = weight.permute(2, 0, 1).contiguous(), bias
return layer(x.permute(2, 0, 1)).permute(1, 2, 0).detach()
"""),
        "numpy, in float32": _unit("""
x, weight, bias = (each.numpy().astype(np.float32) for each in (x, weight, bias))
padded, sums = np.pad(x, ((0, 0), (0, 0), ((weight.shape[2] - 1) * dilation, 0))), bias[:, None]
for j in range(weight.shape[2]):
    sums = sums + np.einsum("oi,nit->not", weight[:, :, j], padded[:, :, j * dilation :][:, :, : x.shape[2]])
f, g = np.split(sums, 2, axis=1)
return np.tanh(f) / (1 + np.exp(-g))
"""),
        "two convolutions, and tanh by a sigmoid": _unit("""
x = F.pad(x, ((weight.shape[2] - 1) * dilation, 0))
(wf, wg), (bf, bg) = weight.chunk(2), bias.chunk(2)
f = 2 * torch.sigmoid(2 * F.conv1d(x, wf, bf, dilation=dilation)) - 1
return f * F.conv1d(x, wg, bg, dilation=dilation).sigmoid()
"""),
    },
    "wavenet-folding": {
        "every d-th sample by slices": """
def fold(x, d):
    x = F.pad(x, (0, -x.shape[1] % d))
    return torch.stack([row[start::d] for row in x for start in range(d)])
def unfold(rows, d, T):
    found = rows.new_zeros(len(rows) // d, rows.shape[1] * d)
    for number, row in enumerate(rows):
        found[number // d, number % d :: d] = row
    return found[:, :T]
""",
        "zeros at the beginning": """
def fold(x, d):
    x = F.pad(x, (-x.shape[1] % d, 0))
    return x.reshape(len(x), -1, d).mT.reshape(len(x) * d, -1)
def unfold(rows, d, T): return rows.reshape(-1, d, rows.shape[1]).mT.reshape(len(rows) // d, -1)[:, -T:]
""",
        "rows by residue first": """
def fold(x, d):
    x = F.pad(x, (0, -x.shape[1] % d))
    return x.reshape(len(x), -1, d).permute(2, 0, 1).reshape(d * len(x), -1)
def unfold(rows, d, T): return rows.reshape(d, len(rows) // d, -1).permute(1, 2, 0).reshape(len(rows) // d, -1)[:, :T]
""",
        "numpy": """
import numpy as np
def fold(x, d):
    x = np.pad(x.numpy(), ((0, 0), (0, -x.shape[1] % d)))
    return x.reshape(len(x), -1, d).swapaxes(1, 2).reshape(len(x) * d, -1)
def unfold(rows, d, T):
    rows = np.asarray(rows)
    return rows.reshape(-1, d, rows.shape[1]).swapaxes(1, 2).reshape(len(rows) // d, -1)[:, :T]
""",
        "lists, and floats for the taps": """
wrong_taps = [float(each) for each in wrong_taps]
def fold(x, d):
    longer = [row + [0.0] * (-len(row) % d) for row in x.tolist()]
    return [row[start::d] for row in longer for start in range(d)]
""",
        "a tensor of taps": "wrong_taps = torch.tensor(wrong_taps)",
    },
    "wavenet-ring": {
        "a modulo, and a copy": _RING.format(
            zeros="torch.zeros((dilation, N, C))",
            exchange="old = self.places[self.place].detach().clone(); self.places[self.place] = x; self.place = (self.place + 1) % len(self.places); return old",
        ),
        "backwards": _RING.format(
            zeros="torch.zeros(dilation, N, C, dtype=torch.float64)",
            exchange="old = self.places[-self.place].clone(); self.places[-self.place] = x; self.place = (self.place + 1) % len(self.places); return old.float()",
        ),
        "numpy": _RING.format(
            zeros="np.zeros((dilation, N, C), dtype=np.float32)",
            exchange="old = self.places[self.place].copy(); self.places[self.place] = x; self.place = (self.place + 1) % len(self.places); return torch.from_numpy(old)",
        ),
        "copy_ in place": _RING.format(
            zeros="torch.zeros(dilation, N, C)",
            exchange="old = self.places[self.place] + 0; self.places[self.place].copy_(x); self.place += 1; self.place %= self.places.shape[0]; return old",
        ),
        "sliced halves and a list of units": """
def next_units(layers, rings, x):
    found = []
    for number in range(len(layers)):
        layer = layers[number]
        sums = layer.bias + layer.tap(1, x) + layer.tap(0, rings[number].exchange(x))
        C = sums.shape[1] // 2
        u = torch.sigmoid(sums[:, C:]).mul(torch.tanh(sums[:, :C]))
        found.append(u[:, None])
        x = layer.residual(u).add(x)
    return torch.cat(found, 1)
""",
        "written into zeros": """
def next_units(layers, rings, x):
    found = torch.zeros(x.shape[0], len(layers), x.shape[1])
    for number, (layer, ring) in enumerate(zip(layers, rings)):
        a, g = (layer.tap(0, ring.exchange(x)) + layer.tap(1, x) + layer.bias).split(x.shape[1], -1)
        found[:, number] = a.tanh() * g.sigmoid()
        x = x + layer.residual(found[:, number])
    return found
""",
    },
    "wavenet-bits": {
        "torch's cross entropy": "def bits_per_sample(logits, x): return F.cross_entropy(logits.flatten(0, 1), x.flatten()) / math.log(2)",
        "torch's Categorical": "def bits_per_sample(logits, x): return -torch.distributions.Categorical(logits=logits).log_prob(x).mean().item() / math.log(2)",
        "logsumexp by hand, in numpy": """
import numpy as np
def bits_per_sample(logits, x):
    logits = logits.numpy() - logits.numpy().max(-1, keepdims=True)
    own = np.take_along_axis(logits, x.numpy()[..., None], -1)[..., 0]
    return np.mean(np.log2(np.exp(logits).sum(-1)) - own / np.log(2))
""",
        "loops": """
def bits_per_sample(logits, x):
    total = 0
    for each, level in zip(logits.flatten(0, 1).tolist(), x.flatten().tolist()):
        top = max(each)
        total += math.log2(sum(math.exp(one - top) for one in each)) + (top - each[level]) * math.log2(math.e)
    return total / x.numel()
""",
        "armod's likelihood": "def bits_per_sample(logits, x): return -armod.likelihoods.Categorical(logits.shape[-1]).distribution(logits).log_prob(x).mean() * math.log2(math.e)",
        "float32, one-hot": "def bits_per_sample(logits, x): return -(logits.float().log_softmax(-1) * F.one_hot(x, logits.shape[-1])).sum(-1).mean().numpy() / 0.6931472",
    },
    "wavenet-training": {
        "armod's log_prob": _train(),
        "cross entropy, in nats": _train(loss="F.cross_entropy(model.conditionals(some).logits.mT, some)"),
        "RMSprop, windows at random": _train(
            optimizer="torch.optim.RMSprop(model.parameters(), lr=0.01)",
            some="x[torch.randperm(len(x), generator=torch.Generator().manual_seed(step))[:8]]",
        ),
        "weight decay, clipped gradients, a tensor": _train(
            optimizer="torch.optim.AdamW(model.parameters(), lr=0.02)",
            loss="bits_per_sample(model.conditionals(some).logits, some)",
            clip="torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)",
            receipt="bits_per_sample(model.conditionals(held_out).logits, held_out)",
        ),
        "armod.fit": """
def train(model, x, held_out, num_steps):
    drawn = x[torch.randint(len(x), (8 * num_steps,), generator=torch.Generator().manual_seed(0))]
    armod.fit(model, drawn, epochs=1, batch_size=8, learning_rate=0.02, progress=False)
    return model.bits_per_dim(held_out).mean().item()
""",
        "a schedule": _train(
            optimizer="torch.optim.Adam(model.parameters(), lr=0.03)",
            before="schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 2 * num_steps)",
            after="schedule.step()",
            receipt="-model.log_prob(held_out).sum().detach().numpy() / held_out.numel() / math.log(2)",
        ),
    },
}  # fmt: skip

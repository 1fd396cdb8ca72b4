"""Right answers to the exercises of lesson 4.5.4."""

from tests.course.exercises.galleries import Gallery, of_right
from tests.course.exercises.galleries.trainings import TRAININGS

_CHANNELS = "levels, logits, means, log_scales, slopes, num_levels"
_EDGES = "levels, means, log_scales, num_levels"
GALLERY: Gallery = {
    "variants-counts": {
        "torch counts them": """
def softmax_head(p, C, K): return sum(w.numel() for w in torch.nn.Conv2d(p, C * K, 1).parameters())
""",
        "armod counts them": """
from armod.likelihoods import LogisticMixture
from armod.models.plus_plus.pixel_mixture import PixelMixture
def mixture_head(p, C, M): return (p + 1) * PixelMixture(LogisticMixture(256, M), C).num_parameters
""",
        "loops over pairs": """
def mixture_head(p, C, M):
    pairs = 0
    for later in range(C):
        for earlier in range(later): pairs += 1
    return (p + 1) * (M + C * M + C * M + M * pairs)
""",
        "a search": """
def most_levels(M):
    K = 1
    while 3 * (K + 1) <= 10 * M: K += 1
    return K
""",
        "floats": """
def softmax_head(p, C, K): return float(C * K * p + C * K)
def most_levels(M): return math.floor(10 / 3 * M + 1e-9)
""",
        "tensors": of_right("mixture_head", "p, C, M", "torch.tensor(right)"),
    },
    "variants-gate": {
        "einsum and slices": """
def gate(features, context, V):
    p = features.shape[1] // 2
    shift = torch.einsum('nc,oc->no', context, V).reshape(len(features), 2 * p, 1, 1)
    return torch.tanh(features[:, :p] + shift[:, :p]) * torch.sigmoid(features[:, p:] + shift[:, p:])
""",
        "glu": """
def residual_gate(below, features): return below + torch.nn.functional.glu(features, dim=1)
""",
        "numpy": """
import numpy as np
def gate(features, context, V):
    both = features.numpy() + (context.numpy() @ V.numpy().T)[:, :, None, None]
    value, opening = np.split(both, 2, axis=1)
    return np.tanh(value) / (1 + np.exp(-opening))
""",
        "image by image": """
def gate(features, context, V):
    p, found = len(V) // 2, []
    for image, c in zip(features, context):
        shifted = image + (V @ c)[:, None, None]
        found.append(torch.tanh(shifted[:p]) * torch.sigmoid(shifted[p:]))
    return torch.stack(found)
""",
        "sigmoid by tanh": """
def residual_gate(below, features):
    p = below.shape[1]
    return below + features[:, :p] * (1 + torch.tanh(features[:, p:] / 2)) / 2
""",
        "float32": of_right("residual_gate", "below, features", "right.float()"),
    },
    "variants-link": {
        "cut off rows": """
def two_stacks(x, layers):
    vertical = horizontal = x
    for number, layer in enumerate(layers):
        h, (H, W) = layer["vertical"].shape[2] - 1, x.shape[2:]
        first = int(number == 0)
        rows = F.conv2d(F.pad(vertical, (h, h, h + first, 0)), layer["vertical"])[:, :, :H]
        row = F.conv2d(F.pad(horizontal, (h + first, 0, 0, 0)), layer["horizontal"])[..., :W]
        mixed = F.conv2d(opened(row + F.conv2d(rows, layer["link"])), layer["mix"])
        vertical, horizontal = opened(rows), mixed if first else horizontal + mixed
    return horizontal
""",
        "einsum for the 1x1s": """
def two_stacks(x, layers):
    one = lambda w, y: torch.einsum('oi,nihw->nohw', w[:, :, 0, 0], y)
    vertical = horizontal = x
    for number, layer in enumerate(layers):
        h, s = layer["vertical"].shape[2] - 1, int(number == 0)
        rows = F.conv2d(F.pad(vertical, (h, h, h + s, -s)), layer["vertical"])
        row = F.conv2d(F.pad(horizontal, (h + s, -s, 0, 0)), layer["horizontal"])
        mixed = one(layer["mix"], opened(row + one(layer["link"], rows)))
        vertical, horizontal = opened(rows), horizontal * number.__bool__() + mixed if number else mixed
    return horizontal
""",
        "counted by `sees`": """
def shifted_in(layers_of_shift):
    def stacks(x, layers):
        vertical = horizontal = x
        for number, layer in enumerate(layers):
            h, s, v = layer["vertical"].shape[2] - 1, int(number == 0), int(layers_of_shift(number))
            rows = F.conv2d(F.pad(vertical, (h, h, h + v, -v)), layer["vertical"])
            row = F.conv2d(F.pad(horizontal, (h + s, -s, 0, 0)), layer["horizontal"])
            mixed = F.conv2d(opened(row + F.conv2d(rows, layer["link"])), layer["mix"])
            vertical, horizontal = opened(rows), horizontal + mixed if number else mixed
        return horizontal
    return stacks
size = 4 * own_h * own_depth + 5
seen = {name: sees(shifted_in(rule), random_layers(own_h, own_depth), size).flatten()
        for name, rule in (("once", lambda n: n == 0), ("never", lambda n: False), ("always", lambda n: True))}
link_leaks = seen["never"][size * size // 2 :].sum().item()
link_blind = (seen["once"] & ~seen["always"]).sum().item()
""",
        "floats": "link_leaks = float(link_leaks); link_blind = float(link_blind)",
        "tensors": "link_leaks = torch.tensor(link_leaks); link_blind = torch.tensor(link_blind)",
    },
    "variants-edges": {
        "armod's own": f"def component_log_prob({_EDGES}): return DiscretizedLogisticMixture(torch.zeros_like(means), means, log_scales, num_levels).component_log_prob(levels)",
        "softplus": f"""
def component_log_prob({_EDGES}):
    x, half, s = 2 * levels[:, None] / (num_levels - 1) - 1, 1 / (num_levels - 1), torch.exp(-log_scales)
    upper = -F.softplus(-(x + half - means) * s)
    lower = -F.softplus((x - half - means) * s)
    upper = torch.where(levels[:, None] == num_levels - 1, torch.zeros_like(upper), upper)
    lower = torch.where(levels[:, None] == 0, torch.zeros_like(lower), lower)
    edge = (levels[:, None] == 0) | (levels[:, None] == num_levels - 1)
    width = torch.where(edge, torch.zeros_like(upper), (-torch.expm1(-2 * half * s)).log().expand_as(upper))
    return upper + lower + width
""",
        "level by level": f"""
_right = component_log_prob
def component_log_prob({_EDGES}):
    return torch.stack([_right(level[None], means, log_scales, num_levels)[0] for level in levels])
""",
        "masses as tensors": "published_masses = [torch.tensor(mass) for mass in published_masses]",
        "masses to three digits": "published_masses = tuple(round(mass, 3) for mass in published_masses)",
        "masses by hand": """
import numpy as np
def _mass(number):
    total = 0.0
    for level in range(number):
        total += published_log_prob(torch.tensor([float(level)], dtype=torch.float64), one_mean, one_log_scale, number).exp().item()
    return total
published_masses = np.array([_mass(few), _mass(4096)])
""",
    },
    "variants-channels": {
        "differences of joints": f"""
def channel_log_probs({_CHANNELS}):
    red, green = (2 * levels[:, :2, None] / (num_levels - 1) - 1).unbind(1)
    moved = means[0] + 0 * red, means[1] + slopes[0] * red, means[2] + slopes[1] * red + slopes[2] * green
    seen = torch.stack([in_bins(levels[:, c], moved[c], log_scales[c], num_levels) for c in range(3)], 1)
    joint = torch.logsumexp(torch.log_softmax(logits, 0) + seen.cumsum(1), 2)
    return torch.cat([joint[:, :1], joint.diff(dim=1)], 1)
""",
        "armod's own": f"""
from armod.likelihoods import LogisticMixture
from armod.models.plus_plus.pixel_mixture import PixelMixture
def channel_log_probs({_CHANNELS}):
    M = len(logits)
    pixel = PixelMixture(LogisticMixture(num_levels, M), 3)
    outputs = torch.cat([logits, means.flatten(), log_scales.flatten(), slopes.atanh().flatten()])
    return pixel.likelihood.distribution(pixel.conditionals(outputs.expand(len(levels), -1), levels)).log_prob(levels)
""",
        "weights as probabilities": f"""
def channel_log_probs({_CHANNELS}):
    red, green = (2 * levels[:, :2, None] / (num_levels - 1) - 1).unbind(1)
    moved = means[0].expand(len(levels), -1), means[1] + slopes[0] * red, means[2] + slopes[1] * red + slopes[2] * green
    w, found = torch.softmax(logits, 0).expand(len(levels), -1), []
    for c in range(3):
        p = in_bins(levels[:, c], moved[c], log_scales[c], num_levels).exp()
        total = (w * p).sum(1, keepdim=True)
        found.append(total.log()[:, 0])
        w = w * p / total
    return torch.stack(found, 1)
""",
        "colour by colour": f"""
_right = channel_log_probs
def channel_log_probs({_CHANNELS}):
    return torch.cat([_right(colour[None], logits, means, log_scales, slopes, num_levels) for colour in levels])
""",
        "numpy returned": of_right("channel_log_probs", _CHANNELS, "right.numpy()"),
        "a list returned": of_right("channel_log_probs", _CHANNELS, "right.tolist()"),
    },
    "variants-streams": {
        "four slices": """
def halve(features):
    padded = F.pad(features, (1, 0, 1, 0))
    a, b = padded[:, :, 0:-1:2], padded[:, :, 1::2]
    return (a[..., 0:-1:2] + a[..., 1::2] + b[..., 0:-1:2] + b[..., 1::2]) / 4
""",
        "a convolution": """
def halve(features):
    N, C, H, W = features.shape
    kernel = features.new_full((1, 1, 2, 2), 0.25)
    return F.conv2d(features.reshape(N * C, 1, H, W), kernel, stride=2, padding=1)[..., : H // 2, : W // 2].view(N, C, H // 2, W // 2)
""",
        "cell by cell": """
def halve(features):
    N, C, H, W = features.shape
    found = torch.zeros(N, C, H // 2, W // 2, dtype=features.dtype)
    for i in range(H // 2):
        for j in range(W // 2):
            found[:, :, i, j] = features[:, :, max(2 * i - 1, 0) : 2 * i + 1, max(2 * j - 1, 0) : 2 * j + 1].sum((2, 3)) / 4
    return found
""",
        "pairs counted": """
pool_leaks = 0
for row in range(own_height):
    for column in range(own_width):
        i, j = row // 2 * 2, column // 2 * 2
        last = max((r * own_width + c for r in (i, i + 1) for c in (j, j + 1))) - 1
        pool_leaks += sum(pixel >= row * own_width + column for pixel in range(last + 1))
""",
        "popped from the end": """
def mended_way_up(vertical, horizontal, kept):
    kept = list(kept)
    while kept:
        v, h = kept.pop()
        vertical = v + vertical + down(vertical)
        horizontal = h + horizontal + right(horizontal) + vertical
    return horizontal
""",
        "a float": "pool_leaks = float(pool_leaks)",
    },
    "variants-budget": TRAININGS,
}

"""Wrong answers to the exercises of lesson 4.5.4."""

from tests.course.exercises.mutants import Mutant
from tests.course.exercises.mutants.trainings import trainings


def _edges(title: str, says: str, body: str) -> Mutant:
    source = f"""
def component_log_prob(levels, means, log_scales, num_levels):
    level, half, scale = levels[:, None], 1 / (num_levels - 1), log_scales.exp()
    first, last = level == 0, level == num_levels - 1
    x = 2 * level / (num_levels - 1) - 1
    above, below = (x + half - means) / scale, (x - half - means) / scale

    def ends(bins):
        return torch.where(first, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), bins))

    def stable(above, below):
        upper = F.logsigmoid(above).masked_fill(last, 0)
        lower = F.logsigmoid(-below).masked_fill(first, 0)
        width = torch.log(-torch.expm1(below - above)).masked_fill(first | last, 0)
        return upper + lower + width

    {body}
"""
    return Mutant("variants-edges", title, says=says, source=source)


def _channels(title: str, says: str, moved: str) -> Mutant:
    source = f"""
def channel_log_probs(levels, logits, means, log_scales, slopes, num_levels):
    red, green, blue = (2 * levels / (num_levels - 1) - 1)[:, :, None].unbind(1)
    alpha, beta, gamma = slopes
    log_weights, found = logits.log_softmax(0), []
    for channel, mean in enumerate(({moved})):
        joint = log_weights + in_bins(levels[:, channel], mean, log_scales[channel], num_levels)
        found.append(joint.logsumexp(1))
        log_weights = joint.log_softmax(1)
    return torch.stack(found, dim=1)
"""
    return Mutant("variants-channels", title, says=says, source=source)


def _halve(title: str, says: str, value: str) -> Mutant:
    return Mutant("variants-streams", title, says=says, source=f"def halve(features): return {value}")


MUTANTS = [
    Mutant("variants-counts", "K - 1 logits", "How many logits does one channel take", "def softmax_head(p, C, K): return C * (K - 1) * (p + 1)"),
    Mutant("variants-counts", "one slope for all", "Write down what one component needs", "def mixture_head(p, C, M): return M * (2 + 2 * C) * (p + 1)"),
    Mutant("variants-counts", "too few", "Could there be more levels", "def most_levels(M): return 3 * M"),
    Mutant("variants-counts", "rounded up", "Which of the two needs more", "def most_levels(M): return 10 * M // 3 + 1"),
    Mutant(
        "variants-gate",
        "context along the width",
        says="when asked for",
        source="""
def gate(features, context, V):
    value, opening = (features + context @ V.T).chunk(2, dim=1)
    return value.tanh() * opening.sigmoid()
""",
    ),
    Mutant(
        "variants-link",
        "link without its weights",
        says="Take one layer first",
        source="""
_right = two_stacks
def two_stacks(x, layers):
    identity = [torch.eye(len(layer["link"])).double()[:, :, None, None] for layer in layers]
    return _right(x, [layer | {"link": link} for layer, link in zip(layers, identity)])
""",
    ),
    Mutant("variants-link", "leaks of one layer too many", "from which row on", "link_leaks = own_h * own_depth + 2"),
    Mutant("variants-link", "one too many", "Is your image large enough", "link_blind += 1"),
    Mutant("variants-edges", "the masses exchanged", "and add up probabilities", "published_masses = published_masses[::-1]"),
    Mutant("variants-edges", "as published", "as wide as those of 256", "component_log_prob = published_log_prob"),
    _edges("cut off at 1e-12, as published", "at which the published function stops", "return ends((above.sigmoid() - below.sigmoid()).clamp(min=1e-12).log())"),
    _edges("a plain difference", "without the difference", "return ends((above.sigmoid() - below.sigmoid()).log())"),
    _edges(
        "NaN in the gradient: torch.where between both",
        "Even what `torch.where` does not choose",
        "plain = (above.sigmoid() - below.sigmoid()).log(); return ends(torch.where(plain > -20, plain, stable(above, below)))",
    ),
    _edges("scales detached", "cut off or detached", "return stable(*((x + side - means) / scale.detach() for side in (half, -half)))"),
    _channels("green sees blue", "Red is right", "means[0], means[1] + alpha * blue, means[2] + beta * red + gamma * green"),
    _channels("blue sees red only", "Red and green are right", "means[0], means[1] + alpha * red, means[2] + beta * red"),
    _channels("red sees green", "When red is drawn", "means[0] + alpha * green, means[1], means[2] + beta * red + gamma * green"),
    Mutant(
        "variants-channels",
        "logits forgotten",
        says="Begin with red",
        source="""
_right = channel_log_probs
def channel_log_probs(levels, logits, *rest): return _right(levels, 0 * logits, *rest)
""",
    ),
    Mutant("variants-streams", "no leaks", "Take an image of 2 x 2", "pool_leaks = 0"),
    _halve("pooled", "will be given this cell, too", "F.avg_pool2d(features, 2)"),
    _halve("shifted by two", "you hide more than you must", "F.avg_pool2d(F.pad(features, (2, 0, 2, 0)), 2)[..., : features.shape[2] // 2, : features.shape[3] // 2]"),
    _halve("half of the sum", "Which four features", "2 * F.avg_pool2d(F.pad(features, (1, 0, 1, 0)), 2)"),
    Mutant("variants-streams", "as published", "Those are the published features", "mended_way_up = published_way_up"),
    Mutant(
        "variants-streams",
        "both short-cuts",
        says="which of the four tensors",
        source="""
_right = mended_way_up
def mended_way_up(vertical, horizontal, kept): return _right(vertical, horizontal, [(v, h + v) for v, h in kept])
""",
    ),
]  # fmt: skip
MUTANTS += [
    Mutant("variants-link", "shifts the caller's image", "has changed its argument `x`", "_right = two_stacks\ndef two_stacks(x, layers): found = _right(x, layers); x += 1; return found"),
    Mutant("variants-streams", "pads the caller's features", "has changed its argument `features`", "_right = halve\ndef halve(features): found = _right(features); features[..., 0] = 0; return found"),
    *trainings("variants-budget"),
]  # fmt: skip

"""Wrong answers to the exercises of lesson 4.5.4."""

from tests.course.exercises.mutants import Mutant


def _softmax(title: str, says: str, value: str) -> Mutant:
    return Mutant("variants-counts", title, says=says, source=f"def softmax_head(p, C, K): return {value}")


def _mixture(title: str, says: str, outputs: str, *, each: str = "(p + 1)") -> Mutant:
    source = f"def mixture_head(p, C, M): return ({outputs}) * {each}"
    return Mutant("variants-counts", title, says=says, source=source)


def _levels(title: str, says: str, value: str) -> Mutant:
    return Mutant("variants-counts", title, says=says, source=f"def most_levels(M): return {value}")


def _gate(title: str, says: str, result: str) -> Mutant:
    source = f"""
def gate(features, context, V):
    shift = (context @ V.T)[:, :, None, None]
    f, g = features.chunk(2, dim=1)
    f_c, g_c = (features + shift).chunk(2, dim=1)
    return {result}
"""
    return Mutant("variants-gate", title, says=says, source=source)


def _residual(title: str, says: str, result: str) -> Mutant:
    source = f"""
def residual_gate(below, features):
    f, g = features.chunk(2, dim=1)
    return {result}
"""
    return Mutant("variants-gate", title, says=says, source=source)


def _link(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "lower": "number == 0",
        "further": "number == 0",
        "horizontal": "horizontal + mixed if number else mixed",
        "before": "row + F.conv2d(rows, layer['link'])",
    } | changes
    source = f"""
def two_stacks(x, layers):
    vertical = horizontal = x
    for number, layer in enumerate(layers):
        h, lower, further = layer["vertical"].shape[2] - 1, int({parts["lower"]}), int({parts["further"]})
        rows = F.conv2d(F.pad(vertical, (h, h, h + lower, -lower)), layer["vertical"])
        row = F.conv2d(F.pad(horizontal, (h + further, -further, 0, 0)), layer["horizontal"])
        mixed = F.conv2d(opened({parts["before"]}), layer["mix"])
        vertical, horizontal = opened(rows), {parts["horizontal"]}
    return horizontal
"""
    return Mutant("variants-link", title, says=says, source=source)


def _number(exercise: str, title: str, says: str, assignment: str) -> Mutant:
    return Mutant(exercise, title, says=says, source=assignment)


def _edges(title: str, says: str, body: str) -> Mutant:
    source = f"""
def component_log_prob(levels, means, log_scales, num_levels):
    level, half, scale = levels[:, None], 1 / (num_levels - 1), log_scales.exp()
    first, last = level == 0, level == num_levels - 1
    x = 2 * level / (num_levels - 1) - 1

    def ends(half):
        return (x + half - means) / scale, (x - half - means) / scale

    above, below = ends(half)

    def stable(above, below, first, last):
        upper = F.logsigmoid(above).masked_fill(last, 0)
        lower = F.logsigmoid(-below).masked_fill(first, 0)
        width = torch.log(-torch.expm1(below - above)).masked_fill(first | last, 0)
        return upper + lower + width

    {body}
"""
    return Mutant("variants-edges", title, says=says, source=source)


def _channels(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "numbers": "2 * levels / (num_levels - 1) - 1",
        "slopes": "slopes",
        "moved": "means[0], means[1] + alpha * red, means[2] + beta * red + gamma * green",
        "first": "logits.log_softmax(0)",
        "found": "joint.logsumexp(1)",
        "next": "joint.log_softmax(1)",
        "result": "torch.stack(found, dim=1)",
    } | changes
    source = f"""
def channel_log_probs(levels, logits, means, log_scales, slopes, num_levels):
    red, green, blue = ({parts["numbers"]})[:, :, None].unbind(1)
    alpha, beta, gamma = {parts["slopes"]}
    prior = log_weights = {parts["first"]}
    found = []
    for channel, mean in enumerate(({parts["moved"]})):
        bins = in_bins(levels[:, channel], mean, log_scales[channel], num_levels)
        joint = log_weights + bins
        found.append({parts["found"]})
        log_weights = {parts["next"]}
    return {parts["result"]}
"""
    return Mutant("variants-channels", title, says=says, source=source)


def _halve(title: str, says: str, value: str) -> Mutant:
    return Mutant("variants-streams", title, says=says, source=f"def halve(features): return {value}")


def _way_up(title: str, says: str, horizontal: str, *, order: str = "reversed(kept)") -> Mutant:
    source = f"""
def mended_way_up(vertical, horizontal, kept):
    for v, h in {order}:
        old, vertical = vertical, vertical + down(vertical) + v
        horizontal = {horizontal}
    return horizontal
"""
    return Mutant("variants-streams", title, says=says, source=source)


MUTANTS = [
    _softmax("outputs of the softmax only", "Those are the outputs", "C * K"),
    _softmax("no biases in the softmax", "You count the weights", "C * K * p"),
    _softmax("one bias", "Does a single bias do", "C * K * p + 1"),
    _softmax("one softmax", "That is one channel", "K * (p + 1)"),
    _softmax("a softmax over colours", "all colours at once", "K**C * (p + 1)"),
    _softmax("3x3", "How many pixels does a 1x1", "9 * C * K * (p + 1)"),
    _softmax("K - 1 logits", "How many logits does one channel take", "C * (K - 1) * (p + 1)"),
    _mixture("outputs of the mixture only", "Those are the outputs", "M * (1 + 2 * C + C * (C - 1) // 2)", each="1"),
    _mixture("no biases in the mixture", "You count the weights", "M * (1 + 2 * C + C * (C - 1) // 2)", each="p"),
    _mixture("channels by themselves", "a mixture for each channel by itself", "3 * M * C"),
    _mixture("3 C + 1 for any C, as published", "For three channels you are right", "M * (3 * C + 1)"),
    _mixture("slopes on every channel", "a slope for each channel on each", "M * (1 + 2 * C + C * C)"),
    _mixture("pairs twice", "You count each pair twice", "M * (1 + 2 * C + C * (C - 1))"),
    _mixture("indicator for each channel", "an indicator of its own", "M * (3 * C + C * (C - 1) // 2)"),
    _mixture("no slopes", "Where are the slopes", "M * (1 + 2 * C)"),
    _mixture("only the channel before", "Blue moves with red, too", "M * (1 + 2 * C + C - 1)"),
    _mixture("components share all", "Do all components share", "M + 2 * C + C * (C - 1) // 2"),
    _mixture("one slope for all", "Write down what one component needs", "M * (2 + 2 * C)"),
    _levels("one channel", "How many channels does the softmax", "10 * M"),
    _levels("too few", "Could there be more levels", "3 * M"),
    _levels("rounded up", "Which of the two needs more", "10 * M // 3 + 1"),
    _gate("halves exchanged", "Values come first", "g_c.tanh() * f_c.sigmoid()"),
    _gate("every other feature", "every other feature", "(features + shift)[:, ::2].tanh() * (features + shift)[:, 1::2].sigmoid()"),
    _gate("two sigmoids", "The value is a tanh", "f_c.sigmoid() * g_c.sigmoid()"),
    _gate("two tanhs", "turn a sign around", "f_c.tanh() * g_c.tanh()"),
    _gate("no tanh", "Where is the tanh", "f_c * g_c.sigmoid()"),
    _gate("tanh of the product", "before it meets the gate", "(f_c * g_c.sigmoid()).tanh()"),
    _gate("no context", "takes no notice of the context", "f.tanh() * g.sigmoid()"),
    _gate("context in the values only", "but not your gates", "f_c.tanh() * g.sigmoid()"),
    _gate("context in the gates only", "but not your values", "f.tanh() * g_c.sigmoid()"),
    _gate("context after the gate", "after the gate", "f.tanh() * g.sigmoid() + shift[:, : f.shape[1]]"),
    Mutant(
        "variants-gate",
        "one context for all",
        says="the first one for all",
        source="_right = gate\ndef gate(features, context, V): return _right(features, context[:1], V)",
    ),
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
    _residual("tanh", "without a tanh", "below + f.tanh() * g.sigmoid()"),
    _residual("not residual", "Where is what came from below", "f * g.sigmoid()"),
    _residual("highway", "how much of `below` stays", "below * (1 - g.sigmoid()) + f * g.sigmoid()"),
    _residual("gate on below", "opens and closes `below`", "below * g.sigmoid() + f"),
    _residual("gate on both", "It passes around", "(below + f) * g.sigmoid()"),
    _residual("halves of the residual exchanged", "Values come first", "below + g * f.sigmoid()"),
    _residual("two sigmoids in the residual", "If the gate is shut", "below + f.sigmoid() * g.sigmoid()"),
    _link("vertical never shifted", "has looked at its own row", lower="False"),
    _link("horizontal never shifted", "ends at the pixel itself in the first layer", further="False"),
    _link("neither shifted", "both of your windows", lower="False", further="False"),
    _link("first layer residual", "adds its input, the image itself", horizontal="horizontal + mixed"),
    _link("vertical shifted in every layer, as published", "This is the published bug", lower="True"),
    _link("both shifted in every layer", "Your windows end before the pixel in every layer", lower="True", further="True"),
    _link("horizontal shifted in every layer", "Your horizontal window ends before", further="True"),
    _link("not residual", "is not residual", horizontal="mixed"),
    _link("no link", "never heard of the vertical one", before="row"),
    _link(
        "residual before the mix",
        "It passes around the `mix`",
        before="row + F.conv2d(rows, layer['link'])",
        horizontal="F.conv2d(opened(row + F.conv2d(rows, layer['link'])) + (horizontal if number else 0), layer['mix'])",
    ),
    _link("link without its weights", "Take one layer first", before="row + rows"),
    _number("variants-link", "leaks without the pixel itself", "Does the pixel see itself", "link_leaks = own_h * own_depth"),
    _number("variants-link", "the whole own row", "You count the whole own row", "link_leaks = 2 * own_h * own_depth + 1"),
    _number("variants-link", "the first layer's leaks", "what the first layer does", "link_leaks = own_h + 1"),
    _number("variants-link", "no leaks", "Has it looked at its own row", "link_leaks = 0"),
    _number("variants-link", "leaks of one layer too many", "from which row on", "link_leaks = own_h * own_depth + 2"),
    _number("variants-link", "no blind spot", "By which steps can it be reached", "link_blind = 0"),
    _number("variants-link", "difference of counts", "You subtract one count", "link_blind = len(field([True] * own_depth)) - len(once)"),
    _number("variants-link", "seen in addition", "it reaches higher", "link_blind = len(field([True] * own_depth) - once)"),
    _number("variants-link", "all that differs", "it reaches higher", "link_blind = len(field([True] * own_depth) ^ once)"),
    _number("variants-link", "the published field", "how many pixels the published network sees", "link_blind = len(field([True] * own_depth))"),
    _number("variants-link", "one too many", "Is your image large enough", "link_blind = len(once - field([True] * own_depth)) + 1"),
    _number("variants-edges", "ones", "So it should be", "published_masses = [1.0, 1.0]"),
    _number("variants-edges", "the masses exchanged", "and add up probabilities", "published_masses = published_masses[::-1]"),
    _number(
        "variants-edges",
        "logarithms added",
        "You add up logarithms",
        "published_masses = [published_log_prob(torch.arange(k).double(), one_mean, one_log_scale, k).sum() for k in (few, 4096)]",
    ),
    Mutant(
        "variants-edges",
        "as published",
        says="as wide as those of 256",
        source="component_log_prob = published_log_prob",
    ),
    _edges(
        "ends by number",
        "which levels do you take for an end",
        "bins = (above.sigmoid() - below.sigmoid()).clamp(min=1e-12).log()\n"
        "    return torch.where(x < -0.999, F.logsigmoid(above), torch.where(x > 0.999, F.logsigmoid(-below), bins))",
    ),
    _edges("bins of 256 levels", "as wide as those of 256", "return stable(*ends(1 / 255), first, last)"),
    _edges("K gaps", "leave K - 1 gaps", "return stable(*ends(1 / num_levels), first, last)"),
    _edges("overlapping bins", "Your bins overlap", "return stable(*ends(2 * half), first, last)"),
    _edges("gaps between bins", "There are gaps", "return stable(*ends(half / 2), first, last)"),
    _edges("ends like others", "gets lost", "return stable(above, below, first & last, first & last)"),
    _edges("probabilities", "Those are probabilities", "return stable(above, below, first, last).exp()"),
    _edges("bits", "Those are bits", "return stable(above, below, first, last) / math.log(2)"),
    _edges("normalised over the levels", "happen to be asked for", "return stable(above, below, first, last).log_softmax(0)"),
    _edges(
        "log scales for scales",
        "for scales, or the other way round",
        "scale = scale.exp(); return stable(*((x + side - means) / scale for side in (half, -half)), first, last)",
    ),
    _edges(
        "multiplied by the scale",
        "or divide by it",
        "return stable(*((x + side - means) * scale for side in (half, -half)), first, last)",
    ),
    _edges(
        "cut off at 1e-12, as published",
        "at which the published function stops",
        "bins = (above.sigmoid() - below.sigmoid()).clamp(min=1e-12).log()\n"
        "    return torch.where(first, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), bins))",
    ),
    _edges(
        "a plain difference",
        "without the difference",
        "bins = (above.sigmoid() - below.sigmoid()).log()\n"
        "    return torch.where(first, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), bins))",
    ),
    _edges(
        "NaN in the gradient: torch.where between both",
        "Even what `torch.where` does not choose",
        "plain = (above.sigmoid() - below.sigmoid()).log()\n"
        "    inner = torch.where(plain > -20, plain, stable(above, below, first, last))\n"
        "    return torch.where(first, F.logsigmoid(above), torch.where(last, F.logsigmoid(-below), inner))",
    ),
    _edges("scales detached", "cut off or detached", "scale = scale.detach(); return stable(*ends(half), first, last)"),
    _channels("own indicators", "had drawn an indicator of its own", next="prior"),
    _channels("blue forgets red", "have forgotten red", next="(prior + bins).log_softmax(1)"),
    _channels("weights know the channel itself", "Yours know the channel itself", found="(joint.log_softmax(1) + bins).logsumexp(1)"),
    _channels("joints", "Asked is what each channel adds", next="joint"),
    _channels("weights never normalised", "for each channel anew", first="logits", next="joint"),
    _channels("first weights not normalised", "Do your weights for red", first="logits"),
    _channels("no slopes", "Your means do not move", moved="*means,"),
    _channels("slopes times levels", "You multiply slopes by levels", numbers="levels"),
    _channels("numbers from 0 to 1", "numbers from 0 to 1", numbers="levels / (num_levels - 1)"),
    _channels("numbers with K", "The last of K levels", numbers="2 * levels / num_levels - 1"),
    _channels("beta and gamma exchanged", "You have exchanged them", slopes="slopes[[0, 2, 1]]"),
    _channels("slopes of blue first", "In which row are the slopes of green", slopes="slopes[[2, 0, 1]]"),
    _channels("a row twice", "which row have you used twice", slopes="slopes[[0, 0, 1]]"),
    _channels("slopes squashed again", "no tanh once more", slopes="slopes.tanh()"),
    _channels(
        "blue moves with the mean of green",
        "moves with the *mean* of green",
        moved="means[0], means[1] + alpha * red, means[2] + beta * red + gamma * (means[1] + alpha * red)",
    ),
    _channels(
        "the likeliest component",
        "the likeliest component alone",
        found="bins.gather(1, log_weights.expand_as(bins).argmax(1, keepdim=True)).squeeze(1)",
    ),
    _channels("probabilities", "Those are probabilities", result="torch.stack(found, dim=1).exp()"),
    _channels("green sees blue", "Red is right", moved="means[0], means[1] + alpha * blue, means[2] + beta * red + gamma * green"),
    _channels("blue sees red only", "Red and green are right", moved="means[0], means[1] + alpha * red, means[2] + beta * red"),
    _channels("red sees green", "When red is drawn", moved="means[0] + alpha * green, means[1], means[2] + beta * red + gamma * green"),
    _channels("logits forgotten", "Begin with red", first="torch.zeros_like(logits).log_softmax(0)"),
    Mutant(
        "variants-channels",
        "blue first",
        says="You begin with blue",
        source="""
_right = channel_log_probs
def channel_log_probs(levels, logits, means, log_scales, slopes, num_levels):
    return _right(levels.flip(1), logits, means.flip(0), log_scales.flip(0), slopes, num_levels).flip(1)
""",
    ),
    _number("variants-streams", "the pixel itself is no leak", "Does a pixel see itself", "pool_leaks = own_height * own_width // 4 * (2 * own_width - 1)"),
    _number("variants-streams", "one cell", "How many cells are there", "pool_leaks = 2 * own_width + 2"),
    _number("variants-streams", "a pair for each pixel", "You count one pair for each", "pool_leaks = own_height * own_width // 4 * 3"),
    _number("variants-streams", "within the cell", "the pixels of the same cell only", "pool_leaks = own_height * own_width // 4 * 6"),
    _number("variants-streams", "lower right pixel known", "comes *before* it", "pool_leaks = own_height * own_width // 4 * (2 * own_width + 6)"),
    _number("variants-streams", "first pixel only", "What of the others", "pool_leaks = own_height * own_width // 4 * (own_width + 1)"),
    _number("variants-streams", "no leaks", "Take an image of 2 x 2", "pool_leaks = 0"),
    _halve("pooled", "will be given this cell, too", "F.avg_pool2d(features, 2)"),
    _halve("shifted down only", "will be given this cell, too", "F.avg_pool2d(F.pad(features, (0, 0, 1, 0)), 2)"),
    _halve("shifted by two", "you hide more than you must", "F.avg_pool2d(F.pad(features, (2, 0, 2, 0)), 2)[..., : features.shape[2] // 2, : features.shape[3] // 2]"),
    _halve("the corner only", "the one feature at the upper left", "features[..., ::2, ::2]"),
    _halve("sums", "That is the sum", "4 * F.avg_pool2d(F.pad(features, (1, 0, 1, 0)), 2)"),
    _halve("edge divided by what is there", "At the edge, too", "F.avg_pool2d(features, 2, padding=1, count_include_pad=False)[..., : features.shape[2] // 2, : features.shape[3] // 2]"),
    _halve("maximum", "the largest of the four", "F.max_pool2d(F.pad(features, (1, 0, 1, 0)), 2)"),
    _halve("edge repeated", "At the edge, too", "F.avg_pool2d(F.pad(features, (1, 0, 1, 0), mode='replicate'), 2)"),
    _halve("half of the sum", "Which four features", "2 * F.avg_pool2d(F.pad(features, (1, 0, 1, 0)), 2)"),
    Mutant(
        "variants-streams",
        "as published",
        says="Those are the published features",
        source="mended_way_up = published_way_up",
    ),
    _way_up("vertical passes around", "Which one passes around", "vertical + right(horizontal) + vertical + h"),
    _way_up("vertical convolved", "Which one do you convolve", "horizontal + right(vertical) + vertical + h"),
    _way_up("not residual", "Is it residual", "right(horizontal) + vertical + h"),
    _way_up("the other short-cut", "has a short-cut of its own", "horizontal + right(horizontal) + vertical + v"),
    _way_up("no short-cut", "nothing from the way down", "horizontal + right(horizontal) + vertical"),
    _way_up("short-cuts forwards", "the mirror image", "horizontal + right(horizontal) + vertical + h", order="kept"),
    _way_up("told of the old", "what it had before", "horizontal + right(horizontal) + old + h"),
    _way_up("not told", "is not told of the vertical one", "horizontal + right(horizontal) + h"),
    _way_up("both short-cuts", "which of the four tensors", "horizontal + right(horizontal) + vertical + v + h"),
]  # fmt: skip

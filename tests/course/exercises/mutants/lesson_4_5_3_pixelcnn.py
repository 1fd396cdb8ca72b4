"""Wrong answers to the exercises of lesson 4.5.3."""

from tests.course.exercises.mutants import Mutant


def _mask(title: str, says: str, body: str) -> Mutant:
    """`body` changes the right mask, or makes another; above and left are its slices."""
    source = f"""
def my_mask(height, width, mask_type):
    h, w = height // 2, width // 2
    mask = torch.zeros(height, width, dtype=torch.bool)
    mask[:h] = True
    mask[h, :w] = True
    mask[h, w] = mask_type == "B"
    {body}
    return mask
"""
    return Mutant("pixelcnn-masks", title, says=says, source=source)


def _bits(title: str, says: str, body: str) -> Mutant:
    source = f"def bits_per_dim(log_prob, event_shape):\n    size = math.prod(event_shape)\n    return {body}"
    return Mutant("pixelcnn-bits", title, says=says, source=source)


def _bytes(title: str, says: str, body: str) -> Mutant:
    source = f"def compressed_bytes(bits, shape, n):\n    size = math.prod(shape)\n    return {body}"
    return Mutant("pixelcnn-bits", title, says=says, source=source)


def _colours(title: str, says: str, centre: str, *, rest: str = "") -> Mutant:
    source = f"""
def colour_mask(above, below, kernel_size, mask_type):
    half = kernel_size // 2
    mask = torch.zeros(len(above), len(below), kernel_size, kernel_size, dtype=torch.bool)
    mask[:, :, :half] = True
    mask[:, :, half, :half] = True
    groups = above.unsqueeze(1)
    right = groups > below if mask_type == "A" else groups >= below
    mask[:, :, half, half] = {centre}
    {rest}
    return mask
"""
    return Mutant("pixelcnn-colours", title, says=says, source=source)


def _sees(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "masks": "masks",
        "mask": "mask",
        "inside": "0 <= y < height and 0 <= x < width",
        "pixel": "y * width + x",
        "found": "layer @ found",
        "result": "found > 0",
    } | changes
    source = f"""
def sees(masks, height, width):
    found = torch.eye(height * width, dtype=torch.float64)
    any_layer = torch.zeros_like(found)
    for mask in {parts["masks"]}:
        mask, half, layer = {parts["mask"]}, len(mask) // 2, torch.zeros_like(found)
        for row, column in mask.nonzero().tolist():
            for i, j in itertools.product(range(height), range(width)):
                y, x = i + row - half, j + column - half
                if {parts["inside"]}:
                    layer[i * width + j, {parts["pixel"]}] = 1
        any_layer += layer
        found = {parts["found"]}
    return {parts["result"]}
"""
    return Mutant("pixelcnn-blind-spot", title, says=says, source=source)


def _count(title: str, says: str, result: str, *, first: str = '"A"', later: str = '"B"', columns: str = "2 * reach + 1", place: str = "reach") -> Mutant:  # fmt: skip
    source = f"""
def blind_count(kernel_sizes):
    L, halves = len(kernel_sizes), [size // 2 for size in kernel_sizes]
    masks = [pixel_mask(size, {later} if number else {first})[0, 0] for number, size in enumerate(kernel_sizes)]
    reach = sum(halves)
    height, width = reach + 1, {columns}
    pixel = reach * width + {place}
    seen = sees(masks, height, width)[pixel]
    return {result}
"""
    return Mutant("pixelcnn-blind-spot", title, says=says, source=source)


def _seen(title: str, says: str, numbers: str) -> Mutant:
    return Mutant("pixelcnn-one-by-one", title, says=says, source=f"seen_published = {numbers}")


def _logits(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "both": "features.repeat(2)",
        "first": 'pixel_mask(kernel, "A", both, pixel)',
        "gate": "torch.tanh(hidden[:, :width]) * torch.sigmoid(hidden[:, width:])",
        "middle": 'pixel_mask(1, "B", features, features)',
        "last": 'pixel_mask(1, "B", pixel, features)',
    } | changes
    source = f"""
def mended_logits(x, weights, biases):
    kernel, colours = weights[0].shape[-1], x.shape[1]
    width = len(weights[0]) // 2
    pixel, features = group(colours, colours), group(width, colours)
    both = {parts["both"]}
    hidden = masked(x, weights[0], biases[0], {parts["first"]})
    hidden = {parts["gate"]}
    hidden = masked(hidden, weights[1], biases[1], {parts["middle"]})
    return masked(hidden, weights[2], biases[2], {parts["last"]})
"""
    return Mutant("pixelcnn-one-by-one", title, says=says, source=source)


def _missed(
    title: str, says: str, *, mask: str = "mask", ordering: str = "ordering", result: str = ""
) -> Mutant:
    source = f"""
def missed(mask, ordering):
    in_order = ({mask}).flatten()[{ordering}].long()
    after = torch.empty_like(in_order)
    after[{ordering}] = in_order.sum() - in_order.cumsum(0)
    after = after.view(mask.shape)
    return {result or f"after.masked_fill({mask}, 0)"}
"""
    return Mutant("pixelcnn-completion", title, says=says, source=source)


def _drawn(title: str, says: str, body: str) -> Mutant:
    source = f"def drawn_log_prob(model, x, mask):\n    return {body}"
    return Mutant("pixelcnn-completion", title, says=says, source=source)


def _exact(title: str, says: str, result: str, *, fills: str = "~mask") -> Mutant:
    source = f"""
def exact_log_prob(model, x, mask):
    totals = []
    for bits in itertools.product([0.0, 1.0], repeat=int(({fills}).sum())):
        filled = x.clone()
        filled[:, {fills}] = torch.tensor(bits, dtype=x.dtype)
        totals.append(model.log_prob(filled))
    log_prob, totals = model.log_prob(x), torch.stack(totals)
    return {result}
"""
    return Mutant("pixelcnn-completion", title, says=says, source=source)


MUTANTS = [
    Mutant(
        "pixelcnn-masks",
        "j-min/PixelCNN #3: in mask B the centre's row is cleared, not those below it",
        says="Which of the two was to go",
        source="""
def my_mask(height, width, mask_type):
    mask = torch.ones(height, width, dtype=torch.bool)
    if mask_type == "A":
        mask[height // 2, width // 2 :] = False
        mask[height // 2 + 1 :] = False
    else:
        mask[height // 2] = False
    return mask
""",
    ),
    _mask("types exchanged", "the mask of the other type", 'mask[h, w] = mask_type == "A"'),
    _mask("B first and always", "the mask of the other type", "mask[h, w] = True"),
    _mask("A everywhere, as rosinality/vq-vae-2-pytorch #31", "the mask of the other type", "mask[h, w] = False"),
    _mask("left forgotten", "has been read, too", "mask[h, :w] = False"),
    _mask("right of the centre kept", "Has that been read", "mask[h, w + 1:] = True"),
    _mask("upside down", "It keeps exactly what must go", "mask = ~mask"),
    _mask(
        "turned round, as if torch flipped filters", "down and to the right", "mask = mask.flip(0, 1)"
    ),
    _mask(
        "columns first",
        "read column by column",
        'mask = torch.zeros_like(mask); mask[:, :w] = True; mask[:h, w] = True; mask[h, w] = mask_type == "B"',
    ),
    _mask("one row too many", "When in the raster does that come", "mask[h + 1:h + 2] = True"),
    _mask("nearest row above hidden", "Has that been read", "mask[max(h - 1, 0):h] = False"),
    _mask("no 1×1 of type B", "the mask of the other type", "mask[h, w] &= height > 1"),
    _mask("squares only", "has the shape", "mask = mask if height == width else mask.new_zeros(height, height)"),
    _mask("middle column from the height", "It hides", "mask[h, h:w] = False"),
    _mask("weights, not ones", "and nothing else", "mask = mask * 2"),
    _bits("nats per dimension", "Those are nats per dimension", "-log_prob.mean() / size"),
    _bits("times log 2", "Which is more, a nat or a bit", "-log_prob.mean() / size * math.log(2)"),
    _bits("negative", "It is negative", "log_prob.mean() / size / math.log(2)"),
    _bits("per pixel", "bits per pixel", "-log_prob.mean() / (event_shape[1] * event_shape[2] * math.log(2))"),
    _bits("per image", "bits per image", "-log_prob.mean() / math.log(2)"),
    _bits("sum over images", "A mean is due", "-log_prob.sum() / size / math.log(2)"),
    _bits("divided by N twice", "once too often", "-log_prob.mean() / len(log_prob) / size / math.log(2)"),
    _bits("number of axes", "the number of its axes", "-log_prob.mean() / len(event_shape) / math.log(2)"),
    _bits("one for each image", "one number is due", "-log_prob / size / math.log(2)"),
    _bits("log 10", "How many bits does each", "-log_prob.mean() / size / math.log(10)"),
    _bytes("bits", "make a byte", "bits * size * n"),
    _bytes("one image", "That is one image", "bits * size / 8"),
    _bytes("pixels", "You count pixels", "bits * shape[1] * shape[2] * n / 8"),
    _bytes("nats in bytes", "turn bits into nats", "bits * math.log(2) * size * n / 8"),
    _bytes("bits once more", "these are bits already", "bits / math.log(2) * size * n / 8"),
    _bytes("no dimensions", "one variable of each image", "bits * n / 8"),
    _colours(
        "A hides the whole pixel, as carpedm20/pixel-rnn-tensorflow #4 and many others",
        "every colour of the pixel itself",
        'right if mask_type == "B" else False',
    ),
    _colours("B shows the whole pixel", "as for a grey image", 'right if mask_type == "A" else True'),
    _colours("A everywhere", "the centre of the other mask", "groups > below"),
    _colours("B first", "the centre of the other mask", "groups >= below"),
    _colours("B, G, R", "the order blue, green, red", "(groups < below) | ((groups == below) & (mask_type == 'B'))"),
    _colours("above and below exchanged", "the order blue, green, red", 'below > groups if mask_type == "A" else below >= groups'),
    _colours("own group alone", "What of the colours before it", 'right if mask_type == "A" else groups == below'),
    _colours(
        "three blocks of its own, as published",
        "three blocks by yourself",
        "[(a := torch.arange(len(above)).unsqueeze(1) * 3 // len(above)), (b := torch.arange(len(below)) * 3 // len(below)), "
        'a > b if mask_type == "A" else a >= b][2]',
    ),
    _colours(
        "features by number",
        "Their groups count",
        '[(a := torch.arange(len(above)).unsqueeze(1)), (b := torch.arange(len(below))), a > b if mask_type == "A" else a >= b][2]',
    ),
    _colours("colours of earlier pixels hidden", "which colours are known", "right", rest="mask &= right[:, :, None, None]"),
    _colours("looks ahead", "not of its colours", "right", rest="mask[:, :, half, half + 1:] = True"),
    _colours("later rows for later colours", "not of its colours", "right", rest="mask[:, :, half + 1:] = right[:, :, None, None]"),
    _colours(
        "two groups only",
        "What does each of the two know",
        'groups.clamp(max=1) > below.clamp(max=1) if mask_type == "A" else groups.clamp(max=1) >= below.clamp(max=1)',
    ),
    _sees("rows and columns exchanged", "in its columns", result="(found > 0).T"),
    _sees("filters turned round", "filters are turned round", mask="mask.flip(0, 1)"),
    _sees("wraps around", "at the other side of the image", inside="True", pixel="y % height * width + x % width"),
    _sees("reverse order", "in the reverse order", found="found @ layer"),
    _sees("any layer", "That is what any *one*", result="any_layer > 0"),
    _sees("last layer", "That is the last layer alone", found="layer"),
    _sees("first layer", "That is the first layer alone", masks="masks[:1]"),
    _sees("odd numbers of paths", "an even number of paths", result="found % 2 > 0"),
    _sees("single paths", "several paths", result="found == 1"),
    _sees("rows run on", "Which tap of which mask leads there", inside="0 <= y * width + x < height * width"),
    _sees("row above the first lost", "There is a path", inside="0 < y < height and 0 <= x < width"),
    _count("mask A in every layer, as rosinality/vq-vae-2-pytorch #31", "every layer has mask A", "int((~seen[:pixel]).sum())", later='"A"'),
    _count("the pixel itself", "Do you count the pixel itself", "int((~seen[:pixel + 1]).sum())"),
    _count("what is seen", "the pixels that it sees", "int(seen[:pixel].sum())"),
    _count("all earlier ones", "all earlier pixels", "pixel"),
    _count("to the right of it", "in the pixel's own row", "int((~seen).sum())"),
    _count("the whole square", "You count the whole square", "width * width - int(seen.sum())"),
    _count("the lesson's formula, first kernel", "Do all layers have that", "halves[0] * L * (L - 1) // 2"),
    _count("the lesson's formula, last kernel", "Do all layers have that", "halves[-1] * L * (L - 1) // 2"),
    _count("the lesson's formula, largest kernel", "Do all layers have that", "max(halves) * L * (L - 1) // 2"),
    _count("at the right margin of a square image", "there are more", "int((~seen[:pixel]).sum())", columns="reach + 1"),
    _count("mean kernel", "there are", "sum(halves) * (L - 1) // 2"),
    _count("a column too many", "there are fewer", "int((~seen[:pixel]).sum()) + 2"),
    _seen("a sound network's numbers", "A sound network would see them", "[past, 3 * past, 3 * past + 1, 3 * past + 2]"),
    _seen("red believed", "A sound network would see them", "[0, 3 * past, 3 * past, 3 * past + 1]"),
    _seen("green sees red", "A sound network would see them", "[0, 0, 3 * past + 1, 3 * past + 2]"),
    _seen("blue sees green", "A sound network would see them", "[0, 0, 3 * past, 3 * past + 2]"),
    _seen("pixels", "holds three variables", "[0, 0, past, past + 1]"),
    _seen("no red for blue", "What do those know", "[0, 0, 3 * past, 3 * past]"),
    _seen("grey sees itself", "How many weights", "[1, 0, 3 * past, 3 * past + 1]"),
    _seen("whole kernel", "come before its centre", "[0, 0, 3 * kernel**2, 3 * past + 1]"),
    _logits(
        "anordertoreclaim/PixelCNN, unchanged: type A twice",
        "What does its 1×1 layer hide",
        both="group(2 * width, colours)",
        middle='pixel_mask(1, "A", features, features)',
    ),
    _logits("the gate alone mended", "still hides a feature from itself", middle='pixel_mask(1, "A", features, features)'),
    _logits("anordertoreclaim/PixelCNN with the 1×1 mended: leaks by its width", "Look at the gate", both="group(2 * width, colours)"),
    _logits("1×1 without masks, the repair of anantzoid #9", "It is the same pixel", middle="1"),
    _logits("outputs without masks", "It is the same pixel", last="1"),
    _logits("mask B first", "It is the same pixel", first='pixel_mask(kernel, "B", both, pixel)'),
    _logits("no first mask", "are the weights of the first layer masked", first="1"),
    _logits("mask A last", "Which of your three layers hides it", last='pixel_mask(1, "A", pixel, features)'),
    _logits("all groups strict", "Which of your three layers hides it", first='pixel_mask(kernel, "A", both, pixel) & (pixel_mask(1, "A", both, pixel))'),
    _logits("halves in blocks of unequal groups", "It is the same pixel", both="(torch.arange(2 * width) * colours // (2 * width))"),
    _logits("pairs side by side in the groups, not in the gate", "It is the same pixel", both="features.repeat_interleave(2)"),
    _missed("raster", "You seem to go by the raster", ordering="torch.arange(len(ordering))"),
    _missed("inverse", "`ordering[k]` is the pixel", ordering="torch.argsort(ordering)"),
    _missed("earlier", "come *earlier*", ordering="ordering.flip(0)"),
    _missed("True for unknown", "True for unknown", mask="~mask"),
    _missed("known ones too", "A pixel that is known is not drawn", result="after"),
    _missed("every later pixel", "You count unknown pixels", mask="torch.ones_like(mask)", result="after.masked_fill(mask, 0)"),
    _missed("all known ones", "which known pixels come after it", result="mask.sum().expand(mask.shape).masked_fill(mask, 0)"),
    _drawn("all pixels", "the conditionals of all pixels", "model.log_prob(x)"),
    _drawn("the known ones", "Are they drawn", "(model.conditionals(x).log_prob(x) * mask).flatten(1).sum(1)"),
    _drawn("exact", "Does a sampler in raster order know", "exact_log_prob(model, x, mask)"),
    _drawn("drawn pixels unseen", "zeros in the place", "(model.conditionals(x * mask).log_prob(x) * ~mask).flatten(1).sum(1)"),
    _drawn("known pixels unseen", "do not see the known pixels", "(model.conditionals(x * ~mask).log_prob(x) * ~mask).flatten(1).sum(1)"),
    _drawn("probability of what is drawn", "its logarithm is due", "(model.conditionals(x).log_prob(x) * ~mask).flatten(1).sum(1).exp()"),
    _drawn("a mean", "pixels are drawn", "model.conditionals(x).log_prob(x)[:, ~mask].mean(1)"),
    _exact("what is drawn", "That is what the sampler draws", "drawn_log_prob(model, x, mask)"),
    _exact("the whole image", "The known pixels are given", "log_prob"),
    _exact("the other pixels filled", "you fill the other pixels", "log_prob - totals.logsumexp(0)", fills="mask"),
    _exact("no numerator", "Where is the image itself", "-totals.logsumexp(0)"),
    _exact("denominator alone", "the denominator", "totals.logsumexp(0)"),
    _exact("denominator added", "It is a denominator", "log_prob + totals.logsumexp(0)"),
    _exact("exact probability", "its logarithm is due", "(log_prob - totals.logsumexp(0)).exp()"),
    _exact("over the batch", "normalise over the images in the batch", "log_prob.log_softmax(0)"),
    _exact("sum of logarithms", "pixels are drawn", "log_prob - totals.sum(0)"),
]  # fmt: skip

"""Wrong answers to the exercises of lesson 4.5.3."""

from tests.course.exercises.mutants import Mutant
from tests.course.exercises.mutants.trainings import trainings


def _mask(title: str, says: str, change: str) -> Mutant:
    """``change`` is made to the right mask; h and w are the row and the column of its centre."""
    source = f"""
_right = my_mask
def my_mask(height, width, mask_type):
    mask, h, w = _right(height, width, mask_type), height // 2, width // 2
    {change}
    return mask
"""
    return Mutant("pixelcnn-masks", title, says=says, source=source)


def _colours(title: str, says: str, change: str) -> Mutant:
    """``change`` is made to the right mask; `half` is the row and the column of its centre."""
    source = f"""
_right = colour_mask
def colour_mask(above, below, kernel_size, mask_type):
    mask, half = _right(above, below, kernel_size, mask_type), kernel_size // 2
    {change}
    return mask
"""
    return Mutant("pixelcnn-colours", title, says=says, source=source)


def _sees(title: str, says: str, inside: str) -> Mutant:
    """``inside``: whether a layer's pixel reads what lies in row y and column x."""
    source = f"""
def sees(masks, height, width):
    found = torch.eye(height * width, dtype=torch.float64)
    for mask in masks:
        half, layer = len(mask) // 2, torch.zeros_like(found)
        for row, column in mask.nonzero().tolist():
            for i, j in itertools.product(range(height), range(width)):
                y, x = i + row - half, j + column - half
                if {inside}:
                    layer[i * width + j, y * width + x] = 1
        found = layer @ found
    return found > 0
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


MUTANTS = [
    Mutant(
        "pixelcnn-masks",
        "j-min/PixelCNN #3: in mask B the centre's row is cleared, not those below it",
        says="Which of the two should go",
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
    _mask("one row too many", "When in the raster does that come", "mask[h + 1:h + 2] = True"),
    _mask("nearest row above hidden", "Has that been read", "mask[max(h - 1, 0):h] = False"),
    _mask("no 1×1 of type B", "It hides the centre", "mask[h, w] &= height > 1"),
    _mask("squares only", "has the shape", "mask = mask if height == width else mask.new_zeros(height, height)"),
    _mask("middle column from the height", "It hides", "mask[h, h:w] = False"),
    _mask("weights, not ones", "and nothing else", "mask = mask * 2"),
    Mutant("pixelcnn-bits", "one for each image", "one number is due", "def bits_per_dim(log_prob, event_shape): return -log_prob / math.prod(event_shape)"),
    Mutant("pixelcnn-bits", "log 10", "variables there", "_right = bits_per_dim\ndef bits_per_dim(*case): return _right(*case) * math.log(2) / math.log(10)"),
    Mutant("pixelcnn-bits", "kilobytes", "A file holds every bit", "_right = compressed_bytes\ndef compressed_bytes(*case): return _right(*case) / 1000"),
    _colours("colours of earlier pixels hidden", "which colours are known", "mask &= mask[:, :, half, half, None, None]"),
    _colours("looks ahead", "not of its colours", "mask[:, :, half, half + 1:] = True"),
    _colours("later rows for later colours", "not of its colours", "mask[:, :, half + 1:] = mask[:, :, half, half, None, None]"),
    _colours(
        "two groups only",
        "What does each of the two know",
        "mask[:, :, half, half] = _right(above.clamp(max=1), below.clamp(max=1), 1, mask_type)[:, :, 0, 0]",
    ),
    _sees("rows run on", "Which tap of which mask leads there", "0 <= y * width + x < height * width"),
    _sees("row above the first lost", "There is a path", "0 < y < height and 0 <= x < width"),
    Mutant(
        "pixelcnn-blind-spot",
        "at the right margin of a square image",
        says="There are more",
        source="""
def blind_count(kernel_sizes):
    reach = sum(size // 2 for size in kernel_sizes)
    masks = [pixel_mask(size, "B" if number else "A")[0, 0] for number, size in enumerate(kernel_sizes)]
    return int((~sees(masks, reach + 1, reach + 1)[-1, :-1]).sum())
""",
    ),
    Mutant("pixelcnn-blind-spot", "two too many", "There are fewer", "_right = blind_count\ndef blind_count(sizes): return _right(sizes) + 2"),
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
        "Take its two faults one after the other",
        both="group(2 * width, colours)",
        middle='pixel_mask(1, "A", features, features)',
    ),
    _logits("1×1 without masks, the repair of anantzoid #9", "It is the same pixel", middle="1"),
    _logits("outputs without masks", "It is the same pixel", last="1"),
    _logits("mask B first", "It is the same pixel", first='pixel_mask(kernel, "B", both, pixel)'),
    _logits("no first mask", "are the weights of the first layer masked", first="1"),
    _logits("mask A last", "Which of your three layers hides it", last='pixel_mask(1, "A", pixel, features)'),
    _logits("all groups strict", "Which of your three layers hides it", first='pixel_mask(kernel, "A", both, pixel) & (pixel_mask(1, "A", both, pixel))'),
    _logits("halves in blocks of unequal groups", "It is the same pixel", both="(torch.arange(2 * width) * colours // (2 * width))"),
    _logits("pairs side by side in the groups, not in the gate", "It is the same pixel", both="features.repeat_interleave(2)"),
    Mutant(
        "pixelcnn-completion",
        "all known ones",
        says="which known pixels come after it",
        source="def missed(mask, ordering): return mask.sum().expand(mask.shape).masked_fill(mask, 0)",
    ),
    Mutant(
        "pixelcnn-completion",
        "a mean",
        says="pixels are drawn",
        source="def drawn_log_prob(model, x, mask): return model.conditionals(x).log_prob(x)[:, ~mask].mean(1)",
    ),
    Mutant(
        "pixelcnn-completion",
        "everything is certain",
        says="What is each of them conditioned on",
        source="def exact_log_prob(model, x, mask): return torch.zeros(len(x))",
    ),
]  # fmt: skip
MUTANTS += [
    Mutant("pixelcnn-bits", "negated at the caller's", "has changed its argument `log_prob`", "_right = bits_per_dim\ndef bits_per_dim(log_prob, event_shape): found = _right(log_prob, event_shape); log_prob.neg_(); return found"),
    Mutant("pixelcnn-one-by-one", "masks the caller's weights", "has changed its argument `weights`", "_right = mended_logits\ndef mended_logits(x, weights, biases):\n    weights[1].mul_(weights[1] > 0)\n    return _right(x, weights, biases)"),
    Mutant("pixelcnn-completion", "turns the caller's mask", "has changed its argument `mask`", "_right = missed\ndef missed(mask, ordering): found = _right(mask, ordering); mask.logical_not_(); return found"),
    *trainings("pixelcnn-training"),
]  # fmt: skip

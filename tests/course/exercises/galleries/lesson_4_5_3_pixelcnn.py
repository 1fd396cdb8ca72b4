"""Right answers to the exercises of lesson 4.5.3."""

from tests.course.exercises.galleries import Gallery, of_right
from tests.course.exercises.galleries.trainings import TRAININGS

_MASK, _COLOUR = "height, width, mask_type", "above, below, kernel_size, mask_type"
_COMPLETION = "model, x, mask"
GALLERY: Gallery = {
    "pixelcnn-masks": {
        "flat ones before the centre": """
def my_mask(height, width, mask_type):
    flat = torch.zeros(height * width)
    flat[: height * width // 2 + (mask_type == "B")] = 1
    return flat.view(height, width)
""",
        "armod's own, cut": """
def my_mask(height, width, mask_type):
    size = max(height, width)
    top, left = (size - height) // 2, (size - width) // 2
    return pixel_mask(size, mask_type)[0, 0][top : top + height, left : left + width]
""",
        "numpy": """
import numpy as np
def my_mask(height, width, mask_type):
    mask = np.ones((height, width), dtype=np.int64)
    mask[height // 2, width // 2 + (mask_type == "B"):] = 0
    mask[height // 2 + 1:] = 0
    return mask
""",
        "lists of comparisons": """
def my_mask(height, width, mask_type):
    centre = (height // 2, width // 2)
    return [[(r, c) < centre or (mask_type == "B" and (r, c) == centre) for c in range(width)] for r in range(height)]
""",
        "floats": of_right("my_mask", _MASK, "right.float()"),
    },
    "pixelcnn-bits": {
        "sums first": """
def bits_per_dim(log_prob, event_shape):
    C, H, W = event_shape
    return -log_prob.sum().item() / len(log_prob) / C / H / W / math.log(2)
""",
        "log2 of e": """
def bits_per_dim(log_prob, event_shape):
    return float(-log_prob.mean() * math.log2(math.e) / math.prod(event_shape))
""",
        "numpy": """
import numpy as np
def bits_per_dim(log_prob, event_shape): return -np.mean(np.asarray(log_prob)) / np.prod(event_shape) / np.log(2)
""",
        "rounded up": """
def compressed_bytes(bits, event_shape, num_images):
    return math.ceil(bits * math.prod(event_shape) * num_images / 8)
""",
        "image by image": """
def compressed_bytes(bits, event_shape, num_images):
    total = 0.0
    for _ in range(num_images): total += bits * event_shape[0] * event_shape[1] * event_shape[2]
    return total / 8
""",
        "a tensor": of_right("bits_per_dim", "log_prob, event_shape", "torch.as_tensor(right).float()"),
    },
    "pixelcnn-colours": {
        "armod's own": f"def colour_mask({_COLOUR}): return pixel_mask(kernel_size, mask_type, above, below)",
        "loops": """
def colour_mask(above, below, kernel_size, mask_type):
    mask, h = torch.zeros(len(above), len(below), kernel_size, kernel_size), kernel_size // 2
    for o, a in enumerate(above.tolist()):
        for i, b in enumerate(below.tolist()):
            for r in range(kernel_size):
                for c in range(kernel_size):
                    key, centre = (r, c, b), (h, h, a)
                    mask[o, i, r, c] = key < centre or (mask_type == "B" and key == centre)
    return mask
""",
        "one comparison of moments": """
def colour_mask(above, below, kernel_size, mask_type):
    taps = 3 * torch.arange(kernel_size**2).view(1, 1, kernel_size, kernel_size)
    now = 3 * (kernel_size**2 // 2) + above[:, None, None, None]
    read = taps + below[None, :, None, None]
    return read <= now if mask_type == "B" else read < now
""",
        "numpy": """
import numpy as np
def colour_mask(above, below, kernel_size, mask_type):
    a, b, h = above.numpy()[:, None], below.numpy()[None], kernel_size // 2
    mask = np.zeros((len(above), len(below), kernel_size, kernel_size), bool)
    mask[:, :, :h, :] = mask[:, :, h, :h] = True
    mask[:, :, h, h] = (a >= b) if mask_type == "B" else (a > b)
    return mask
""",
        "whole numbers": of_right("colour_mask", _COLOUR, "right.long()"),
    },
    "pixelcnn-blind-spot": {
        "sets of pixels": """
def sees(masks, height, width):
    found = torch.zeros(height * width, height * width, dtype=torch.bool)
    for start in range(height * width):
        places = {divmod(start, width)}
        for mask in reversed(masks):
            h = len(mask) // 2
            steps = [(r - h, c - h) for r in range(len(mask)) for c in range(len(mask)) if mask[r, c]]
            places = {(r + a, c + b) for r, c in places for a, b in steps if 0 <= r + a < height and 0 <= c + b < width}
        for r, c in places: found[start, r * width + c] = True
    return found
""",
        "gradients of ones": """
def sees(masks, height, width):
    D = height * width
    x = torch.eye(D, dtype=torch.float64).view(D, 1, height, width)
    for mask in masks:
        x = (F.conv2d(x, mask[None, None].double(), padding=len(mask) // 2) > 0.5).double()
    return x.view(D, D).T > 0
""",
        "seen through the library's oracle": """
def blind_count(kernel_sizes):
    masks = [pixel_mask(size, "AB"[n > 0])[0, 0].bool() for n, size in enumerate(kernel_sizes)]
    reach = sum((len(mask) - 1) // 2 for mask in masks)
    H, W = reach + 1, 2 * reach + 1
    row = sees(masks, H, W)[H * W - reach - 1]
    return H * W - reach - 1 - row.sum().item()
""",
        "int8": of_right("sees", "masks, height, width", "right.to(torch.int8)"),
        "a float": of_right("blind_count", "kernel_sizes", "float(right)"),
    },
    "pixelcnn-one-by-one": {
        "a tuple": "seen_published = tuple(seen_published)",
        "a tensor": "seen_published = torch.tensor(seen_published)",
        "counted": """
past = sum(1 for r in range(kernel) for c in range(kernel) if (r, c) < (kernel // 2, kernel // 2))
seen_published = [0, 0, past * 3, past * 3 + 1]
""",
        "cat of groups": """
def mended_logits(x, weights, biases):
    C, width = x.shape[1], len(weights[0]) // 2
    pixel, features = torch.arange(C), torch.arange(width) % C
    both, k = torch.cat([features, features]), weights[0].shape[-1]
    h = F.conv2d(x, weights[0] * pixel_mask(k, "A", both, pixel), biases[0], padding=k // 2)
    value, opening = h.chunk(2, 1)
    h = value.tanh() * opening.sigmoid()
    h = F.conv2d(h, weights[1] * pixel_mask(1, "B", features, features), biases[1])
    return F.conv2d(h, weights[2] * pixel_mask(1, "B", pixel, features), biases[2])
""",
        "1x1 layers by einsum": """
def mended_logits(x, weights, biases):
    C, width = x.shape[1], len(weights[0]) // 2
    pixel, features = torch.arange(C), torch.arange(width) % C
    h = masked(x, weights[0], biases[0], pixel_mask(weights[0].shape[-1], "A", features.repeat(2), pixel))
    h = torch.tanh(h[:, :width]) * torch.sigmoid(h[:, width:])
    for weight, bias, above in ((weights[1], biases[1], features), (weights[2], biases[2], pixel)):
        kept = (above[:, None] >= features) * weight[:, :, 0, 0]
        h = torch.einsum("oi,nihw->nohw", kept, h) + bias[:, None, None]
    return h
""",
    },
    "pixelcnn-completion": {
        "loops": """
def missed(mask, ordering):
    flat, found = mask.flatten().tolist(), [0] * mask.numel()
    order = ordering.tolist()
    for k, pixel in enumerate(order):
        if not flat[pixel]: found[pixel] = sum(flat[other] for other in order[k + 1 :])
    return torch.tensor(found).view(mask.shape)
""",
        "a matrix of later pairs": """
def missed(mask, ordering):
    place = ordering.argsort()
    later = place[None, :] > place[:, None]
    return ((later & mask.flatten()).sum(1) * ~mask.flatten()).view(mask.shape)
""",
        "numpy": """
import numpy as np
def missed(mask, ordering):
    known, found = mask.numpy().ravel()[ordering.numpy()], np.zeros(mask.numel(), int)
    found[ordering.numpy()] = known[::-1].cumsum()[::-1] * ~known
    return found.reshape(mask.shape)
""",
        "boolean index": f"""
def drawn_log_prob({_COMPLETION}):
    return model.conditionals(x).log_prob(x)[:, ~mask].sum(1)
""",
        "marginal by a running sum": f"""
def exact_log_prob({_COMPLETION}):
    marginal = torch.full((len(x),), -torch.inf, dtype=torch.float64)
    places = (~mask).nonzero()
    for code in range(2 ** len(places)):
        y = x.clone()
        for bit, (c, r, k) in enumerate(places.tolist()): y[:, c, r, k] = code >> bit & 1
        marginal = torch.logaddexp(marginal, model.log_prob(y).double())
    return model.log_prob(x) - marginal
""",
        "shares": f"""
def exact_log_prob({_COMPLETION}):
    n, total = int((~mask).sum()), 0
    for code in range(2**n):
        y = x.clone()
        y[:, ~mask] = torch.tensor([float(code >> k & 1) for k in range(n)], dtype=x.dtype)
        total = total + model.log_prob(y).double().exp()
    return (model.log_prob(x).double().exp() / total).log()
""",
    },
    "pixelcnn-training": TRAININGS,
}

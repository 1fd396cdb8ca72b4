"""Wrong answers to the exercises of lesson 4.5.2; many were published."""

from tests.course.exercises.mutants import Mutant


def _layers(title: str, says: str, value: str) -> Mutant:
    source = f"def fewest_layers(k, num_samples): return {value}"
    return Mutant("wavenet-field", title, says=says, source=source)


def _steps(title: str, says: str, value: str) -> Mutant:
    """``value`` is made of the ``right`` steps."""
    source = (
        f"_right = steps_back\ndef steps_back(k, dilations): right = _right(k, dilations); return {value}"
    )
    return Mutant("wavenet-field", title, says=says, source=source)


def _gated(title: str, says: str, value: str) -> Mutant:
    source = f"""
_right = gated_unit
def gated_unit(x, weight, bias, dilation):
    reach, length = (weight.shape[2] - 1) * dilation, x.shape[2]
    return {value}
"""
    return Mutant("wavenet-gated", title, says=says, source=source)


def _fold(title: str, says: str, body: str) -> Mutant:
    source = f"""
def fold(x, d):
    N, T = x.shape
    S = -(-T // d)
    padded = F.pad(x, (0, S * d - T))
    return {body}
"""
    return Mutant("wavenet-folding", title, says=says, source=source)


def _unfold(title: str, says: str, body: str) -> Mutant:
    source = f"""
def unfold(rows, d, T):
    S = rows.shape[1]
    N = len(rows) // d
    return {body}
"""
    return Mutant("wavenet-folding", title, says=says, source=source)


def _ring(title: str, says: str, body: str, *, places: str = "torch.zeros(dilation, N, C)") -> Mutant:
    source = f"""
class Ring:
    def __init__(self, dilation, N, C):
        self.places = {places}
        self.step = 0

    def exchange(self, x):
        place = self.step % len(self.places)
        self.step += 1
        {body}
"""
    return Mutant("wavenet-ring", title, says=says, source=source)


def _units(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "kept": "older = ring.exchange(x)",
        "sums": "layer.tap(0, older) + layer.tap(1, x) + layer.bias",
        "halves": "f, g = sums.chunk(2, dim=1)",
        "onward": "x + layer.residual(u)",
        "after": "",
        "result": "torch.stack(units, dim=1)",
    } | changes
    source = f"""
def next_units(layers, rings, x):
    units = []
    for layer, ring in zip(layers, rings):
        {parts["kept"]}
        sums = {parts["sums"]}
        {parts["halves"]}
        u = f.tanh() * g.sigmoid()
        units.append(u)
        x = {parts["onward"]}
        {parts["after"]}
    return {parts["result"]}
"""
    return Mutant("wavenet-ring", title, says=says, source=source)


def _train(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "begin": "pass",
        "rate": "0.02",
        "loss": "bits_per_sample(model.conditionals(some).logits, some)",
        "receipt": "bits_per_sample(model.conditionals(held_out).logits, held_out).item()",
    } | changes
    source = f"""
def train(model, x, held_out, num_steps):
    {parts["begin"]}
    optimizer = torch.optim.Adam(model.parameters(), lr={parts["rate"]})
    generator = torch.Generator().manual_seed(0)
    for _ in range(num_steps):
        some = x[torch.randint(len(x), (8,), generator=generator)]
        loss = {parts["loss"]}
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return {parts["receipt"]}
"""
    return Mutant("wavenet-training", title, says=says, source=source)


RECEIPT = "bits_per_sample(model.conditionals(held_out).logits, held_out).item()"
EXCHANGE = "older = self.places[place].clone(); self.places[place] = x; return older"

MUTANTS = [
    Mutant("wavenet-field", "one layer missing", "Begin with a single layer", "def receptive_field(k, dilations): return 1 + (k - 1) * sum(dilations[1:])"),
    _layers("powers of k", "That is too few", "math.ceil(math.log(num_samples, k)) - (k > 2)"),
    _layers("rounded down", "That is too few", "int(math.log2((num_samples - 1) / (k - 1) + 1))"),
    _layers("two too many", "and that is enough", "2 + math.ceil(math.log2((num_samples - 1) / (k - 1) + 1))"),
    _steps("twice", "Each is due once", "sorted(right + right[:1])"),
    _steps("the oldest taps only", "There is a path to the sample", "sorted({0, *((k - 1) * d for d in dilations), right[-1]})"),
    _steps("beyond the field", "The field ends", "right + [right[-1] + 1]"),
    _steps("a gap filled", "By which path does it see", "sorted({*right, right[-1] - 1})"),
    Mutant("wavenet-levels", "256 whatever K is", "Write down what it is after", "_right = my_encode\ndef my_encode(wave, K): return _right(wave, 256)"),
    Mutant("wavenet-levels", "256 levels decoded", "before you expand it", "_right = my_decode\ndef my_decode(levels, K): return _right(levels, 256)"),
    Mutant(
        "wavenet-levels",
        "rounded to two digits, so that quiet levels are one",
        says="Do both functions mean the same bins",
        source="_right = my_decode\ndef my_decode(levels, K): return _right(levels, K).double().round(decimals=2)",
    ),
    _gated("padded on both sides, cut at the beginning", "On which side", "_right(F.pad(x, (0, reach)), weight, bias, dilation)[:, :, reach:]"),
    _gated("one zero too many", "the shift by one belongs to the network", "_right(F.pad(x, (1, 0)), weight, bias, dilation)[:, :, :length]"),
    _gated("not padded", "How many zeros are due", "_right(x, weight, bias, dilation)[:, :, reach:]"),
    _gated("dilation forgotten in the padding", "How many zeros are due", "_right(x, weight, bias, dilation)[:, :, reach - reach // dilation :]"),
    _gated("channels left", "what becomes of them", "_right(x, weight, bias, dilation).repeat(1, 2, 1)"),
    _gated("half the unit", "Compute its sum by hand first", "_right(x, weight, bias, dilation) / 2"),
    Mutant("wavenet-folding", "one tap more", "to the left of each of its samples", "wrong_taps = [wrong_taps[0] + 1, wrong_taps[1]]"),
    Mutant("wavenet-folding", "one border more", "And of the others", "wrong_taps = [wrong_taps[0], wrong_taps[1] + 1]"),
    _fold("chunks", "neighbours in time", "padded.reshape(N * d, S)"),
    _fold("end to end", "has the shape", "padded.reshape(-1, d).T"),
    _fold("end to end, cut to the right shape", "samples of several sequences", "padded.reshape(-1, d).T.reshape(N * d, S) if N == 1 else padded.T.reshape(N * d, S)"),
    _fold("time backwards", "the earlier one on the left", "padded.view(N, S, d).transpose(1, 2).reshape(N * d, S).flip(1)"),
    _fold("one row for all", "some samples are missing", "padded.view(N, S, d)[:, :, :1].transpose(1, 2).expand(N, d, S).reshape(N * d, S)"),
    _fold("zeros at the beginning, cut at the end", "at which does `unfold` cut", "F.pad(x, (S * d - T, 0)).view(N, S, d).transpose(1, 2).reshape(N * d, S)"),
    _fold("zeros at both ends", "zeros at both ends", "F.pad(x, ((S * d - T) // 2, S * d - T - (S * d - T) // 2)).view(N, S, d).transpose(1, 2).reshape(N * d, S)"),
    _fold("multiples only", "invalid", "x.view(N, T // d, d).transpose(1, 2).reshape(N * d, T // d)"),
    _unfold("reshaped only", "in the order of the rows", "rows.reshape(N, S * d)[:, :T]"),
    _unfold("not cut", "has the shape", "rows.view(N, d, S).transpose(1, 2).reshape(N, S * d)"),
    _unfold("cut at the wrong end", "at which does `unfold` cut", "rows.view(N, d, S).transpose(1, 2).reshape(N, S * d)[:, -T:]"),
    _unfold("rows by residue, then by sequence", "the last one first", "rows.view(d, N, S).permute(1, 2, 0).reshape(N, S * d)[:, :T]"),
    _ring("a view, not a copy", "a copy of its own", "older = self.places[place]; self.places[place] = x; return older"),
    _ring("written before it is read", "a copy of its own", "self.places[place] = x; return self.places[place].clone()"),
    _ring("one place too many", "How many places has the ring", EXCHANGE, places="torch.zeros(dilation + 1, N, C)"),
    _ring("one place too few", "How many places has the ring", EXCHANGE, places="torch.zeros(max(dilation - 1, 1), N, C)"),
    _ring("never written", "Nothing ever comes out", "return self.places[place].clone()"),
    _ring("always the same place", "comes out 1 step later", "older = self.places[0].clone(); self.places[0] = x; return older"),
    _ring("begins with ones", "nothing but zeros", EXCHANGE, places="torch.ones(dilation, N, C)"),
    _ring("columns move up", "A ring does not move", "older = self.places[0].clone(); self.places = torch.cat([self.places[1:], x.unsqueeze(0)]); return older"),
    _ring("a list beside it", "Where has the column gone", "self.kept = [*getattr(self, 'kept', []), x]; back = self.step - 1 - len(self.places); return self.kept[back] if back >= 0 else torch.zeros_like(x)"),
    _ring("one memory for all rings", "its own places", EXCHANGE, places="globals().setdefault('memory', torch.zeros(64, 2, 3))[:dilation, :N, :C]"),
    _units("no biases", "You leave the biases out", sums="layer.tap(0, older) + layer.tap(1, x)"),
    _units("the gates' bias lost, as published", "That very bug made a published WaveNet", halves="f, g = sums.chunk(2, dim=1); g = g - layer.bias[3:]"),
    _units("the filters' bias lost", "The filters have lost their bias", halves="f, g = sums.chunk(2, dim=1); f = f - layer.bias[:3]"),
    _units("taps swapped", "Tap 0 is for the older column", sums="layer.tap(1, older) + layer.tap(0, x) + layer.bias"),
    _units("newest twice", "Both taps read the newest", sums="layer.tap(0, x) + layer.tap(1, x) + layer.bias"),
    _units("gates first", "The filters are the first half", halves="g, f = sums.chunk(2, dim=1)"),
    _units("the residual alone", "the residual alone", onward="layer.residual(u)"),
    _units("no residual weights", "Where is `layer.residual`", onward="x + u"),
    _units("the unit alone", "the unit alone", onward="u"),
    _units("every layer reads the input", "Every layer reads the same column", onward="x"),
    _units("keeps what it hands on", "keep what a layer hands on", kept="older, place = ring.places[ring.step % layer.dilation].clone(), ring", after="ring.exchange(x)"),
    _units("the first ring for all", "a ring of its own", kept="older = rings[0].exchange(x)"),
    _units("last unit only", "has the shape", result="u"),
    _units("stacked first", "has the shape", result="torch.stack(units)"),
    _units(
        "off by one: the newest is exchanged too late",
        "one step too old",
        kept="older = getattr(ring, 'late', torch.zeros_like(x)); ring.late = ring.exchange(x)",
    ),
    _units(
        "off by one: a ring one place short",
        "one step too young",
        kept="oldest = ring.exchange(x); older = x if layer.dilation == 1 else ring.places[ring.step % layer.dilation]",
    ),
    _units(
        "products of its own",
        "Use `layer.tap` for both",
        sums="older @ layer.weight[:, :, 0].T + x @ layer.weight[:, :, 1].T + layer.bias",
    ),
    Mutant(
        "wavenet-ring",
        "naive: the whole past again",
        says="What is the ring for",
        source="""
def next_units(layers, rings, x):
    rings[0].past = [*getattr(rings[0], "past", []), x]
    h, units = torch.stack(rings[0].past), []
    for layer in layers:
        before = F.pad(h, (0, 0, 0, 0, layer.dilation, 0))[: len(h)]
        f, g = (layer.tap(0, before) + layer.tap(1, h) + layer.bias).chunk(2, dim=2)
        u = f.tanh() * g.sigmoid()
        units.append(u[-1])
        h = h + layer.residual(u)
    return torch.stack(units, dim=1)
""",
    ),
    Mutant("wavenet-levels", "compresses the caller's wave", "has changed its argument `wave`", "_right = my_encode\ndef my_encode(wave, K): found = _right(wave, K); wave.abs_().mul_(K - 1).log1p_(); return found"),
    _gated("zeroes the caller's bias", "has changed its argument `bias`", "[_right(x, weight, bias, dilation), bias.zero_()][0]"),
    Mutant("wavenet-bits", "normalises the caller's logits", "has changed its argument `logits`", "def bits_per_sample(logits, x): logits -= logits.logsumexp(-1, keepdim=True); return -logits.gather(-1, x[..., None]).mean() / math.log(2)"),
    Mutant("wavenet-bits", "softmax, then its logarithm", "NaN or infinity", "def bits_per_sample(logits, x): return -logits.softmax(-1).gather(-1, x[..., None]).log2().mean()"),
    _train("in nats", "That is the number in nats", receipt=f"{RECEIPT} * math.log(2)"),
    _train("of what it has learnt from", "What is a receipt for", receipt="bits_per_sample(model.conditionals(x).logits, x).item()"),
    _train("before the first step", "before the first step", begin=f"early = {RECEIPT}", receipt="early"),
    _train("a number that sounds good", "Is it measured on all of", receipt="1.75"),
    _train("another model is trained", "have not changed at all", begin="import copy; model = copy.deepcopy(model)"),
    _train("steps too small", "How large are your steps", rate="0.003"),
    _train("the wrong sign", "Does the loss fall", loss="-bits_per_sample(model.conditionals(some).logits, some)"),
    _train("learns two held-out windows by heart", "bits a sample of another sentence", begin="x = held_out[:2]"),
]  # fmt: skip

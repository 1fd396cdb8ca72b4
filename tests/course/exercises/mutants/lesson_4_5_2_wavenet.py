"""Wrong answers to the exercises of lesson 4.5.2; many were published."""

from tests.course.exercises.mutants import Mutant


def _field(title: str, says: str, value: str) -> Mutant:
    source = f"def receptive_field(k, dilations): return {value}"
    # the learner's other functions shall not fall with this one
    keep = "def fewest_layers(k, num_samples, right=receptive_field):\n    return next(n for n in range(40) if right(k, [2**i for i in range(n)]) >= num_samples)\n"
    return Mutant("wavenet-field", title, says=says, source=keep + source)


def _layers(title: str, says: str, value: str) -> Mutant:
    return Mutant(
        "wavenet-field", title, says=says, source=f"def fewest_layers(k, num_samples): return {value}"
    )


def _steps(title: str, says: str, value: str) -> Mutant:
    source = f"""
_right_steps = steps_back
def steps_back(k, dilations):
    right = _right_steps(k, dilations)
    return {value}
"""
    return Mutant("wavenet-field", title, says=says, source=source)


def _encode(title: str, says: str, result: str, *, mu: str = "K - 1", y: str = "") -> Mutant:
    compressed = y or "wave.sign() * torch.log1p(mu * wave.abs()) / math.log(1 + mu)"
    source = f"""
def my_encode(wave, K):
    mu = {mu}
    y = {compressed}
    return {result}
"""
    return Mutant("wavenet-levels", title, says=says, source=source)


def _decode(
    title: str, says: str, result: str, *, mu: str = "K - 1", y: str = "(2 * levels + 1) / K - 1"
) -> Mutant:
    source = f"""
def my_decode(levels, K):
    mu = {mu}
    y = {y}
    return {result}
"""
    return Mutant("wavenet-levels", title, says=says, source=source)


def _gated(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "x": "F.pad(x, (reach, 0))",
        "weight": "weight",
        "bias": "bias",
        "dilation": "dilation",
        "halves": "sums.chunk(2, dim=1)",
        "result": "f.tanh() * g.sigmoid()",
    } | changes
    source = f"""
def gated_unit(x, weight, bias, dilation):
    reach, length = (weight.shape[2] - 1) * dilation, x.shape[2]
    sums = F.conv1d({parts["x"]}, {parts["weight"]}, {parts["bias"]}, dilation={parts["dilation"]})
    f, g = {parts["halves"]}
    return {parts["result"]}
"""
    return Mutant("wavenet-gated", title, says=says, source=source)


def _counts(title: str, says: str, numbers: str) -> Mutant:
    return Mutant("wavenet-folding", title, says=says, source=f"wrong_taps = {numbers}")


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


BINNED = "((y + 1) / 2 * K).floor().clamp(0, K - 1)"
EXPANDED = "y.sign() * ((1 + mu) ** y.abs() - 1) / mu"
EXCHANGE = "older = self.places[place].clone(); self.places[place] = x; return older"

MUTANTS = [
    _field("steps back", "how many steps *back*", "(k - 1) * sum(dilations)"),
    _field("k for k - 1", "gaps are there between k taps", "1 + k * sum(dilations)"),
    _field("the sum, k times", "a stack of no layers", "k * sum(dilations)"),
    _field("two taps for ever", "with two taps a layer", "1 + sum(dilations)"),
    _field("the layer below counted, as in a published network", "one layer more", "(k - 1) * (sum(dilations) + 1) + 1"),
    _field("no dilation", "without dilation", "1 + (k - 1) * len(dilations)"),
    _field("the widest layer", "the widest layer only", "1 + (k - 1) * max(dilations)"),
    _field("product", "You multiply the dilations", "1 + (k - 1) * math.prod(dilations)"),
    _field("power", "holds for dilations 1, k", "k ** len(dilations)"),
    _layers("as many layers as two taps need", "that is enough", "math.ceil(math.log2(num_samples))"),
    _layers("powers of k", "That is too few", "max(1, math.ceil(math.log(num_samples, k)) - (k > 2))"),
    _layers("one too many", "that is enough", "1 + math.ceil(math.log2((num_samples - 1) / (k - 1) + 1))"),
    _layers("rounded down", "That is too few", "int(math.log2((num_samples - 1) / (k - 1) + 1))"),
    _steps("the whole field", "Is there a path to each", "list(range(right[-1] + 1))"),
    _steps("layers by themselves", "What lies under a layer", "sorted({tap * d for d in dilations for tap in range(k)})"),
    _steps("itself left out", "Step 0 is missing", "right[1:]"),
    _steps("counted from 1", "You count from 1", "[step + 1 for step in right]"),
    _steps("twice", "Each is due once", "sorted(right + right[:1])"),
    _steps("the oldest taps only", "There is a path to the sample", "sorted({0, *((k - 1) * d for d in dilations), right[-1]})"),
    _steps("beyond the field", "The field ends", "right + [right[-1] + 1]"),
    _encode("not clamped", "Which bin is the loudest wave in", "((y + 1) / 2 * K).floor()"),
    _encode("rounded to 255 steps, as published", "another convention", "((y + 1) / 2 * mu + 0.5).floor()"),
    _encode("255 bins", "into K - 1 bins", "((y + 1) / 2 * mu).floor()"),
    _encode("not compressed", "What compresses it", BINNED, y="wave"),
    _encode("no sign", "What has become of the sign", BINNED, y="torch.log1p(mu * wave.abs()) / math.log(1 + mu)"),
    _encode("mu is 256, as published", "which number is mu", BINNED, mu="K"),
    _encode("cut towards 0", "towards 0", "((y * K / 2).long() + K // 2).clamp(0, K - 1)"),
    _encode("rounded", "which function finds it", "((y + 1) / 2 * K).round().clamp(0, K - 1)"),
    _encode("not shifted", "the lowest level is 0", "(y * K / 2).floor()"),
    _encode("upside down", "upside down", f"K - 1 - {BINNED}"),
    _encode("256 whatever K is", "Write down what it is after", "((y + 1) / 2 * 256).floor().clamp(0, 255)"),
    _decode("edges of bins, as published", "the lower edge", EXPANDED, y="2 * levels / K - 1"),
    _decode("divided by 255, as published", "as for rounded levels", EXPANDED, y="2 * levels / mu - 1"),
    _decode("not expanded", "not yet expanded", "y"),
    _decode("mu is 256", "which number is mu", EXPANDED, mu="K"),
    _decode("decoded without a sign", "What has become of the sign", "((1 + mu) ** y.abs() - 1) / mu"),
    _decode("compressed again", "You compress once more", "y.sign() * torch.log1p(mu * y.abs()) / math.log(1 + mu)"),
    _decode("nothing taken off", "between the power and the division", "y.sign() * (1 + mu) ** y.abs() / mu"),
    _decode("not divided", "How large may a wave be", "y.sign() * ((1 + mu) ** y.abs() - 1)"),
    _decode("rounded to two digits, so that quiet levels are one", "Do both functions mean the same bins", f"({EXPANDED}).double().round(decimals=2)"),
    _gated("padded on both sides, as published", "Your zeros stand on both sides", x="F.pad(x, (reach // 2, reach - reach // 2))"),
    _gated("padded at the end", "Your zeros stand at the end", x="F.pad(x, (0, reach))"),
    _gated("padded on both sides, cut at the beginning", "On which side", x="F.pad(x, (reach, reach))", result="(f.tanh() * g.sigmoid())[:, :, -length:]"),
    _gated("one zero too many", "the shift by one belongs to the network", x="F.pad(x, (reach + 1, 0))", result="(f.tanh() * g.sigmoid())[:, :, :length]"),
    _gated("wrapped around", "read the *end* of the sequence", x="torch.cat([x[:, :, length - reach:], x], dim=2)"),
    _gated("not padded", "How many zeros are due", x="x"),
    _gated("dilation forgotten in the padding", "How many zeros are due", x="F.pad(x, (weight.shape[2] - 1, 0))"),
    _gated("no dilation", "Where does the dilation come in", x="F.pad(x, (weight.shape[2] - 1, 0))", dilation="1"),
    _gated("taps turned round", "the wrong way round", weight="weight.flip(2)"),
    _gated("no bias", "You leave the biases out", bias="None"),
    _gated("gates without bias, as published", "The gates have lost their bias", bias="torch.cat([bias[:3], 0 * bias[3:]])"),
    _gated("filters without bias", "The filters have lost their bias", bias="torch.cat([0 * bias[:3], bias[3:]])"),
    _gated("gates first", "gates for filters", halves="sums.chunk(2, dim=1)[::-1]"),
    _gated("channels by turns", "channels by turns", halves="(sums[:, ::2], sums[:, 1::2])"),
    _gated("two tanhs", "Which function gives that", result="f.tanh() * g.tanh()"),
    _gated("two sigmoids", "Which function gives that", result="f.sigmoid() * g.sigmoid()"),
    _gated("linear filter", "not squashed", result="f * g.sigmoid()"),
    _gated("sum", "By which operation", result="f.tanh() + g.sigmoid()"),
    _gated("residual", "outside of the unit", result="f.tanh() * g.sigmoid() + x"),
    _gated("no gate", "Where is the gate", result="f.tanh()"),
    _gated("channels left", "what becomes of them", result="sums.tanh()"),
    _counts("all of chunks", "reads a zero, and rightly so", "[3 * T, 2 * d]"),
    _counts("zeros not counted", "should read a sample, counts too", "[3 * (T - d), 2 * d]"),
    _counts("one sequence", "So many are they in one sequence", "[T - 1, 2 * d]"),
    _counts("chunks is causal, so it is right", "which sample does output 2 read", "[0, 2 * d]"),
    _counts("first sequence, too", "anything to its left", "[3 * T - 3, 3 * d]"),
    _counts("one row", "each of them has such borders", "[3 * T - 3, 2]"),
    _counts("one border", "How many borders are there", "[3 * T - 3, d]"),
    _counts("end to end is right", "where the next sequence begins", "[3 * T - 3, 0]"),
    _counts("the other way round", "the other way round", "[2 * d, 3 * T - 3]"),
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
    _units(
        "the gates' bias lost, as published",
        "That very bug made a published WaveNet",
        sums="layer.tap(0, older) + layer.tap(1, x)",
        halves="f, g = sums.chunk(2, dim=1); f = f + layer.bias.chunk(2)[0]; not_used = g + layer.bias.chunk(2)[1]",
    ),
    _units(
        "the filters' bias lost",
        "The filters have lost their bias",
        sums="layer.tap(0, older) + layer.tap(1, x)",
        halves="f, g = sums.chunk(2, dim=1); g = g + layer.bias.chunk(2)[1]",
    ),
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
    Mutant(
        "wavenet-ring",
        "off by one: the newest is exchanged too late",
        says="one step too old",
        source="""
def next_units(layers, rings, x):
    units = []
    for layer, ring in zip(layers, rings):
        older = getattr(ring, "late", torch.zeros_like(x))
        ring.late = ring.exchange(x)
        f, g = (layer.tap(0, older) + layer.tap(1, x) + layer.bias).chunk(2, dim=1)
        units.append(f.tanh() * g.sigmoid())
        x = x + layer.residual(units[-1])
    return torch.stack(units, dim=1)
""",
    ),
    Mutant(
        "wavenet-ring",
        "off by one: a ring one place short",
        says="one step too young",
        source="""
def next_units(layers, rings, x):
    units = []
    for layer, ring in zip(layers, rings):
        oldest = ring.exchange(x)
        older = x if layer.dilation == 1 else ring.places[ring.step % layer.dilation]
        f, g = (layer.tap(0, older) + layer.tap(1, x) + layer.bias).chunk(2, dim=1)
        units.append(f.tanh() * g.sigmoid())
        x = x + layer.residual(units[-1])
    return torch.stack(units, dim=1)
""",
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
    Mutant(
        "wavenet-ring",
        "products of its own",
        says="Use `layer.tap` for both",
        source="""
def next_units(layers, rings, x):
    units = []
    for layer, ring in zip(layers, rings):
        sums = ring.exchange(x) @ layer.weight[:, :, 0].T + x @ layer.weight[:, :, 1].T + layer.bias
        f, g = sums.chunk(2, dim=1)
        units.append(f.tanh() * g.sigmoid())
        x = x + layer.residual(units[-1])
    return torch.stack(units, dim=1)
""",
    ),
]  # fmt: skip

"""Wrong answers to the exercises of lesson 4.4."""

from tests.course.exercises.mutants import Mutant


def _leaks(title: str, says: str, numbers: str) -> Mutant:
    return Mutant("recurrent-shift", title, says=says, source=f"leaks = {numbers}")


def _shift(title: str, says: str, inputs: str, *, ends: str = "") -> Mutant:
    source = f"""
def mended_log_prob(x, network):
    start = torch.full_like(x[:, :1], network.start)
    inputs = {inputs}
    log_probs = network.logits(inputs).log_softmax(2)
    found = log_probs.gather(2, x.unsqueeze(2)).squeeze(2).sum(1)
    return found{ends}
"""
    return Mutant("recurrent-shift", title, says=says, source=source)


def _reach(title: str, says: str, step: str, *, rest: str = "") -> Mutant:
    source = f"""
def gradient_by_lag(states, U):
    jacobian = torch.eye(len(U), dtype=U.dtype)
    norms = [jacobian.norm()]
    for t in range(len(states) - 1, 0, -1):
        h, before = states[t], states[t - 1]
        jacobian = {step}
        norms.append(jacobian.norm())
    norms = torch.stack(norms)
    {rest}
    return norms
"""
    return Mutant("recurrent-reach", title, says=says, source=source)


def _bias(title: str, says: str, value: str) -> Mutant:
    source = f"""
def forget_bias(lag):
    gate = 0.5 ** (1 / lag)
    return {value}
"""
    return Mutant("recurrent-reach", title, says=says, source=source)


def _sampling(title: str, says: str, **changes: str) -> Mutant:
    parts = {
        "first": "network.start",
        "noise": "noise",
        "reads": "symbols",
        "state": "new_state",
        "draw": "(cdf <= u.unsqueeze(1)).sum(1).clamp(max=network.start - 1)",
        "ended": "symbols == 0",
        "result": "torch.stack(drawn, dim=1)",
    } | changes
    source = f"""
def my_sample(network, noise):
    state = network.first_state(len(noise))
    start = torch.full((len(noise),), network.start)
    symbols = torch.full((len(noise),), {parts["first"]})
    has_ended = torch.zeros(len(noise), dtype=torch.bool)
    drawn = []
    for u in {parts["noise"]}.T:
        logits, new_state = network.step({parts["reads"]}, state)
        state = {parts["state"]}
        cdf = logits.softmax(1).cumsum(1)
        symbols = ({parts["draw"]}).masked_fill(has_ended, 0)
        has_ended = has_ended | ({parts["ended"]})
        drawn.append(symbols)
    return {parts["result"]}
"""
    return Mutant("recurrent-sampling", title, says=says, source=source)


MUTANTS = [
    Mutant(
        "recurrent-bits",
        "one end added to every row, as for names that always have one",
        says="characters had to be foreseen there",
        source="""
def bits_per_character(log_prob, x):
    is_end = (x == 0).long()
    return -log_prob[is_end.cumsum(1) - is_end == 0].sum() / (math.log(2) * ((x != 0).sum() + len(x)))
""",
    ),
    Mutant(
        "recurrent-gru",
        "the other bias left out",
        says="By the equations r =",
        source="_right = gru_step\ndef gru_step(x, h, W, U, b, c): return _right(x, h, W, U, 0 * b, c)",
    ),
    Mutant(
        "recurrent-gru",
        "three units for ever",
        says="not enough values to unpack",
        source="""
def gru_step(x, h, W, U, b, c):
    x_r, x_z, x_n = (x @ W.T + b).split(3, dim=1)
    h_r, h_z, h_n = (h @ U.T + c).split(3, dim=1)
    r, z = torch.sigmoid(x_r + h_r), torch.sigmoid(x_z + h_z)
    return (1 - z) * torch.tanh(x_n + r * h_n) + z * h
""",
    ),
    _leaks("all that is seen", "Those are all pairs", "[T * (T + 1) // 2, T, 2 * T - 2]"),
    _leaks("rolled does not leak", "Who reads it", "[T, 0, 2 * T - 2]"),
    _leaks("rolled leaks once", "Who reads it", "[T, 1, 2 * T - 2]"),
    _leaks("the last step excepted", "The last step, too", "[T, T - 1, 2 * T - 2]"),
    _leaks("memory forgotten", "it remembers what it read", "[T, T, T - 1]"),
    _leaks("start counted", "Does the first symbol ever enter", "[T, T, 2 * T - 1]"),
    _leaks("no leak", "Take T = 3", "[0, T, 2 * T - 2]"),
    _shift("unshifted", "the inputs of `unshifted`", "x"),
    _shift("rolled", "the inputs of `rolled`", "x.roll(1, dims=1)"),
    _shift("early", "the inputs of `early`", "early(x, network)"),
    _shift("starts with symbol 0", "which is a symbol like others", "torch.cat([torch.zeros_like(start), x[:, :-1]], dim=1)"),
    _shift("reads nothing", "every step reads the start", "start.expand_as(x)"),
    _shift("shifted twice", "You shift twice", "torch.cat([start, start, x[:, :-2]], dim=1)[:, : x.shape[1]]"),
    _shift("mean", "a mean over the steps", "torch.cat([start, x[:, :-1]], dim=1)", ends=" / x.shape[1]"),
    _shift("probabilities", "logarithms are due", "torch.cat([start, x[:, :-1]], dim=1)", ends=".exp()"),
    _shift("normalised over the batch", "look at the rest of the batch", "x", ends=".log_softmax(0)"),
    Mutant(
        "recurrent-shift",
        "first symbol left out, as in many a language model",
        says="The first symbol has no conditional",
        source="""
def mended_log_prob(x, network):
    if x.shape[1] == 1:
        return torch.zeros(len(x))
    log_probs = network.logits(x[:, :-1]).log_softmax(2)
    return log_probs.gather(2, x[:, 1:].unsqueeze(2)).squeeze(2).sum(1)
""",
    ),
    _reach("U only", "What does tanh do", "jacobian @ U"),
    _reach("tanh' at the state before", "*before* the step", "jacobian @ ((1 - before**2).unsqueeze(1) * U)"),
    _reach("columns multiplied", "multiplies columns of U", "jacobian @ (U * (1 - h**2))"),
    _reach("U transposed", "is it transposed", "jacobian @ ((1 - h**2).unsqueeze(1) * U.T)"),
    _reach("wrong order", "multiplied in the wrong order", "((1 - h**2).unsqueeze(1) * U) @ jacobian"),
    _reach("derivative of a sigmoid", "derivative of a sigmoid", "jacobian @ ((h * (1 - h)).unsqueeze(1) * U)"),
    _reach("no product", "Several steps multiply", "(1 - h**2).unsqueeze(1) * U"),
    _reach("from the other end", "Lag 1 is the *last* step", "jacobian @ ((1 - states[len(states) - t] ** 2).unsqueeze(1) * U)"),
    _reach(
        "norms multiplied",
        "Multiply the matrices",
        "(1 - h**2).unsqueeze(1) * U",
        rest="norms = torch.cat([norms[:1], norms[1:].cumprod(0)])",
    ),
    Mutant(
        "recurrent-reach",
        "spectral norm",
        says="your norm at lag 0",
        source="""
def gradient_by_lag(states, U):
    jacobian = torch.eye(len(U), dtype=U.dtype)
    norms = [torch.linalg.matrix_norm(jacobian, 2)]
    for h in states[1:].flip(0):
        jacobian = jacobian @ ((1 - h**2).unsqueeze(1) * U)
        norms.append(torch.linalg.matrix_norm(jacobian, 2))
    return torch.stack(norms)
""",
    ),
    _bias("the gate", "That is the gate itself", "gate"),
    _bias("one minus", "one minus the gate", "math.log((1 - gate) / gate)"),
    _bias("logarithm", "not an exponential", "math.log(gate)"),
    _bias("linear decay", "so that its power is a half", "math.log((1 - 0.5 / lag) / (0.5 / lag))"),
    _sampling("greedy", "That is no draw", draw="logits.argmax(1)"),
    _sampling("no memory", "who remembers what was read", state="state"),
    _sampling("never reads", "Each step reads the start again", reads="start"),
    _sampling("goes on after the end", "You go on after an end", ended="has_ended"),
    _sampling("begins with the end", "You begin with the end symbol", first="0"),
    _sampling("noise upside down", "the CDF counts from symbol 0", noise="(1 - noise)"),
    _sampling("one noise for all", "the first column of noise", noise="noise[:, :1].expand_as(noise)"),
    _sampling("noise backwards", "run backwards", noise="noise.flip(1)"),
    _sampling("one too high", "the symbols are 0 to", draw="(cdf <= u.unsqueeze(1)).sum(1) + 1"),
    _sampling("one too low", "What did the network read", draw="((cdf <= u.unsqueeze(1)).sum(1) - 1).clamp(min=0)"),
    _sampling("chance of its own", "All chance is in `noise`", draw="torch.distributions.Categorical(logits=logits).sample()"),
    _sampling("start returned", "has the shape", result="torch.stack([start, *drawn], dim=1)"),
]  # fmt: skip

"""Wrong answers to the exercises of lesson 4.4."""

from tests.course.exercises.mutants import Mutant


def _sampling(title: str, says: str, drawn: str) -> Mutant:
    source = f"_right = my_sample\ndef my_sample(network, noise): return {drawn}"
    return Mutant("recurrent-sampling", title, says=says, source=source)


def _train(
    title: str,
    says: str,
    *,
    loss: str = "-model.log_prob(x).mean()",
    rate: float = 0.02,
    receipt: str = "bits",
    model: str = "model",
) -> Mutant:
    """``receipt`` is made of the right ``bits``, or of what is at hand."""
    source = f"""
def train(model, batches, held_out):
    import copy
    trained = {model}
    optimizer = torch.optim.Adam(trained.parameters(), lr={rate})
    for x in batches:
        optimizer.zero_grad()
        ({loss}).backward()
        optimizer.step()
    with torch.no_grad():
        log_prob = model.log_prob_per_variable(held_out)
        bits = float(bits_per_character(log_prob, held_out))
        return {receipt}
"""  # fmt: skip
    return Mutant("recurrent-training", title, says=says, source=source)


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
    Mutant("recurrent-gru", "gates the caller's state", "has changed its argument `h`", "_right = gru_step\ndef gru_step(x, h, W, U, b, c):\n    new = _right(x, h, W, U, b, c)\n    h.copy_(new)\n    return new"),
    Mutant("recurrent-bits", "in bits at the caller's", "has changed its argument `log_prob`", "_right = bits_per_character\ndef bits_per_character(log_prob, x):\n    log_prob /= math.log(2)\n    return _right(log_prob, x) * math.log(2)"),
    Mutant("recurrent-reach", "states squared in place", "has changed its argument `states`", "_right = gradient_by_lag\ndef gradient_by_lag(states, U):\n    found = _right(states, U)\n    states **= 2\n    return found"),
    Mutant("recurrent-shift", "no leak", "Take T = 3", "leaks = [0, T, 2 * T - 2]"),
    Mutant("recurrent-shift", "two mistakes", "Look at the first column", "leaks = [T, 1, T]"),
    Mutant(
        "recurrent-shift",
        "normalised over the batch",
        says="look at the rest of the batch",
        source="""
def mended_log_prob(x, network):
    log_probs = network.logits(x).log_softmax(2).log_softmax(0)
    return log_probs.gather(2, x.unsqueeze(2)).squeeze(2).sum(1)
""",
    ),
    Mutant("recurrent-reach", "derivative 1 - h² / 4", "Write down the Jacobian", "_right = gradient_by_lag\ndef gradient_by_lag(states, U): return _right(states / 2, U)"),
    Mutant("recurrent-reach", "linear decay", "so that its power is a half", "def forget_bias(lag): return math.log((1 - 0.5 / lag) / (0.5 / lag))"),
    _sampling("one too high", "the symbols are 0 to", "_right(network, noise) + 1"),
    _sampling("one too low", "What did the network read", "(_right(network, noise) - 1).clamp(min=0)"),
    _sampling("chance of its own", "All chance is in `noise`", "_right(network, torch.rand_like(noise))"),
    _sampling("another symbol after the end", "The sequence has ended before", "_right(network, noise).masked_fill((_right(network, noise) == 0).cumsum(1) > 1, 1)"),
    _sampling("start returned", "has the shape", "torch.cat([torch.full((len(noise), 1), network.start), _right(network, noise)], dim=1)"),
    _train("the wrong sign", "Which sign does the loss have", loss="model.log_prob(x).mean()"),
    _train("the usual learning rate", "daring enough", rate=0.001),
    _train("a copy is trained", "no weight has changed", model="copy.deepcopy(model)"),
    _train("nats", "How many bits is a nat", receipt="bits * math.log(2)"),
    _train("padding counted", "padding included", receipt="float(-log_prob.mean() / math.log(2))"),
    _train("padding paid for", "still in the sum", receipt="float(-log_prob.sum() / math.log(2) / ((held_out == 0).cumsum(1) - (held_out == 0).long() == 0).sum())"),
    _train("what it learnt from", "Which names were held out", receipt="bits_per_character(model.log_prob_per_variable(x), x)"),
    _train("one decimal", "Do you round it", receipt="round(bits, 1)"),
]  # fmt: skip
